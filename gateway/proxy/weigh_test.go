package proxy_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/deployment"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

// unweighed are requests with a part whose size nobody knows before the provider has read it, with its path. The
// model "reader" reads 250,000 tokens of each.
var unweighed = map[string]struct{ path, body, part string }{
	"a document by address":            {"/v1/messages", `{"model":"reader","max_tokens":10,"messages":[{"role":"user","content":[{"type":"document","source":{"type":"url","url":"https://example.com/a.pdf"}}]}]}`, "messages[0].content[0] (document)"},
	"a document by id":                 {"/v1/messages", `{"model":"reader","max_tokens":10,"messages":[{"role":"user","content":[{"type":"document","source":{"type":"file","file_id":"file_1"}}]}]}`, "messages[0].content[0] (document)"},
	"a document in a tool's result":    {"/v1/messages", `{"model":"reader","max_tokens":10,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"a"},{"type":"document","source":{"type":"url","url":"https://example.com/a.pdf"}}]}]}]}`, "messages[0].content[0].content[1] (document)"},
	"a file in a function's output":    {"/v1/responses", `{"model":"reader","max_output_tokens":16,"input":[{"type":"function_call_output","call_id":"c","output":[{"type":"input_file","file_id":"file-1"}]}]}`, "input[0].output[0] (input_file)"},
	"a file as an item":                {"/v1/responses", `{"model":"reader","max_output_tokens":16,"input":["hi",{"type":"input_file","file_url":"https://example.com/a.pdf"}]}`, "input[1] (input_file)"},
	"a reference":                      {"/v1/responses", `{"model":"reader","max_output_tokens":16,"input":[{"type":"item_reference","id":"msg_1"}]}`, "input[0] (item_reference)"},
	"a reference that is only an id":   {"/v1/responses", `{"model":"reader","max_output_tokens":16,"input":[{"id":"msg_1"}]}`, "input[0] (item_reference)"},
	"a file of a chat":                 {"/v1/chat/completions", `{"model":"reader","max_tokens":10,"messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"file-1"}}]}]}`, "messages[0].content[0] (file)"},
	"what an assistant has said":       {"/v1/chat/completions", `{"model":"reader","max_tokens":10,"messages":[{"role":"assistant","audio":{"id":"audio_1"}},{"role":"user","content":"go on"}]}`, "messages[0] (sound that is not within the request)"},
	"a chat's tool result with a file": {"/v1/chat/completions", `{"model":"reader","max_tokens":10,"messages":[{"role":"tool","tool_call_id":"c","content":[{"type":"file","file":{"file_id":"file-1"}}]}]}`, "messages[0].content[0] (file)"},
	"what nobody knows":                {"/v1/chat/completions", `{"model":"reader","max_tokens":10,"messages":[{"role":"user","content":[{"type":"hologram","ref":"h_1"}]}]}`, "messages[0].content[0] (hologram)"},
}

// reading answers in all dialects that a prompt had so many tokens.
func reading(tokens int64) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "/messages"):
			_, _ = fmt.Fprintf(w, `{"type":"message","content":[{"type":"text","text":" the"}],"usage":{"input_tokens":%d,"output_tokens":1}}`, tokens)
		case strings.HasSuffix(r.URL.Path, "/responses"):
			_, _ = fmt.Fprintf(w, `{"id":"resp_1","output":[],"usage":{"input_tokens":%d,"output_tokens":1,"total_tokens":%d}}`, tokens, tokens+1)
		default:
			_, _ = fmt.Fprintf(w, `{"choices":[{"message":{"content":" the"}}],"usage":{"prompt_tokens":%d,"completion_tokens":1,"total_tokens":%d}}`, tokens, tokens+1)
		}
	}
}

// reads serves the model "reader", whose window is a million tokens, beside a server that reads so many of them.
func reads(t *testing.T, tokens int64, change func(*bench)) *bench {
	server := httptest.NewServer(reading(tokens))
	t.Cleanup(server.Close)
	return newBench(t, func(b *bench) {
		reader := b.deployment("reader", server.URL)
		reader.MaxInputTokens = 1_000_000
		b.more = append(b.more, reader)
		b.responses.kept["resp_1"], b.responses.items["msg_1"] = api.StoredResponse{ID: "resp_1", TeamID: b.team.TeamID}, "resp_1"
		if change != nil {
			change(b)
		}
	})
}

