package admin_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/modelname"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// fakeModels declares models and counts how often changes were put in force.
type fakeModels struct {
	declared []api.Model
	changed  atomic.Int64
}

func (f *fakeModels) Declared() []api.Model { return f.declared }

func (f *fakeModels) Model(id string) (string, bool) {
	return "gateway.yaml", slices.ContainsFunc(f.declared, func(m api.Model) bool { return m.ModelID == id })
}

func (f *fakeModels) Facts(model api.Model) admin.ModelFacts {
	facts := admin.ModelFacts{MaxOutputTokens: 32_768}
	if model.Price != nil {
		facts.Input, facts.Output = model.Price.Input, model.Price.Output
	}
	return facts
}

func (f *fakeModels) Judge(_ context.Context, address string) error {
	if strings.Contains(address, "10.0.0.1") {
		return api.FieldErrorf("base_url", "is not for the API")
	}
	return nil
}

func (f *fakeModels) Changed(context.Context) error { f.changed.Add(1); return nil }

// canaryKey is a provider's credential that must not come out anywhere.
const canaryKey = "sk-provider-canary-8c1f"

// got is the part of an answer that a test looks at.
func (a answer) got(t *testing.T, fields ...string) map[string]any {
	t.Helper()
	var whole map[string]any
	if err := json.Unmarshal([]byte(a.ok().text), &whole); err != nil {
		t.Fatalf("%v in %s", err, a.text)
	}
	part := map[string]any{}
	for _, field := range fields {
		part[field] = whole[field]
	}
	return part
}

func TestModel_inLiteLLMsFormIsTheSameAsInOurs(t *testing.T) {
	fields := []string{"name", "upstream", "base_url", "api_version", "upstream_model", "base_model", "has_api_key", "rpm", "tpm", "weight", "price", "metadata"}
	for name, test := range map[string]struct{ ours, liteLLMs string }{
		"Azure with everything": {
			`{"name":"gpt-4o","upstream":"azure","upstream_model":"my-deployment","base_url":"https://r.openai.azure.com","api_version":"2024-10-21",
			  "api_key":"` + canaryKey + `","rpm":60,"tpm":90000,"weight":3,"base_model":"gpt-4o","metadata":{"tier":"paid"},
			  "price":{"input_per_million_usd":2.5,"output_per_million_usd":10,"cached_input_per_million_usd":1.25}}`,
			`{"model_name":"gpt-4o","litellm_params":{"model":"azure/my-deployment","api_base":"https://r.openai.azure.com","api_version":"2024-10-21",
			  "api_key":"` + canaryKey + `","rpm":60,"tpm":90000,"weight":3,"input_cost_per_token":0.0000025,"output_cost_per_token":1e-05,"cache_read_input_token_cost":1.25e-06},
			  "model_info":{"base_model":"gpt-4o","tier":"paid","db_model":true}}`,
		},
		"OpenAI":             {`{"name":"a","upstream_model":"gpt-4.1"}`, `{"model_name":"a","litellm_params":{"model":"gpt-4.1"}}`},
		"OpenAI, named":      {`{"name":"a","upstream_model":"gpt-4.1"}`, `{"model_name":"a","litellm_params":{"model":"openai/gpt-4.1"}}`},
		"Anthropic by name":  {`{"name":"a","upstream":"anthropic","upstream_model":"claude-x"}`, `{"model_name":"a","litellm_params":{"model":"claude-x"}}`},
		"provider apart":     {`{"name":"a","upstream":"anthropic","upstream_model":"claude-x"}`, `{"model_name":"a","litellm_params":{"model":"claude-x","custom_llm_provider":"anthropic"}}`},
		"a compatible one":   {`{"name":"a","upstream_model":"llama","base_url":"http://vllm:8000/v1"}`, `{"model_name":"a","litellm_params":{"model":"hosted_vllm/llama","api_base":"http://vllm:8000/v1"}}`},
		"a name with slash":  {`{"name":"a","upstream_model":"meta-llama/Llama-3","base_url":"http://vllm:8000/v1"}`, `{"model_name":"a","litellm_params":{"model":"meta-llama/Llama-3","api_base":"http://vllm:8000/v1"}}`},
		"cheap to the digit": {`{"name":"a","upstream_model":"m","price":{"input_per_million_usd":0.0375,"output_per_million_usd":0.15}}`, `{"model_name":"a","litellm_params":{"model":"m","input_cost_per_token":3.75e-08,"output_cost_per_token":0.00000015}}`},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGateway(t)
			ours, liteLLMs := g.post("/model/new", test.ours), g.post("/model/new", test.liteLLMs)
			if diff := cmp.Diff(ours.got(t, fields...), liteLLMs.got(t, fields...)); diff != "" {
				t.Errorf("(-ours +LiteLLM's)\n%s", diff)
			}
			if unknown := liteLLMs.header.Get(api.HeaderUnknownFields); unknown != "" {
				t.Errorf("unknown fields: %s", unknown)
			}
		})
	}
}

