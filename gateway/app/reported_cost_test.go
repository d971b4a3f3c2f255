package app_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

func statedPrice(t *testing.T, text string) *api.ModelPrice {
	t.Helper()
	price := &api.ModelPrice{}
	if err := json.Unmarshal([]byte(text), price); err != nil {
		t.Fatal(err)
	}
	return price
}

// A provider that says what a call cost is believed where the price says so, up to a multiple of the list price,
// in every dialect, plain and streamed.
func TestGateway_believesAProviderAboutCosts(t *testing.T) {
	provider := startScriptedProvider(t)
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	// 1,000 tokens of prompt and 100 of answer cost 0.0012 by the list.
	const list = `"input_per_million_usd":1,"output_per_million_usd":2`
	for price, reports := range map[string]map[string]string{
		`{` + list + `}`: {`{"cost":0.0007}`: "0.0012"},
		`{"from":"provider","max_factor":3,` + list + `}`: {
			`{}`:                             "0.0012",
			`{"cost":null}`:                  "0.0012",
			`{"cost":0.0007}`:                "0.0007",
			`{"cost":"0.0007"}`:              "0.0007",
			`{"cost":7e-7}`:                  "0.0000007",
			`{"cost":1e-30}`:                 "0.000000001",
			`{"cost":0.0036}`:                "0.0036",
			`{"cost":0.0037}`:                "0.0036", // no more than three times the list
			`{"cost":1e30}`:                  "0.0012", // makes no sense
			`{"cost":0}`:                     "0.0012", // nobody works for nothing: it is not known
			`{"cost":-1}`:                    "0.0012",
			`{"cost":[0.0007]}`:              "0.0012",
			`{"cost_in_usd_ticks":12000000}`: "0.0012",
			`{"cost_in_usd_ticks":7000001}`:  "0.000700001", // a part of a nano-dollar is one
			`{"cost":{"currency":"USD","total_cost":0.0008}}`:                                         "0.0008",
			`{"cost":{"currency":"EUR","total_cost":0.0008}}`:                                         "0.0012",
			`{"cost":0.0001,"is_byok":true,"cost_details":{"upstream_inference_cost":0.002}}`:         "0.0021",
			`{"cost":0.0007,"is_byok":false,"cost_details":{"upstream_inference_cost":0.0007}}`:       "0.0007",
			`{"cost":0,"is_byok":true,"cost_details":{"upstream_inference_cost":0.0009}}`:             "0.0009",
			`{"cost":0.0007,"cost_details":{"upstream_inference_cost":null,"something_else":[1,{}]}}`: "0.0007",
		},
		`{"from":"provider",` + list + `}`: {`{"cost":0.0018}`: "0.0018", `{"cost":0.002}`: "0.0018"},
	} {
		c.Models = provider.spokenTo(statedPrice(t, price))
		g := start(t, c)
		key := g.newKey(`{}`)
		for report, want := range reports {
			for name, said := range tongues {
				tell(t, provider, said, report)
				for _, stream := range []bool{false, true} {
					if got := g.costOf(t, key, said, stream); got != want {
						t.Errorf("%s, %s, streamed %v: %s costs %s USD, want %s", price, name, stream, report, got, want)
					}
				}
			}
		}
		if beyond := strings.Contains(g.log.String(), "above what the list price allows"); beyond != strings.Contains(price, "provider") {
			t.Errorf("%s: the log tells of a report beyond the list price: %v", price, beyond)
		}
		g.stop()
		c.DataDir = t.TempDir()
		c.DatabaseURL = "sqlite:" + c.DataDir + "/bursar.db"
	}
}

// tell has the provider answer with 1,000 tokens of prompt and 100 of answer, and a report of their cost.
func tell(t *testing.T, provider *scriptedProvider, said tongue, report string) {
	t.Helper()
	usage := object{"prompt_tokens": 1_000, "completion_tokens": 100, "total_tokens": 1_100}
	if said.provider == "anthropic" || said.path == "/v1/responses" {
		usage = object{"input_tokens": 1_000, "output_tokens": 100}
	}
	first := maps.Clone(usage)
	if err := json.Unmarshal([]byte(report), &usage); err != nil {
		t.Fatal(err)
	}
	provider.says(said.answer(maps.Clone(usage), "standard"), sse(said.stream(first, usage, "standard")))
}

// What is reserved covers what the provider may say: a hard cap holds, and a call that cannot fit is refused.
func TestGateway_reservesForAProviderThatIsBelieved(t *testing.T) {
	provider := startScriptedProvider(t)
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	c.Models = provider.spokenTo(statedPrice(t, `{"from":"provider","max_factor":10,"input_per_million_usd":1,"output_per_million_usd":10}`))
	g := start(t, c)
	tell(t, provider, tongues["chat"], `{"cost":1}`)
	// 100,000 tokens of an answer cost a dollar by the list, and the provider may say ten.
	for budget, want := range map[string]int{"9": http.StatusForbidden, "11": http.StatusOK} {
		key := g.newKey(`{"max_budget":` + budget + `}`)
		status, _, text := g.do("POST", "/v1/chat/completions", key, `{"model":"openai","max_tokens":100000,"messages":[{"role":"user","content":"Hello"}]}`)
		if status != want {
			t.Errorf("with %s USD: %d, want %d: %s", budget, status, want, text)
		}
	}
}

// Without prices of its own, a model's list price is the catalogue's.
func TestGateway_boundsWhatAProviderSaysByTheCatalogue(t *testing.T) {
	provider := startScriptedProvider(t)
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	c.Models = provider.spokenTo(statedPrice(t, `{"from":"provider"}`))
	c.Models[0].UpstreamModel = "anthropic/claude-sonnet-4-6" // 3 and 15 dollars a million
	g := start(t, c)
	key := g.newKey(`{}`)
	for report, want := range map[string]string{`{"cost":0.004}`: "0.004", `{"cost":1}`: "0.00675", `{}`: "0.0045"} {
		tell(t, provider, tongues["chat"], report)
		if got := g.costOf(t, key, tongues["chat"], false); got != want {
			t.Errorf("%s costs %s USD, want %s", report, got, want)
		}
	}
	if status, _, text := g.do("POST", "/v1/messages", key, `{"model":"anthropic","max_tokens":10,"messages":[{"role":"user","content":"Hello"}]}`); status != http.StatusForbidden || !strings.Contains(text, "has no known price") {
		t.Errorf("a model that the catalogue does not have: %d %s", status, text)
	}
}