// forAnthropic lets the reader speak Anthropic's dialect where the path asks for it.
func forAnthropic(path string) func(*bench) {
	return func(b *bench) {
		if path == "/v1/messages" {
			b.more[0].Provider = "anthropic"
		}
	}
}

func TestUnweighed_isBookedAsReported(t *testing.T) {
	for name, test := range unweighed {
		t.Run(name, func(t *testing.T) {
			b := reads(t, 250_000, forAnthropic(test.path))
			if got := b.send("POST", test.path, test.body, nil); got.status != http.StatusOK {
				t.Fatalf("%d %s", got.status, got.body)
			}
			if row := b.settled(); row.PromptTokens != 250_000 || row.Cost != 250_001*perToken {
				t.Errorf("row: %+v", row)
			}
			if events := b.told(api.EventUsageImpossible); len(events) != 0 {
				t.Errorf("events: %+v", events)
			}
		})
	}
}

// A limit holds against what cannot be weighed: the whole window is reserved, or the call is refused in words that
// name the part and what it may cost.
func TestUnweighed_reservesTheWindowOrIsRefused(t *testing.T) {
	for name, test := range unweighed {
		t.Run(name, func(t *testing.T) {
			b := reads(t, 250_000, forAnthropic(test.path))
			b.change(func(team *api.Team) { team.MaxBudget = new(99 * cent) })
			got := b.send("POST", test.path, test.body, nil)
			if detail := got.error(t); got.status/100 != 4 || !strings.Contains(detail.Message, "The size of "+test.part+" is not known") ||
				!strings.Contains(detail.Message, "1000000 tokens, which may cost $1:") {
				t.Errorf("budget: %d %s", got.status, got.body)
			}
			b.change(func(team *api.Team) { team.MaxBudget, team.TPMLimit = nil, new(int64(10_000)) })
			got = b.send("POST", test.path, test.body, nil)
			if detail := got.error(t); got.status != 400 || !strings.Contains(detail.Message, "The size of "+test.part+" is not known") {
				t.Errorf("TPM: %d %s", got.status, got.body)
			}
			b.change(func(team *api.Team) { team.MaxBudget, team.TPMLimit = new(2*money.USD), new(int64(1_100_000)) })
			if got := b.send("POST", test.path, test.body, nil); got.status != 200 {
				t.Errorf("it fits: %d %s", got.status, got.body)
			}
		})
	}
}

