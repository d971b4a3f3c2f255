package proxy_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/deployment"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// plays is a provider that answers every request with these events; "hang" among them waits for the client to leave.
func plays(t *testing.T, events ...string) *player {
	t.Helper()
	p := &player{played: make(chan struct{}, 100)}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Retry-After", "7")
		for _, event := range events {
			if event == "hang" {
				p.played <- struct{}{}
				<-r.Context().Done()
				return
			}
			_, _ = w.Write([]byte(event))
			_ = http.NewResponseController(w).Flush()
		}
	}))
	t.Cleanup(p.Close)
	return p
}

type player struct {
	*httptest.Server
	// played tells of each request that hangs.
	played chan struct{}
}

func data(text string) string { return "data: " + text + "\n\n" }

// named is an event of a wire that names its events by their type.
func named(text string) string {
	var event struct{ Type string }
	_ = json.Unmarshal([]byte(text), &event)
	return "event: " + event.Type + "\n" + data(text)
}

// spoken is a way to ask for a stream, with what a provider says before its answer, in its answer, and when it fails.
type spoken struct {
	path, body string
	// provider is the deployments' dialect.
	provider string
	openings []string
	content  string
	failures map[string]int
}

var (
	anthropicOpenings = []string{
		named(`{"type":"message_start","message":{"id":"m","role":"assistant","content":[],"model":"x","usage":{"input_tokens":5,"output_tokens":1}}}`),
		named(`{"type":"ping"}`),
		named(`{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}`),
		named(`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`),
	}
	anthropicContent  = named(`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"FIRST"}}`)
	anthropicFailures = map[string]int{
		named(`{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`):                 529,
		named(`{"type":"error","error":{"type":"api_error","message":"Internal server error"}}`):             502,
		named(`{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}`):                  429,
		named(`{"type":"error","error":{"type":"timeout_error","message":"took too long"}}`):                 504,
		named(`{"type":"error","error":{"type":"something_new","message":"nobody knows"}}`):                  502,
		named(`{"type":"error","error":{"type":"authentication_error","message":"the operator's own key"}}`): 502,
	}
	chatOpenings = []string{
		": OPENROUTER PROCESSING\n\n",
		data(`{"id":"","choices":[],"prompt_filter_results":[{"prompt_index":0}]}`),
		data(`{"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null,"tool_calls":[]},"finish_reason":null}],"usage":null}`),
		data(`{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":null}]}`),
	}
	chatFailures = map[string]int{
		data(`{"error":{"message":"The server had an error","type":"server_error","param":null,"code":null}}`): 502,
		data(`{"error":{"message":"Provider returned error","code":503}}`):                                     503,
		data(`{"error":{"message":"Provider is overloaded","code":"529"}}`):                                    529,
		data(`{"error":{"message":"slow","type":"requests","code":"rate_limit_exceeded"}}`):                    429,
		data(`{"error":"model runner has stopped"}`):                                                           502,
		data(`{"object":"error","message":"engine died","code":500}`):                                          502,
	}
)

const sayHi = `"messages":[{"role":"user","content":"hi"}],"max_tokens":50,"stream":true}`