func TestModel_answersOursAndLiteLLMs(t *testing.T) {
	g := newGateway(t)
	g.post("/model/new", `{"model_id":"m1","name":"gpt","upstream_model":"gpt-4.1-mini","rpm":7,"price":{"input_per_million_usd":0.4,"output_per_million_usd":1.6}}`).ok()
	var info struct {
		Data []struct {
			ModelID   string         `json:"model_id"`
			ModelName string         `json:"model_name"`
			Params    map[string]any `json:"litellm_params"`
			Info      map[string]any `json:"model_info"`
		}
	}
	for _, path := range []string{"/model/info", "/v1/model/info?litellm_model_id=m1", "/v2/model/info?model_id=m1"} {
		if err := json.Unmarshal([]byte(g.get(path).ok().text), &info); err != nil || len(info.Data) != 1 {
			t.Fatalf("%s: %v, %+v", path, err, info)
		}
	}
	got := info.Data[0]
	if got.ModelID != "m1" || got.ModelName != "gpt" || got.Params["model"] != "openai/gpt-4.1-mini" || got.Params["input_cost_per_token"] != 4e-7 ||
		got.Params["rpm"] != 7.0 || got.Info["id"] != "m1" || got.Info["db_model"] != true || got.Info["output_cost_per_token"] != 1.6e-6 {
		t.Errorf("%+v", got)
	}
	g.get("/model/info?model_id=other").refused(404, "", "Model with id=other not found in db: model not found") // by these words BerriAI's provider knows that it is gone
}

// A credential is taken and never given: not in answers, not in the audit log, not in the gateway's log.
func TestModel_credentialNeverComesOut(t *testing.T) {
	g := newGateway(t)
	g.post("/model/new", `{"model_id":"m1","name":"gpt","api_key":"`+canaryKey+`"}`, api.HeaderIdempotencyKey, "once").ok()
	g.post("/model/new", `{"model_id":"m1","name":"gpt","api_key":"`+canaryKey+`"}`, api.HeaderIdempotencyKey, "once").ok()
	g.post("/model/update", `{"model_id":"m1","weight":2}`).ok()
	g.post("/model/update", `{"model_id":"m1","api_key":"`+canaryKey+"\\n"+`"}`).refused(400, "api_key", "line break")
	for _, path := range []string{"/model/info", "/model/list", "/model_group/info"} {
		g.get(path).ok()
	}
	if got := g.get("/model/list").ok().text; !strings.Contains(got, `"has_api_key":true`) {
		t.Errorf("nothing tells that there is a credential: %s", got)
	}
	g.post("/model/update", `{"model_id":"m1","api_key":null}`).ok()
	if got := g.get("/model/list").ok().text; !strings.Contains(got, `"has_api_key":false`) {
		t.Errorf("the credential was not taken off: %s", got)
	}
	g.post("/model/delete", `{"id":"m1"}`).ok()
	audits, _, err := g.store.Audits(t.Context(), api.AuditFilter{})
	if err != nil || len(audits) != 4 {
		t.Fatalf("%d changes were audited, %v", len(audits), err)
	}
	written, err := json.Marshal(audits)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"the answers": g.said.String(), "the log": g.log.String(), "the audit log": string(written)} {
		if strings.Contains(text, "canary") {
			t.Errorf("the credential stands in %s", name)
		}
	}
}

