package proxy_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

// fiveSearches is how Anthropic streams an answer for which it has searched five times.
const fiveSearches = `event: message_start
data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"claude-sonnet-4-5","usage":{"input_tokens":900,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":3}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: content_block_start
data: {"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"found"}}

event: content_block_stop
data: {"type":"content_block_stop","index":1}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":4000,"cache_creation_input_tokens":12000,"cache_read_input_tokens":30000,"output_tokens":500,"server_tool_use":{"web_search_requests":5}}}

event: message_stop
data: {"type":"message_stop"}

`

// searchBench serves the model "searcher" at its catalogue price, by a provider of whose answers the test decides.
func searchBench(t *testing.T, provider, model, kind, answer string, change func(*bench)) (b *bench, asked func() string) {
	t.Helper()
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body = readAll(t, r)
		whole(kind, answer)(w, r)
	}))
	t.Cleanup(server.Close)
	b = newBench(t, func(b *bench) {
		listed, found := pricing.Embedded().Model(provider, model)
		if !found {
			t.Fatalf("%s is not in the catalogue", model)
		}
		searcher := b.deployment("searcher", server.URL)
		searcher.Provider, searcher.UpstreamModel, searcher.Price = provider, model, listed.Price
		searcher.MaxInputTokens, searcher.MaxOutputTokens = listed.MaxInputTokens, listed.MaxOutputTokens
		b.more = append(b.more, searcher)
		if change != nil {
			change(b)
		}
	})
	return b, func() string { return body }
}

// What Claude Code's WebSearch asks for: five searches and what they made the model read cost $0.1235.
func TestSearches_ofAnthropicAreBookedAsReported(t *testing.T) {
	for _, tool := range []string{`{"type":"web_search_20250305","name":"web_search","max_uses":5}`, `{"type":"web_search_20250305","name":"web_search"}`} {
		b, asked := searchBench(t, "anthropic", "claude-sonnet-4-5", "text/event-stream", fiveSearches, func(b *bench) {
			b.team.MaxBudget, b.team.TPMLimit = new(money.USD), new(int64(100_000))
		})
		got := b.send("POST", "/v1/messages", `{"model":"searcher","max_tokens":2000,"stream":true,"messages":[{"role":"user","content":"what is new?"}],"tools":[`+tool+`]}`, nil)
		if got.status != http.StatusOK || !strings.Contains(got.body, "message_stop") {
			t.Fatalf("%d %s", got.status, got.body)
		}
		if row := b.settled(); row.Cost != 1235*money.USD/10_000 {
			t.Errorf("cost %s, want 0.1235", row.Cost)
		}
		if uses := gjson.Get(asked(), "tools.0.max_uses").Int(); uses != 5 {
			t.Errorf("the provider is told %s", asked())
		}
	}
}

// The searches that a call may make are reserved at their price before it is sent.
func TestSearches_areReserved(t *testing.T) {
	for uses, fits := range map[int]bool{5: true, 60: false} {
		b, _ := searchBench(t, "anthropic", "claude-sonnet-4-5", "text/event-stream", fiveSearches, func(b *bench) {
			searcher := &b.more[0]
			searcher.Price = b.price(pricing.List{
				Terms:  pricing.Terms{Input: new(money.Nano(1)), Output: new(money.Nano(1))},
				Search: pricing.SearchPrice{Low: cent, Medium: cent, High: cent},
			})
			b.team.MaxBudget = new(51 * cent)
		})
		got := b.send("POST", "/v1/messages", fmt.Sprintf(
			`{"model":"searcher","max_tokens":2000,"stream":true,"messages":[{"role":"user","content":"what is new?"}],"tools":[{"type":"web_search_20250305","name":"web_search","max_uses":%d}]}`, uses), nil)
		if fits != (got.status == http.StatusOK) || !fits && !strings.Contains(got.body, "may cost up to $0.6") {
			t.Errorf("%d searches: %d %s", uses, got.status, got.body)
		}
	}
}

