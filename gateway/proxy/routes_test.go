package proxy_test

import (
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// send makes a request of any kind with the bench's key.
func (b *bench) send(method, path, body string, header http.Header) answer {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), method, b.gateway.URL+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+b.secret)
	maps.Copy(request.Header, header)
	response, err := b.gateway.Client().Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(data)}
}

// settled is the one row that a route must have written.
func (b *bench) settled() api.LedgerRow {
	b.t.Helper()
	rows := b.ledger()
	if len(rows) != 1 {
		b.t.Fatalf("ledger: %+v", rows)
	}
	return rows[0]
}

// route is one way to call a model, with a body that makes the fake upstream obey.
type route struct {
	path string
	// body has INSTRUCTIONS where the fake upstream looks for them.
	body string
	// streams: the route can stream, and its stream ends with end.
	streams bool
	end     string
	// prompt and completion are what the row must say after prompt_tokens=20 completion_tokens=5.
	prompt, completion int64
}

var routes = map[string]route{
	"chat": {
		path: "/v1/chat/completions", body: `{"model":"m","messages":[{"role":"user","content":"fake: INSTRUCTIONS"}]}`,
		streams: true, end: "data: [DONE]\n\n", prompt: 20, completion: 5,
	},
	"chat at Anthropic": {
		path: "/v1/chat/completions", body: `{"model":"claude","messages":[{"role":"user","content":"fake: INSTRUCTIONS"}]}`,
		streams: true, end: "data: [DONE]\n\n", prompt: 20, completion: 5,
	},
	"completions": {
		path: "/v1/completions", body: `{"model":"m","prompt":"fake: INSTRUCTIONS"}`,
		streams: true, end: "data: [DONE]\n\n", prompt: 20, completion: 5,
	},
	"responses": {
		path: "/v1/responses", body: `{"model":"m","input":"fake: INSTRUCTIONS"}`,
		streams: true, end: "event: response.completed\n", prompt: 20, completion: 5,
	},
	"messages": {
		path: "/v1/messages", body: `{"model":"claude","max_tokens":100,"messages":[{"role":"user","content":"fake: INSTRUCTIONS"}]}`,
		streams: true, end: "event: message_stop\n", prompt: 20, completion: 5,
	},
	"embeddings": {path: "/v1/embeddings", body: `{"model":"m","input":"fake: INSTRUCTIONS"}`, prompt: 20},
}

func (r route) say(instructions string, more ...string) string {
	body := strings.Replace(r.body, "INSTRUCTIONS", instructions, 1)
	return strings.TrimSuffix(body, "}") + strings.Join(more, "") + "}"
}

func TestRoutes_settleWhatWasUsed(t *testing.T) {
	for name, route := range routes {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			got := b.send("POST", route.path, route.say("prompt_tokens=20 completion_tokens=5"), nil)
			if got.status != http.StatusOK {
				t.Fatalf("%d %s", got.status, got.body)
			}
			row := b.settled()
			if row.Kind != api.LedgerSettle || row.PromptTokens != route.prompt || row.CompletionTokens != route.completion {
				t.Errorf("row: %+v", row)
			}
			if want := (row.PromptTokens + row.CompletionTokens) * int64(perToken); int64(row.Cost) != want {
				t.Errorf("cost %s", row.Cost)
			}
			if !strings.Contains(string(b.upstream.Requests()[0].Body), `"model":"real-`) {
				t.Errorf("forwarded: %s", b.upstream.Requests()[0].Body)
			}
			if state := b.spent(); state.Reserved != 0 || state.Settled != row.Cost {
				t.Errorf("budget: %+v", state)
			}
		})
	}
}

func TestRoutes_streamAndSettleBeforeTheEnd(t *testing.T) {
	for name, route := range routes {
		if !route.streams {
			continue
		}
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			got := b.send("POST", route.path, route.say("prompt_tokens=20 completion_tokens=5", `,"stream":true`), nil)
			if got.status != http.StatusOK || !strings.Contains(got.body, route.end) || strings.Count(strings.Split(got.body, route.end)[0], `" the"`) != 5 {
				t.Fatalf("%d %q", got.status, got.body)
			}
			if row := b.settled(); row.PromptTokens != route.prompt || row.CompletionTokens != route.completion {
				t.Errorf("row: %+v", row)
			}
		})
	}
}

func TestRoutes_streamIsWithheldItsEndWhenTheRecordIsDown(t *testing.T) {
	for name, route := range routes {
		if !route.streams {
			continue
		}
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			b.setDown(true)
			got := b.send("POST", route.path, route.say("completion_tokens=5", `,"stream":true`), nil)
			if strings.Contains(got.body, route.end) || !strings.Contains(got.body, "could not be recorded") {
				t.Errorf("%q", got.body)
			}
		})
	}
}