func TestModel_updateKeepsWhatIsLeftOut(t *testing.T) {
	g := newGateway(t)
	g.post("/model/new", `{"model_id":"m1","name":"gpt","rpm":5,"api_key":"k","price":{"input_per_million_usd":1,"output_per_million_usd":2,"cached_input_per_million_usd":0.5}}`).ok()
	got := g.send("PATCH", "/model/m1/update", `{"litellm_params":{"output_cost_per_token":3e-06}}`).got(t, "price", "rpm", "has_api_key", "revision")
	want := map[string]any{
		"rpm": 5.0, "has_api_key": true, "revision": 2.0,
		"price": map[string]any{"input_per_million_usd": 1.0, "output_per_million_usd": 3.0, "cached_input_per_million_usd": 0.5},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := g.post("/model/update", `{"model_info":{"id":"m1"},"rpm":null,"price":null}`).got(t, "price", "rpm"); got["rpm"] != nil || got["price"] != nil {
		t.Errorf("null did not clear: %v", got)
	}
	g.post("/model/update", `{"model_id":"m1","weight":9}`, api.HeaderIfMatch, `"2"`).refused(412, "", "was changed by")
	if got := g.models.changed.Load(); got != 3 {
		t.Errorf("changes were put in force %d times, want 3: a refused one changes nothing", got)
	}
}

func TestModel_refusals(t *testing.T) {
	g := newGateway(t)
	g.post("/model/new", `{"model_id":"m1","name":"gpt"}`).ok()
	for body, want := range map[string]struct{ param, text string }{
		`{}`:                                {"name", "is required"},
		`{"name":"a","upstream":"smoke"}`:   {"upstream", "known are openai, azure, anthropic"},
		`{"name":"a","base_url":"ftp://x"}`: {"base_url", "is not an http or https address"},
		`{"name":"a","base_url":"http://u:p@x/v1"}`:                                     {"base_url", "use api_key"},
		`{"name":"a","upstream":"azure"}`:                                               {"base_url", "is required for azure"},
		`{"name":"a","upstream":"azure","base_url":"https://r.openai.azure.com"}`:       {"api_version", "is required for azure"},
		`{"name":"a","weight":-1}`:                                                      {"weight", "must be between"},
		`{"name":"a","price":{"input_per_million_usd":1}}`:                              {"price", "needs input_per_million_usd and output_per_million_usd"},
		`{"name":"a","price":{"input_per_million_usd":-1,"output_per_million_usd":1}}`:  {"price.input_per_million_usd", "cannot be negative"},
		`{"model_name":"a","litellm_params":{"model":"bedrock/x"}}`:                     {"litellm_params.model", "bedrock"},
		`{"model_name":"a","litellm_params":{"model":"x","input_cost_per_token":"no"}}`: {"litellm_params.input_cost_per_token", "must be an amount"},
		`{"model_name":"a","litellm_params":[]}`:                                        {"litellm_params", "must be an object"},
		`{"model_id":"m1","name":"a"}`:                                                  {"model_id", "already exists"},
	} {
		g.post("/model/new", body).refused(400, want.param, want.text)
	}
	g.post("/model/update", `{"name":"a"}`).refused(400, "model_id", "is required")
	g.post("/model/update", `{"model_id":"other","name":"a"}`).refused(404, "", "not found")
	g.post("/model/delete", `{"id":"other"}`).refused(404, "", "not found")
	answer := g.post("/model/new", `{"model_name":"a","litellm_params":{"model":"x","drop_params":true},"price":null}`).ok()
	if got := answer.header.Get(api.HeaderUnknownFields); got != "litellm_params.drop_params" {
		t.Errorf("unknown fields: %q", got)
	}
}

func TestModel_declaredOnesAreReadOnlyAndListedFirst(t *testing.T) {
	g := newGateway(t)
	declared := api.NewModel("gpt:1")
	declared.Name, declared.DeclaredIn = "gpt", "gateway.yaml"
	declared.Price = &api.ModelPrice{TokenPrices: api.TokenPrices{Input: new(3 * money.USD), Output: new(6 * money.USD)}}
	declared.RPM = new(int64(100))
	g.models.declared = []api.Model{declared}
	g.post("/model/new", `{"model_id":"m1","name":"gpt","upstream":"anthropic","rpm":20,"price":{"input_per_million_usd":1,"output_per_million_usd":9}}`).ok()
	for _, change := range [][2]string{
		{"/model/new", `{"model_id":"gpt:1","name":"x"}`}, {"/model/update", `{"model_id":"gpt:1","name":"x"}`}, {"/model/delete", `{"id":"gpt:1"}`},
	} {
		g.post(change[0], change[1]).refused(409, "", "is declared in gateway.yaml")
	}
	var list struct {
		Models []struct {
			ModelID    string `json:"model_id"`
			DeclaredIn string `json:"declared_in"`
		}
	}
	if err := json.Unmarshal([]byte(g.get("/model/list?name=gpt").ok().text), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Models) != 2 || list.Models[0].ModelID != "gpt:1" || list.Models[0].DeclaredIn != "gateway.yaml" || list.Models[1].ModelID != "m1" {
		t.Errorf("%+v", list.Models)
	}
	group, _ := g.get("/model_group/info").got(t, "data")["data"].([]any)
	want := []any{map[string]any{
		"model_group": "gpt", "providers": []any{"openai", "anthropic"}, "deployments": 2.0, "rpm": 120.0, "tpm": nil,
		"max_input_tokens": nil, "max_output_tokens": 32768.0, "input_cost_per_token": 3e-6, "output_cost_per_token": 9e-6,
	}}
	if diff := cmp.Diff(want, group); diff != "" {
		t.Error(diff)
	}
}

func TestModel_keepsEveryKindOfPrice(t *testing.T) {
	g := newGateway(t)
	const price = `{"from":"provider","max_factor":2.5,"tiers":[{"above_prompt_tokens":7,"input_per_million_usd":1,"output_per_million_usd":2}],` +
		`"flex":{"input_per_million_usd":1,"output_per_million_usd":2},"priority":{"input_per_million_usd":3,"output_per_million_usd":4},` +
		`"batch":{"input_per_million_usd":5,"output_per_million_usd":6},"request_usd":7,"images":[{"size":"a","usd":8}],` +
		`"search":{"low_usd":1,"medium_usd":2,"high_usd":3}}`
	g.post("/model/new", `{"model_id":"m1","name":"gpt","price":`+price+`}`).ok()
	var list struct {
		Models []api.Model `json:"models"`
	}
	var want api.ModelPrice
	if err := errors.Join(json.Unmarshal([]byte(g.get("/model/list").ok().text), &list), json.Unmarshal([]byte(price), &want)); err != nil {
		t.Fatal(err)
	}
	if len(list.Models) != 1 || !reflect.DeepEqual(list.Models[0].Price, &want) {
		t.Errorf("the price came back as %+v", list.Models)
	}
}

func (f *fakeModels) Names(name string) *modelname.Names { return &modelname.Names{Name: name} }

// A credential goes where it was given for: another host needs it again.
func TestModelUpdate_anotherHostNeedsTheCredentialAgain(t *testing.T) {
	g := newGateway(t)
	g.post("/model/new", `{"model_id":"m","name":"m","base_url":"https://api.example/v1","api_key":"sk-theirs-0123456789"}`).ok()
	for _, change := range []string{
		`"base_url":"https://evil.example/v1"`, `"base_url":"http://api.example/v1"`, `"base_url":"https://api.example:8443/v1"`,
		`"base_url":"https://api.example.evil.example/v1"`, `"base_url":null`, `"litellm_params":{"api_base":"https://evil.example/v1"}`,
	} {
		g.post("/model/update", `{"model_id":"m",`+change+`}`).refused(400, "api_key", "is needed again")
		g.send("PATCH", "/model/m/update", `{`+change+`}`).refused(400, "api_key", "is needed again")
	}
	g.get("/model/info?model_id=m").ok().has("data", g.get("/model/info?model_id=m").ok().at("data"))
	for _, change := range []string{
		`"base_url":"https://API.example:443/v2"`, `"weight":2`, `"base_url":"https://other.example/v1","api_key":"sk-other-0123456789"`,
		`"base_url":"https://third.example/v1","api_key":null`, `"base_url":"https://fourth.example/v1"`,
	} {
		g.post("/model/update", `{"model_id":"m",`+change+`}`).ok()
	}
	g.post("/model/update", `{"model_id":"m","base_url":"http://10.0.0.1/v1"}`).refused(400, "base_url", "is not for the API")
	g.post("/model/new", `{"name":"n","base_url":"http://10.0.0.1/v1"}`).refused(400, "base_url", "is not for the API")
}
