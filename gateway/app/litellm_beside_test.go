package app_test

import (
	"database/sql"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// fromTheGuide is a file that the guide shows, with addresses of this test.
func fromTheGuide(t *testing.T, name string, addresses ...string) string {
	t.Helper()
	guide, err := os.ReadFile("../../templates/guides/moving-from-litellm.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```yaml\n# " + regexp.QuoteMeta(name) + "\n(.*?)```").FindSubmatch(guide)
	if found == nil {
		t.Fatalf("the guide shows no %s", name)
	}
	return strings.NewReplacer(addresses...).Replace(string(found[1]))
}

// modelsOf are the models of a gateway.yaml.
func modelsOf(t *testing.T, text string, environment map[string]string) []config.Model {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gateway.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, err := config.Load(path, func(name string) string {
		if name == "BURSAR_ADMIN_KEY" {
			return adminKey
		}
		return environment[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	return loaded.Models
}

const liteLLMWithBedrock = `
model_list:
  - model_name: gpt-4.1
    litellm_params: {model: openai/gpt-4.1, api_base: os.environ/PROVIDER, api_key: sk-of-the-provider}
  - model_name: bedrock/titan
    litellm_params: {model: openai/titan, api_base: os.environ/PROVIDER, api_key: sk-of-the-provider}
general_settings: {master_key: sk-master-of-litellm}
`

// behind is a gateway in front of a LiteLLM proxy, as the guide says.
func behind(t *testing.T, litellmKey string) (*gateway, *testenv.LiteLLM, *testenv.Upstream) {
	t.Helper()
	provider := testenv.StartUpstream(t, testenv.UpstreamOptions{APIKey: "sk-of-the-provider", Models: []string{"gpt-4.1", "titan"}})
	database := testenv.Postgres(t)
	db, err := sql.Open("pgx", database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	schema, err := os.ReadFile("../litellm/testdata/schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), string(schema)+`INSERT INTO "LiteLLM_VerificationToken" (token, key_alias, max_budget, spend) VALUES
		(encode(sha256('sk-gateway-at-litellm'), 'hex'), 'gateway', NULL, 0), (encode(sha256('sk-spent-at-litellm'), 'hex'), 'spent', 1, 1.5)`); err != nil {
		t.Fatal(err)
	}
	proxy := testenv.StartLiteLLM(t, testenv.LiteLLMOptions{Config: liteLLMWithBedrock, Environment: map[string]string{"PROVIDER": provider.URL()}, Database: database})
	c := settings(t, provider)
	c.Models = modelsOf(t, fromTheGuide(t, "gateway.yaml", "https://litellm.example.com", proxy.URL()), map[string]string{"LITELLM_KEY": litellmKey})
	return start(t, c), proxy, provider
}

func ask(model, more string) string {
	return `{"model":"` + model + `"` + more + `,"max_tokens":50,"messages":[{"role":"user","content":"fake: prompt_tokens=1000 completion_tokens=50"}]}`
}

// LiteLLM behind the gateway serves the models that the guide names, plain and streamed, and the gateway counts and limits.
func TestLiteLLMBehindTheGateway(t *testing.T) {
	g, proxy, _ := behind(t, "sk-gateway-at-litellm")
	key := g.newKey(`{"max_budget":0.02}`)
	for body, cost := range map[string]string{
		ask("gpt-4.1", ""): "0.0024", ask("bedrock/titan", ""): "0.00375", ask("gpt-4.1", `,"stream":true`): "", ask("gpt-4.1", `,"stream":true,"stream_options":{"include_usage":true}`): "",
	} {
		status, header, text := g.do("POST", "/v1/chat/completions", key, body)
		if status != http.StatusOK || header.Get("x-bursar-cost-usd") != cost || header.Get("x-litellm-response-cost") != cost {
			t.Errorf("%s: %d, cost %s: %s", body, status, header.Get("x-bursar-cost-usd"), text)
		}
		if header.Get("x-litellm-version") != "" || strings.Contains(header.Get("x-litellm-model-id"), "model-of-") {
			t.Errorf("headers of LiteLLM's reach the client: %v", header)
		}
		if strings.Contains(body, "stream") && (!strings.HasSuffix(strings.TrimSpace(text), "data: [DONE]") || strings.Contains(text, `"usage"`) != strings.Contains(body, "include_usage")) {
			t.Errorf("%s: the stream is %s", body, text)
		}
	}
	if spend := g.admin("GET", "/key/info?key="+key, "")["info"].(map[string]any)["spend"]; spend != 0.01095 {
		t.Errorf("the key has spent %v", spend)
	}
	calls := proxy.Calls()
	status, header, text := g.do("POST", "/v1/chat/completions", key, strings.Replace(ask("gpt-4.1", ""), "prompt_tokens=1000", strings.Repeat("a ", 10_000), 1))
	if status == http.StatusOK || header.Get("x-bursar-denied-by") != "key.budget" || proxy.Calls() != calls {
		t.Errorf("past its budget a key is answered %d, and LiteLLM called %d times: %s", status, proxy.Calls()-calls, text)
	}
}

// What LiteLLM refuses of the client's request reaches the client; what it refuses of the gateway's key does not.
func TestLiteLLMBehindTheGateway_refuses(t *testing.T) {
	g, _, _ := behind(t, "sk-gateway-at-litellm")
	key := g.newKey(`{}`)
	if status, _, text := g.do("POST", "/v1/chat/completions", key, ask("bedrock/unknown", "")); status != http.StatusBadRequest || !strings.Contains(text, "Invalid model name passed in model=bedrock/unknown") {
		t.Errorf("a model that LiteLLM does not have is answered %d %s", status, text)
	}
	if status, _, text := g.do("POST", "/v1/chat/completions", key, strings.Replace(ask("gpt-4.1", ""), "fake:", "fake: fail=503", 1)); status != http.StatusServiceUnavailable || strings.Contains(text, "litellm.") {
		t.Errorf("a provider's failure is answered %d %s", status, text)
	}
	for _, wrong := range []string{"sk-spent-at-litellm", "sk-unknown-at-litellm"} {
		g, proxy, _ := behind(t, wrong)
		key := g.newKey(`{}`)
		status, _, text := g.do("POST", "/v1/chat/completions", key, ask("gpt-4.1", ""))
		if status != http.StatusBadGateway || !strings.Contains(text, "gateway's") || strings.Contains(text, "Current cost") || strings.Contains(text, "Hash") || proxy.Calls() > 0 {
			t.Errorf("with %s a call is answered %d %s", wrong, status, text)
		}
	}
}

// The gateway behind LiteLLM serves what LiteLLM's OpenAI client asks for, and is not asked again where that is no use.
func TestGatewayBehindLiteLLM(t *testing.T) {
	provider := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	c := settings(t, provider)
	c.Models[0].Name = "gpt-4.1"
	g := start(t, c)
	key := g.newKey(`{"max_budget":10}`)
	proxy := testenv.StartLiteLLM(t, testenv.LiteLLMOptions{
		Config:      fromTheGuide(t, "config.yaml", "https://bursar.example.com", g.URL()),
		Environment: map[string]string{"BURSAR_KEY": key, "LITELLM_MASTER_KEY": "sk-master-of-litellm"},
	})
	for _, more := range []string{"", `,"stream":true`, `,"stream":true,"stream_options":{"include_usage":true}`, `,"metadata":{"trace":1}`, `,"num_retries":3`} {
		status, header, text := post(t, proxy.URL()+"/chat/completions", "sk-master-of-litellm", strings.Replace(ask("gpt-4.1", more), "prompt_tokens=1000", "prompt_tokens=50", 1))
		if status != http.StatusOK || header.Get("x-litellm-version") == "" || !strings.Contains(text, `"gpt-4.1"`) {
			t.Errorf("%s: %d %s", more, status, text)
		}
		if header.Get("llm_provider-x-bursar-model") != "gpt-4.1" {
			t.Errorf("%s: LiteLLM is not told the model: %v", more, header)
		}
	}
	if spend := g.admin("GET", "/key/info?key="+key, "")["info"].(map[string]any)["spend"]; spend != 5.0 {
		t.Errorf("five calls of a dollar have cost %v", spend)
	}
	g.admin("POST", "/key/update", `{"key":"`+key+`","max_budget":5}`)
	calls := len(provider.Requests())
	status, header, text := post(t, proxy.URL()+"/v1/chat/completions", "sk-master-of-litellm", ask("gpt-4.1", ""))
	if status != http.StatusForbidden || !strings.Contains(text, "litellm.PermissionDeniedError") || header.Get("llm_provider-x-bursar-denied-by") != "key.budget" {
		t.Errorf("a spent budget is answered %d %v %s", status, header, text)
	}
	_, _, metrics := g.do("GET", "/metrics", adminKey, "")
	if refused := forbidden.FindStringSubmatch(metrics); len(refused) < 2 || refused[1] != "1" || len(provider.Requests()) != calls {
		t.Errorf("LiteLLM's client asked for what is spent more than once: %v", refused)
	}
}

var forbidden = regexp.MustCompile(`bursar_requests_total\{[^}]*status="403"[^}]*\} (\d+)`)

func post(t *testing.T, address, key, body string) (int, http.Header, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(text)
}