func TestRoutes_brokenStreamsEndWithAnErrorAndAreCharged(t *testing.T) {
	for name, route := range routes {
		if !route.streams {
			continue
		}
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			got := b.send("POST", route.path, route.say("completion_tokens=12 break_after=4", `,"stream":true`), nil)
			if strings.Contains(got.body, route.end) || !strings.Contains(got.body, "broke off its answer") {
				t.Errorf("%q", got.body)
			}
			if row := b.settled(); row.CompletionTokens < 2 || row.CompletionTokens > 5 || row.PromptTokens == 0 {
				t.Errorf("row: %+v", row)
			}
		})
	}
}

func TestRoutes_areRefusedBeforeTheyCost(t *testing.T) {
	for name, route := range routes {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, func(b *bench) { b.team.RPMLimit = new(int64(0)) })
			if got := b.send("POST", route.path, route.say(""), nil); got.status != http.StatusTooManyRequests || got.header.Get("x-bursar-denied-by") != "team.requests" {
				t.Errorf("%d %s", got.status, got.body)
			}
			if got := b.send("POST", route.path, strings.NewReplacer(`"m"`, `"nope"`, `"claude"`, `"nope"`).Replace(route.say("")), nil); got.status != http.StatusNotFound {
				t.Errorf("%d %s", got.status, got.body)
			}
			if n := len(b.upstream.Requests()); n != 0 {
				t.Errorf("%d requests were forwarded", n)
			}
		})
	}
}

func TestRoutes_upstreamErrorsVoid(t *testing.T) {
	for name, route := range routes {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			got := b.send("POST", route.path, route.say("fail=500"), nil)
			if got.status != http.StatusBadGateway || !strings.Contains(got.body, "provider failed (500)") {
				t.Errorf("%d %s", got.status, got.body)
			}
			if row := b.settled(); row.Kind != api.LedgerVoid || row.Cost != 0 {
				t.Errorf("row: %+v", row)
			}
		})
	}
}

func TestRoutes_areServedUnderTheirOtherNames(t *testing.T) {
	b := newBench(t, nil)
	for _, path := range []string{
		"/chat/completions", "/openai/v1/chat/completions", "/engines/m/chat/completions",
		"/openai/deployments/m/chat/completions?api-version=2024-10-21",
	} {
		if got := b.send("POST", path, routes["chat"].say(""), http.Header{"Authorization": nil, "Api-Key": {b.secret}}); got.status != http.StatusOK {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	noModel := `{"messages":[{"role":"user","content":"hi"}]}`
	if got := b.send("POST", "/openai/deployments/m/chat/completions", noModel, nil); got.status != http.StatusOK {
		t.Errorf("without a model in the body: %d %s", got.status, got.body)
	}
	other := `{"model":"m","messages":[{"role":"user","content":"hi"}]}`
	if got := b.send("POST", "/openai/deployments/nope/chat/completions", other, nil); got.status != http.StatusNotFound {
		t.Errorf("the path's model does not count: %d %s", got.status, got.body)
	}
}

func TestCompletions_choicesCountForEveryPrompt(t *testing.T) {
	b := newBench(t, func(b *bench) { b.team.TPMLimit = new(int64(1000)) })
	got := b.send("POST", "/v1/completions", `{"model":"m","prompt":["a","b","c"],"n":2,"best_of":4,"max_tokens":100}`, nil)
	if got.status != http.StatusBadRequest || !strings.Contains(got.body, "may use 13") {
		t.Errorf("3 prompts of 4 choices of 100 tokens fit into 1000: %d %s", got.status, got.body)
	}
	if got := b.send("POST", "/v1/completions", `{"model":"m","prompt":[1,2,3]}`, nil); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if body := string(b.upstream.Requests()[0].Body); !strings.Contains(body, `"max_tokens":16`) {
		t.Errorf("the documented default cap is not sent: %s", body)
	}
}

func TestModerations_areFreeWithoutUsage(t *testing.T) {
	b := newBench(t, nil)
	got := b.send("POST", "/v1/moderations", `{"model":"m","input":"hi"}`, nil)
	if got.status != http.StatusOK || !strings.Contains(got.body, `"flagged":false`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	if row := b.settled(); row.Kind != api.LedgerSettle {
		t.Errorf("row: %+v", row)
	}
	if got := b.send("POST", "/v1/moderations", `{"input":"hi"}`, nil); got.status != http.StatusNotFound || !strings.Contains(got.body, "omni-moderation-latest") {
		t.Errorf("the documented default model: %d %s", got.status, got.body)
	}
}

func TestModels_oneIsShownToThoseWhoMayUseIt(t *testing.T) {
	b := newBench(t, func(b *bench) { b.key.Models = api.StringList{"m"} })
	if got := b.send("GET", "/v1/models/m", "", nil); got.status != http.StatusOK || !strings.Contains(got.body, `"id":"m"`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	for _, name := range []string{"failing-over", "nope"} {
		if got := b.send("GET", "/v1/models/"+name, "", nil); got.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
}