// What OpenAI's own tool did stands among the items of the response; opening a page is no search.
func TestSearches_ofResponsesAreCountedByTheirItems(t *testing.T) {
	items := `[{"type":"web_search_call","action":{"type":"search"}},{"type":"web_search_call","action":{"type":"open_page"}},{"type":"web_search_call","action":{"type":"search"}},{"type":"message","content":[]}]`
	response := `{"id":"resp_1","output":` + items + `,"usage":{"input_tokens":9000,"output_tokens":100,"total_tokens":9100}}`
	stream := "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":" + response + "}\n\n"
	for _, test := range []struct{ kind, answer, more string }{{"application/json", response, ""}, {"text/event-stream", stream, `,"stream":true`}} {
		b, asked := searchBench(t, "openai", "gpt-4o-search-preview", test.kind, test.answer, func(b *bench) {
			searcher := &b.more[0]
			searcher.UpstreamModel = "gpt-of-the-test"
			searcher.Price = b.price(pricing.List{
				Terms:  pricing.Terms{Input: new(money.USD), Output: new(money.USD)},
				Search: pricing.SearchPrice{Low: cent, Medium: cent, High: cent},
			})
		})
		got := b.send("POST", "/v1/responses", `{"model":"searcher","max_output_tokens":200,"input":"what is new?","tools":[{"type":"namespace","name":"n","tools":[{"type":"function","name":"f"}]},{"type":"local_shell"},{"type":"web_search","external_web_access":false}]`+test.more+`}`, nil)
		if got.status != http.StatusOK {
			t.Fatalf("%d %s", got.status, got.body)
		}
		if row := b.settled(); row.Cost != 9100*perToken+2*cent {
			t.Errorf("cost %s", row.Cost)
		}
		if calls := gjson.Get(asked(), "max_tool_calls").Int(); calls != 5 {
			t.Errorf("the provider is told %s", asked())
		}
	}
}

// Chats ask for searches in many words, and answers say in as many how often it was done; where they do not say, one
// is booked.
func TestSearches_ofChats(t *testing.T) {
	for name, test := range map[string]struct {
		asked, usage string
		searches     money.Nano
	}{
		"an option":              {`"web_search_options":{}`, ``, 1},
		"a tool":                 {`"tools":[{"type":"web_search"}]`, ``, 1},
		"a tool, not used":       {`"tools":[{"type":"web_search"}]`, `,"server_tool_use":{"web_search_requests":0}`, 0},
		"a tool, used":           {`"tools":[{"type":"openrouter:web_search"}]`, `,"server_tool_use":{"web_search_requests":3}`, 3},
		"xAI's sources":          {`"search_parameters":{"mode":"on"}`, `,"num_sources_used":7`, 7},
		"xAI's, none":            {`"search_parameters":{}`, `,"num_sources_used":0`, 0},
		"a plugin":               {`"plugins":[{"id":"web"}]`, ``, 1},
		"none":                   {`"tools":[{"type":"function","function":{"name":"f"}}]`, ``, 0},
		"some that nobody asked": {`"tools":[]`, `,"num_search_queries":2`, 2},
	} {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, streamed %t", name, stream), func(t *testing.T) {
				usage := `{"prompt_tokens":20,"completion_tokens":2,"total_tokens":22` + test.usage + `}`
				kind, answer, more := "application/json", chatBegins+`,"usage":`+usage+`}`, ""
				if stream {
					kind, more = "text/event-stream", `,"stream":true`
					answer = chunkThe + `data: {"choices":[],"usage":` + usage + "}\n\ndata: [DONE]\n\n"
				}
				b, _ := searchBench(t, "openai", "gpt-4o-search-preview", kind, answer, func(b *bench) {
					searcher := &b.more[0]
					searcher.UpstreamModel = "of-the-test"
					searcher.Price = b.price(pricing.List{
						Terms:  pricing.Terms{Input: new(money.USD), Output: new(money.USD)},
						Search: pricing.SearchPrice{Low: cent, Medium: cent, High: cent},
					})
				})
				got := b.post(`{"model":"searcher","messages":[{"role":"user","content":"hi"}],` + test.asked + more + `}`)
				if got.status != http.StatusOK {
					t.Fatalf("%d %s", got.status, got.body)
				}
				if row := b.settled(); row.Cost != 22*perToken+test.searches*cent {
					t.Errorf("cost %s, want %d searches", row.Cost, test.searches)
				}
			})
		}
	}
}

// A model that searches whatever it is asked is charged for it.
func TestSearches_ofModelsThatAlwaysSearch(t *testing.T) {
	answer := chatBegins + `,"usage":{"prompt_tokens":20,"completion_tokens":2}}`
	b, _ := searchBench(t, "openai", "gpt-4o-search-preview", "application/json", answer, func(b *bench) { b.team.MaxBudget = new(money.USD) })
	if got := b.post(`{"model":"searcher","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}`); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if row := b.settled(); row.Cost != 20*2500+2*10_000+35*money.USD/1000 {
		t.Errorf("cost %s", row.Cost)
	}
}