// Many parts that cannot be weighed count as one window: the model reads no more at once.
func TestUnweighed_countsOncePerCall(t *testing.T) {
	b := reads(t, 250_000, nil)
	b.change(func(team *api.Team) { team.MaxBudget = new(101 * cent) })
	part := `{"type":"file","file":{"file_id":"file-1"}},`
	body := `{"model":"reader","max_tokens":10,"messages":[{"role":"user","content":[` + strings.Repeat(part, 50) + `{"type":"text","text":"hi"}]}]}`
	if got := b.post(body); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// The window of a model that nobody knows is that of the largest common ones.
func TestUnweighed_aModelWithoutAKnownWindow(t *testing.T) {
	b := reads(t, 250_000, func(b *bench) { b.more[0].MaxInputTokens = 0; b.team.MaxBudget = new(104 * cent) })
	got := b.post(unweighed["a file of a chat"].body)
	if want := fmt.Sprint(int64(deployment.DefaultWindow)); got.status != 403 || !strings.Contains(got.body, want+" tokens") {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// Sixty calls at once, each with a document that is read at 250,000 tokens, broke a cap of one dollar to $11.75 and
// a TPM of 10,000 to 1.3 million. With limits that have room for some of them, the rest is refused.
func TestUnweighed_sixtyCallsBreakNoLimit(t *testing.T) {
	for name, test := range map[string]struct {
		cap  *money.Nano
		tpm  *int64
		most int64 // of tokens
		fits int
	}{
		"a cap of a dollar":   {new(money.USD), nil, 1_000_000, 0},
		"a TPM of 10,000":     {nil, new(int64(10_000)), 10_000, 0},
		"both":                {new(money.USD), new(int64(10_000)), 10_000, 0},
		"a cap of 3 dollars":  {new(3 * money.USD), nil, 3_000_000, 1},
		"a TPM of 3 millions": {nil, new(int64(3_000_000)), 3_000_000, 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := reads(t, 250_000, forAnthropic("/v1/messages"))
			b.change(func(team *api.Team) { team.MaxBudget, team.TPMLimit = test.cap, test.tpm })
			var calls sync.WaitGroup
			for i := range 60 {
				calls.Go(func() {
					body := unweighed["a document by address"].body
					if i%2 == 1 {
						body = unweighed["a document in a tool's result"].body
					}
					b.send("POST", "/v1/messages", body, nil)
				})
			}
			calls.Wait()
			var tokens int64
			answered := 0
			for _, row := range b.ledger() {
				tokens += row.TotalTokens()
				if row.Kind == api.LedgerSettle {
					answered++
				}
			}
			t.Logf("%d of 60 answered, %d tokens, %s spent", answered, tokens, b.spent().Settled)
			if tokens > test.most || answered < test.fits || test.cap != nil && b.spent().Settled > *test.cap {
				t.Errorf("%d tokens and %s spent by %d calls", tokens, b.spent().Settled, answered)
			}
		})
	}
}

// What a provider reports is booked up to what its model can read and say. Beyond that the end of the window is,
// never less than what was reserved, and people are told.
func TestBelief(t *testing.T) {
	const window, output = 1_000_000, 1000
	for name, test := range map[string]struct {
		usage              string
		prompt, completion int64
		told               bool
	}{
		"far above the bound":   {`{"prompt_tokens":400000,"completion_tokens":1}`, 400_000, 1, false},
		"the whole window":      {`{"prompt_tokens":1000000,"completion_tokens":1000}`, window, output, false},
		"more than the window":  {`{"prompt_tokens":1000001,"completion_tokens":1}`, window, 1, true},
		"more than can be said": {`{"prompt_tokens":20,"completion_tokens":1001}`, 20, output, true},
		"both":                  {`{"prompt_tokens":5000000000,"completion_tokens":5000000000}`, window, output, true},
		"beyond all numbers":    {`{"prompt_tokens":1e300,"completion_tokens":1}`, -1, output, true},
		"less than nothing":     {`{"prompt_tokens":-20,"completion_tokens":1}`, -1, output, true},
		"an answer of less":     {`{"prompt_tokens":20,"completion_tokens":-1}`, -1, output, true},
	} {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, streamed %t", name, stream), func(t *testing.T) {
				answer, kind, more := chatBegins+`,"usage":`+test.usage+`}`, "application/json", ""
				if stream {
					answer, kind = chunkThe+`data: {"choices":[],"usage":`+test.usage+"}\n\ndata: [DONE]\n\n", "text/event-stream"
					more = `,"stream":true`
				}
				server := httptest.NewServer(whole(kind, answer))
				defer server.Close()
				b := newBench(t, func(b *bench) {
					odd := b.deployment("odd", server.URL)
					odd.MaxInputTokens = window
					b.more = append(b.more, odd)
				})
				for range 2 {
					if got := b.post(say("odd", "", more)); got.status != http.StatusOK {
						t.Fatalf("%d %s", got.status, got.body)
					}
				}
				row := b.ledger()[0]
				reserved := row.PromptTokens > 20 && row.PromptTokens < 1000 // which was bounded by its length
				if row.PromptTokens != test.prompt && (test.prompt >= 0 || !reserved) || row.CompletionTokens != test.completion {
					t.Errorf("row: %+v", row)
				}
				if row.Cost < money.Nano(row.TotalTokens())*perToken {
					t.Errorf("%d tokens cost %s", row.TotalTokens(), row.Cost)
				}
				events := b.told(api.EventUsageImpossible)
				if told := len(events) > 0; told != test.told || told && (events[0].ID != events[1].ID || events[0].TeamID != "marketing") {
					t.Errorf("events: %+v", events)
				}
			})
		}
	}
}