var allSpoken = map[string]spoken{
	"chat": {
		path: "/v1/chat/completions", body: `{"model":"spread",` + sayHi, provider: "openai", openings: chatOpenings,
		content: data(`{"id":"c","choices":[{"index":0,"delta":{"content":"FIRST"},"finish_reason":null}]}`), failures: chatFailures,
	},
	"completions": {
		path: "/v1/completions", body: `{"model":"spread","prompt":"hi","max_tokens":50,"stream":true}`, provider: "openai",
		openings: []string{": wait\n\n", data(`{"id":"c","choices":[{"index":0,"text":"","finish_reason":null}]}`)},
		content:  data(`{"id":"c","choices":[{"index":0,"text":"FIRST","finish_reason":null}]}`), failures: chatFailures,
	},
	"responses": {
		path: "/v1/responses", body: `{"model":"spread","input":"hi","max_output_tokens":50,"stream":true}`, provider: "openai",
		openings: []string{
			named(`{"type":"response.created","response":{"id":"r","status":"in_progress","output":[]}}`),
			named(`{"type":"response.in_progress","response":{"id":"r","status":"in_progress"}}`),
			named(`{"type":"response.output_item.added","output_index":0,"item":{"type":"message","id":"i","content":[]}}`),
			named(`{"type":"response.content_part.added","part":{"type":"output_text","text":""}}`),
		},
		content: named(`{"type":"response.output_text.delta","delta":"FIRST"}`),
		failures: map[string]int{
			named(`{"type":"response.failed","response":{"id":"r","status":"failed","error":{"code":"server_error","message":"sorry"},"usage":null}}`):     502,
			named(`{"type":"response.failed","response":{"id":"r","status":"failed","error":{"code":"rate_limit_exceeded","message":"slow"}}}`):            429,
			named(`{"type":"error","code":"server_error","message":"sorry","param":null}`):                                                                 502,
			named(`{"type":"error","error":{"type":"service_unavailable","code":"service_unavailable","message":"Our servers are currently overloaded"}}`): 503,
		},
	},
	"messages": {
		path: "/v1/messages", body: `{"model":"spread",` + sayHi, provider: "anthropic", openings: anthropicOpenings,
		content: anthropicContent, failures: anthropicFailures,
	},
	"chat to Anthropic": {
		path: "/v1/chat/completions", body: `{"model":"spread",` + sayHi, provider: "anthropic", openings: anthropicOpenings,
		content: anthropicContent, failures: anthropicFailures,
	},
}