// Tools without a price are refused, and served at the price of their tokens where the operator says so.
func TestTools_withoutAPrice(t *testing.T) {
	for path, more := range map[string]string{
		"/v1/responses":        `,"tools":[{"type":"code_interpreter","container":{"type":"auto"}}]`,
		"/v1/messages":         `,"tools":[{"type":"code_execution_20250825","name":"code_execution"}]`,
		"/v1/chat/completions": `,"tools":[{"type":"web_search"}]`,
	} {
		for _, allowed := range []bool{false, true} {
			b := reads(t, 300, func(b *bench) { b.unpricedTools = allowed; forAnthropic(path)(b) })
			body := `{"model":"reader","max_tokens":100,"messages":[{"role":"user","content":"hi"}],"input":"hi"` + more + `}`
			got := b.send("POST", path, body, nil)
			switch {
			case allowed && (got.status != http.StatusOK || b.settled().Cost != 301*perToken):
				t.Errorf("%s: %d %s", path, got.status, got.body)
			case !allowed && (got.status != http.StatusBadRequest || !strings.Contains(got.body, "unpriced_tools: allow")):
				t.Errorf("%s: %d %s", path, got.status, got.body)
			}
		}
	}
}

// A long conversation that Anthropic sums up is billed by iterations, of which the usage beside them leaves out the
// summary.
func TestSummaries_areCharged(t *testing.T) {
	usage := `{"input_tokens":23000,"output_tokens":1000,"iterations":[{"type":"compaction","input_tokens":180000,"output_tokens":3500},{"type":"message","input_tokens":23000,"output_tokens":1000}]}`
	plain := `{"type":"message","content":[{"type":"compaction","content":"so far"},{"type":"text","text":"the"}],"usage":` + usage + `}`
	stream := "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":180000,\"output_tokens\":1}}}\n\n" +
		"event: message_delta\ndata: {\"type\":\"message_delta\",\"usage\":" + usage + "}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
	for _, test := range []struct{ kind, answer, more string }{{"application/json", plain, ""}, {"text/event-stream", stream, `,"stream":true`}} {
		b, _ := searchBench(t, "anthropic", "claude-sonnet-4-5", test.kind, test.answer, nil)
		got := b.send("POST", "/v1/messages", `{"model":"searcher","max_tokens":4000,"context_management":{"edits":[{"type":"compact_20260112"}]},"messages":[{"role":"user","content":"`+strings.Repeat("word ", 40_000)+`"}]`+test.more+`}`, nil)
		if got.status != http.StatusOK {
			t.Fatalf("%d %s", got.status, got.body)
		}
		row := b.settled()
		// Each iteration is a prompt of its own: 203,000 together are not charged at the price for more than 200,000.
		if row.PromptTokens != 203_000 || row.CompletionTokens != 4500 || row.Cost != 203_000*3000+4500*15_000 {
			t.Errorf("row: %+v", row)
		}
		if events := b.told(api.EventUsageImpossible); len(events) != 0 {
			t.Errorf("events: %+v", events)
		}
	}
}

// A stream that breaks after the provider went on by itself says only what the first round read.
func TestSearches_aStreamThatBreaksIsBookedAsReserved(t *testing.T) {
	broken, _, _ := strings.Cut(fiveSearches, "event: message_delta")
	b, _ := searchBench(t, "anthropic", "claude-sonnet-4-5", "text/event-stream", broken, nil)
	b.send("POST", "/v1/messages", `{"model":"searcher","max_tokens":2000,"stream":true,"messages":[{"role":"user","content":"hi"}],"tools":[{"type":"web_search_20250305","name":"web_search","max_uses":1}]}`, nil)
	if row := b.settled(); row.PromptTokens < 8000 || row.Cost < cent+8000*3000 {
		t.Errorf("row: %+v", row)
	}
}

// What providers did by themselves is not free where the answer has no usage.
func TestSearches_withoutAReport(t *testing.T) {
	for path, answer := range map[string]string{
		"/v1/messages":  `{"type":"message","content":[{"type":"server_tool_use","name":"web_search"},{"type":"server_tool_use","name":"web_search"},{"type":"text","text":"the"}]}`,
		"/v1/responses": `{"id":"resp_1","output":[{"type":"web_search_call"},{"type":"web_search_call"},{"type":"message","content":[]}]}`,
	} {
		b, _ := searchBench(t, "anthropic", "claude-sonnet-4-5", "application/json", answer, func(b *bench) {
			b.more[0].Provider = map[bool]string{true: "anthropic", false: "openai"}[path == "/v1/messages"]
		})
		body := `{"model":"searcher","max_tokens":100,"messages":[{"role":"user","content":"hi"}],"input":"hi","tools":[{"type":"web_search_20250305","name":"web_search"}]}`
		if got := b.send("POST", path, body, nil); got.status != http.StatusOK {
			t.Fatalf("%d %s", got.status, got.body)
		}
		if row := b.settled(); row.PromptTokens < 5*8192 || row.Cost < 2*cent+money.Nano(row.PromptTokens)*3000 {
			t.Errorf("%s: %+v", path, row)
		}
	}
}

func readAll(t *testing.T, r *http.Request) string {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	return string(body)
}