// Several inputs, choices and iterations may use the window several times.
func TestBelief_severalTimes(t *testing.T) {
	for name, test := range map[string]struct {
		path, body string
		tokens     int64
		told       bool
	}{
		"three inputs":      {"/v1/embeddings", `{"model":"reader","input":["a","b","c"]}`, 3_000_000, false},
		"one input":         {"/v1/embeddings", `{"model":"reader","input":["a"]}`, 1_000_001, true},
		"an input":          {"/v1/embeddings", `{"model":"reader","input":"a"}`, 1_000_001, true},
		"numbers":           {"/v1/embeddings", `{"model":"reader","input":[1,2,3]}`, 1_000_001, true},
		"two prompts":       {"/v1/completions", `{"model":"reader","prompt":["a","b"]}`, 2_000_000, false},
		"searches":          {"/v1/messages", `{"model":"reader","max_tokens":10,"messages":[{"role":"user","content":"hi"}],"tools":[{"type":"web_search_20250305","name":"web_search","max_uses":2}]}`, 3_000_000, false},
		"too many searches": {"/v1/messages", `{"model":"reader","max_tokens":10,"messages":[{"role":"user","content":"hi"}],"tools":[{"type":"web_search_20250305","name":"web_search","max_uses":2}]}`, 3_000_001, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := reads(t, test.tokens, func(b *bench) {
				b.more[0].Price.Search = pricing.SearchPrice{Low: cent, Medium: cent, High: cent}
				forAnthropic(test.path)(b)
			})
			if got := b.send("POST", test.path, test.body, nil); got.status != http.StatusOK {
				t.Fatalf("%d %s", got.status, got.body)
			}
			want := test.tokens
			if test.told {
				want--
			}
			if row := b.settled(); row.PromptTokens != want || (len(b.told(api.EventUsageImpossible)) > 0) != test.told {
				t.Errorf("row: %+v, told: %v", row, b.told(api.EventUsageImpossible))
			}
		})
	}
}

// A part that cannot be weighed is not free where the provider says nothing, or the client has hung up.
func TestUnweighed_isNotFreeWithoutAReport(t *testing.T) {
	server := httptest.NewServer(whole("application/json", chatBegins+"}"))
	defer server.Close()
	b := newBench(t, func(b *bench) {
		silent := b.deployment("reader", server.URL)
		silent.MaxInputTokens = 300_000
		b.more = append(b.more, silent)
	})
	if got := b.post(unweighed["a file of a chat"].body); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if row := b.settled(); row.PromptTokens != 300_000 {
		t.Errorf("row: %+v", row)
	}
}

// Names that a lenient server takes for the fields that a call is admitted by are refused.
func TestNames_inAnySpelling(t *testing.T) {
	b := newBench(t, nil)
	for _, name := range []string{
		"max_token\u017f", `max_token\u017f`, "Max_Tokens", "maxTokens", "max-tokens", "MAX_TOKENS", "max_to\u212aens", `max\u005ftokenſ`,
		"\u017ftream", "web_search_option\u017f", "Plugin\u017f", "tool\u017f", "Tools", "searchParameters", "model\u017f", "extra_body", "EXTRA_BODY",
	} {
		got := b.post(`{"model":"m","messages":[{"role":"user","content":"hi"}],"` + name + `":1}`)
		if got.status != http.StatusBadRequest || !strings.Contains(got.body, "must be written") && !strings.Contains(got.body, "operator's to decide") {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if n := len(b.upstream.Requests()); n != 0 {
		t.Errorf("%d requests were forwarded", n)
	}
}

// Sound within a chat is weighed by its header only where the header agrees with itself.
func TestSound_withinAChatIsWeighed(t *testing.T) {
	header := func(rate string) string { // 16,000 samples of two bytes
		return "RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x80\x3e\x00\x00" + rate + "\x02\x00\x10\x00data\x00\x00\x00\x00"
	}
	for name, test := range map[string]struct {
		sound  string
		status int
	}{
		"ten seconds":       {header("\x00\x7d\x00\x00") + strings.Repeat("ab", 160_000), 200},
		"a forged rate":     {header("\x00\x00\xff\x7f") + strings.Repeat("ab", 160_000), 400},
		"another container": {"OggS" + strings.Repeat("ab", 160_000), 400},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, func(b *bench) { b.team.TPMLimit = new(int64(5000)) })
			data := base64.StdEncoding.EncodeToString([]byte(test.sound))
			got := b.post(`{"model":"m","max_tokens":5,"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"` + data + `","format":"wav"}}]}]}`)
			if got.status != test.status {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}