// spread serves the model "spread" from a provider, and from the bench's own fake when that may not be asked.
func (s spoken) spread(t *testing.T, first string, second bool, hold time.Duration) *bench {
	return newBench(t, func(b *bench) {
		b.hold, b.routing = hold, deployment.Routing{AllowedFails: new(1000)}
		for i, address := range []string{first, b.upstream.URL()}[:1+count(second)] {
			d := b.deployment("spread", address)
			d.ID, d.Weight, d.Provider = string(rune('a'+i)), int64(1-i), s.provider
			b.more = append(b.more, d)
		}
	})
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func (s spoken) ask(b *bench) answer { return b.send(http.MethodPost, s.path, s.body, nil) }

// Whatever a provider's stream says before its answer: when it then says that it fails, it has not answered. The next
// deployment is asked, the client sees that one's answer alone, and pays for it alone.
func TestOpening_aFailureBeforeTheAnswerIsAPlainFailure(t *testing.T) {
	for name, spoken := range allSpoken {
		for failure, status := range spoken.failures {
			for opened := range len(spoken.openings) + 1 {
				t.Run(fmt.Sprintf("%s/%d after %d/%.60s", name, status, opened, failure), func(t *testing.T) {
					events := append(append([]string{}, spoken.openings[:opened]...), failure)
					b := spoken.spread(t, plays(t, events...).URL, true, 0)
					got := spoken.ask(b)
					if got.status != http.StatusOK || !strings.Contains(got.body, " the") || strings.Contains(strings.ReplaceAll(got.body, `"error":null`, ""), "error") {
						t.Fatalf("%d %s", got.status, got.body)
					}
					if id := got.header.Get("X-Bursar-Deployment"); id != "b" {
						t.Errorf("the answer is from %q", id)
					}
					if rows := b.ledger(); len(rows) != 1 || rows[0].Kind != api.LedgerSettle || b.spent().Settled != rows[0].Cost || b.spent().Reserved != 0 {
						t.Errorf("ledger: %+v, spent %+v", rows, b.spent())
					}
					if a := b.state("a"); a.Requests != 1 || a.Failures != 1 {
						t.Errorf("counted %+v", a)
					}
				})
			}
			t.Run(fmt.Sprintf("%s/%d alone/%.60s", name, status, failure), func(t *testing.T) {
				b := spoken.spread(t, plays(t, append(spoken.openings[:2:2], failure)...).URL, false, 0)
				got := spoken.ask(b)
				if got.status != status || !strings.HasPrefix(got.header.Get("Content-Type"), "application/json") {
					t.Errorf("%d %s, want %d", got.status, got.body, status)
				}
				if strings.Contains(got.body, "operator's own") {
					t.Errorf("what is for the operator alone: %s", got.body)
				}
				if wait := got.header.Get("Retry-After"); (status == 429 || status == 529) && wait != "7" {
					t.Errorf("Retry-After is %q, the provider's is 7", wait)
				}
				if spent := b.spent(); spent.Settled != 0 || spent.Reserved != 0 {
					t.Errorf("nothing was answered, and %+v is spent", spent)
				}
			})
		}
	}
}

// What is wrong with the request itself is told as a plain refusal is, with the provider's own code, and nobody else is asked.
func TestOpening_theClientsFaultIsToldWithItsCode(t *testing.T) {
	for name, failure := range map[string]string{
		"chat":        data(`{"error":{"message":"Your input exceeds the context window","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`),
		"completions": data(`{"error":{"message":"Your input exceeds the context window","type":"invalid_request_error","code":"context_length_exceeded"}}`),
		"responses":   named(`{"type":"response.failed","response":{"status":"failed","error":{"code":"context_length_exceeded","message":"Your input exceeds the context window"}}}`),
		"messages":    named(`{"type":"error","error":{"type":"invalid_request_error","code":"context_length_exceeded","message":"Your input exceeds the context window"}}`),
	} {
		spoken := allSpoken[name]
		b := spoken.spread(t, plays(t, append(spoken.openings[:1:1], failure)...).URL, true, 0)
		got := spoken.ask(b)
		var body struct {
			Error struct{ Code, Message string }
		}
		if err := json.Unmarshal([]byte(got.body), &body); err != nil || got.status != 400 ||
			body.Error.Code != "context_length_exceeded" || body.Error.Message != "Your input exceeds the context window" {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		if a := b.state("a"); a.Failures != 0 || len(b.upstream.Requests()) != 0 || b.spent().Settled != 0 {
			t.Errorf("%s: %+v, %d asked elsewhere, %+v", name, a, len(b.upstream.Requests()), b.spent())
		}
	}
}

// An answer that has begun is not begun again elsewhere, and what it produced is charged.
func TestOpening_endsWithTheFirstContent(t *testing.T) {
	for name, spoken := range allSpoken {
		for failure := range spoken.failures {
			events := append(spoken.openings[:2:2], spoken.content, failure)
			b := spoken.spread(t, plays(t, events...).URL, true, 0)
			got := spoken.ask(b)
			if got.status != http.StatusOK || !strings.Contains(got.body, "FIRST") || !strings.Contains(got.body, "error") || len(b.upstream.Requests()) != 0 {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
			if rows := b.ledger(); len(rows) != 1 || rows[0].Kind != api.LedgerSettle || rows[0].CompletionTokens == 0 {
				t.Errorf("%s: ledger %+v", name, rows)
			}
		}
	}
}

// Every way that an answer can begin ends the wait at once: nothing of it is kept back for what follows.
func TestOpening_contentIsNotKeptBack(t *testing.T) {
	for name, contents := range map[string][]string{
		"chat": {
			allSpoken["chat"].content,
			data(`{"choices":[{"index":0,"delta":{"role":"assistant","reasoning_content":"FIRST"},"finish_reason":null}]}`),
			data(`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"FIRST","function":{"name":"f","arguments":""}}]},"finish_reason":null}]}`),
			data(`{"choices":[{"index":0,"delta":{"audio":{"id":"FIRST"}},"finish_reason":null}]}`),
			data(`{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"id":"FIRST"}`),
		},
		"completions": {allSpoken["completions"].content},
		"responses": {
			allSpoken["responses"].content,
			named(`{"type":"response.output_item.added","item":{"type":"function_call","id":"FIRST"}}`),
			named(`{"type":"response.reasoning_summary_text.delta","delta":"FIRST"}`),
			named(`{"type":"response.web_search_call.in_progress","item_id":"FIRST"}`),
		},
		"messages": {
			anthropicContent,
			named(`{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"FIRST","name":"f","input":{}}}`),
			named(`{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"FIRST"}}`),
			named(`{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"FIRST","name":"web_search"}}`),
		},
		"chat to Anthropic": {anthropicContent},
	} {
		for _, content := range contents {
			spoken := allSpoken[name]
			b := spoken.spread(t, plays(t, append(spoken.openings[:1:1], content, "hang")...).URL, false, time.Hour)
			if got := b.readUntil(spoken, "FIRST"); got != nil {
				t.Errorf("%s: %s never came: %s", name, content, got)
			}
		}
	}
}

// A provider that opens its stream and then says nothing is not kept back for ever; and when it fails after all, nothing is charged.
func TestOpening_isPassedOnAfterAWhile(t *testing.T) {
	for name, spoken := range allSpoken {
		b := spoken.spread(t, plays(t, append(append([]string{}, spoken.openings...), "hang")...).URL, false, time.Millisecond)
		marks := map[string]string{"completions": `"text":""`, "chat": `"delta":{"role":"assistant"`, "responses": "response.created", "messages": "message_start", "chat to Anthropic": `"role":"assistant"`}
		if got := b.readUntil(spoken, marks[name]); got != nil {
			t.Errorf("%s: the opening never came: %s", name, got)
		}
	}
}

func TestOpening_aFailureAfterItWasPassedOnIsFree(t *testing.T) {
	for name, spoken := range allSpoken {
		for failure := range spoken.failures {
			b := spoken.spread(t, plays(t, append(spoken.openings[:1:1], failure)...).URL, true, -1)
			got := spoken.ask(b)
			if got.status != http.StatusOK || !strings.Contains(got.body, "error") {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
			if spent := b.spent(); spent.Settled != 0 || spent.Reserved != 0 {
				t.Errorf("%s: %+v was spent on %s", name, spent, failure)
			}
		}
	}
}

// A stream that breaks off before its answer begins is as one that was never answered.
func TestOpening_brokenOffIsAskedElsewhere(t *testing.T) {
	for name, spoken := range allSpoken {
		for opened := range len(spoken.openings) + 1 {
			b := spoken.spread(t, plays(t, spoken.openings[:opened]...).URL, true, 0)
			got := spoken.ask(b)
			if got.status != http.StatusOK || !strings.Contains(got.body, " the") || got.header.Get("X-Bursar-Deployment") != "b" {
				t.Errorf("%s after %d: %d %s", name, opened, got.status, got.body)
			}
			if rows := b.ledger(); len(rows) != 1 || b.spent().Settled != rows[0].Cost {
				t.Errorf("%s after %d: ledger %+v", name, opened, rows)
			}
		}
	}
}

func TestRefusals_keepWhatTheProviderSays(t *testing.T) {
	for _, test := range []struct {
		status     int
		body       string
		want       int
		code, wait string
	}{
		{529, `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`, 529, "529", "7"},
		{429, `{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}`, 429, "429", "7"},
		{503, `{"error":{"message":"later"}}`, 503, "503", "7"},
		{500, `{"error":{"message":"oh"}}`, 502, "502", "7"},
		{400, `{"error":{"message":"too long","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}`, 400, "context_length_exceeded", ""},
		{400, `{"error":{"message":"no","type":"invalid_request_error","code":null}}`, 400, "400", ""},
	} {
		provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(test.status)
			_, _ = w.Write([]byte(test.body))
		}))
		t.Cleanup(provider.Close)
		b := allSpoken["chat"].spread(t, provider.URL, false, 0)
		for _, stream := range []string{"", `,"stream":true`} {
			got := b.post(say("spread", "completion_tokens=1", stream))
			if detail := got.error(t); got.status != test.want || detail.Code != test.code || got.header.Get("Retry-After") != test.wait {
				t.Errorf("%d became %d %s %v", test.status, got.status, got.body, got.header)
			}
		}
	}
}
