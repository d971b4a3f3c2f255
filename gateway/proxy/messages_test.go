package proxy_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// anthropicError is the body that Anthropic's SDKs read.
type anthropicError struct {
	Type  string
	Error struct{ Type, Message, Code string }
}

func TestMessages_errorsAreInAnthropicsShape(t *testing.T) {
	say := routes["messages"].say
	for name, test := range map[string]struct {
		change func(*bench)
		body   string
		header http.Header
		status int
		kind   string
		want   string
	}{
		"bad request":      {nil, `{"model":"claude","max_tokens":5}`, nil, 400, "invalid_request_error", "messages is required"},
		"no such key":      {nil, say(""), http.Header{"Authorization": {"Bearer sk-nobody"}}, 401, "authentication_error", "Invalid proxy server token"},
		"rate limited":     {func(b *bench) { b.team.RPMLimit = new(int64(0)) }, say(""), nil, 429, "rate_limit_error", "Rate limit exceeded"},
		"budget exhausted": {func(b *bench) { b.team.MaxBudget = new(money.Nano(0)) }, say(""), nil, 402, "billing_error", "Budget cap reached"},
		"provider fails":   {nil, say("fail=500"), nil, 502, "api_error", "provider failed (500)"},
		"provider is busy": {nil, say("fail=429"), nil, 429, "rate_limit_error", "provider is limiting the gateway"},
		"provider refuses": {nil, say("fail=400"), nil, 400, "invalid_request_error", "told to answer 400"},
		"server tool":      {nil, say("", `,"tools":[{"type":"web_search_20250305","name":"web_search"}]`), nil, 400, "invalid_request_error", "web_search_20250305"},
		"MCP":              {nil, say("", `,"mcp_servers":[{"url":"https://x"}]`), nil, 400, "invalid_request_error", "mcp_servers is not served: the provider runs it"},
		"dearer region":    {nil, say("", `,"inference_geo":"us"`), nil, 400, "invalid_request_error", "inference_geo must be global"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, test.change)
			got := b.send("POST", "/v1/messages", test.body, test.header)
			var body anthropicError
			if err := json.Unmarshal([]byte(got.body), &body); err != nil || got.status != test.status || body.Type != "error" ||
				body.Error.Type != test.kind || !strings.Contains(body.Error.Message, test.want) {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}

func TestMessages_passUnchangedToAnthropic(t *testing.T) {
	b := newBench(t, nil)
	body := `{"model":"claude", "max_tokens" : 100,"system":[{"type":"text","text":"be brief","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":"hi"}],"x":[1, 2.50],"tools":[{"name":"weather","input_schema":{}},{"type":"bash_20250124","name":"bash"}]}`
	header := http.Header{
		"Authorization": nil, "X-Api-Key": {b.secret}, "Anthropic-Version": {"2023-06-01"}, "Anthropic-Beta": {"one", "two"},
	}
	if got := b.send("POST", "/v1/messages", body, header); got.status != http.StatusOK || !strings.Contains(got.body, `"stop_reason":"end_turn"`) {
		t.Fatalf("%d %s", got.status, got.body)
	}
	request := b.upstream.Requests()[0]
	if want := strings.Replace(body, `"claude"`, `"real-claude"`, 1); string(request.Body) != want {
		t.Errorf("forwarded %s\nwant      %s", request.Body, want)
	}
	for name, want := range map[string]string{
		"X-Api-Key": "sk-provider", "Authorization": "", "Anthropic-Version": "2023-06-01", "Anthropic-Beta": "one,two",
	} {
		if got := request.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestMessages_cacheTokensArePartOfThePrompt(t *testing.T) {
	for _, stream := range []string{"", `,"stream":true`} {
		b := newBench(t, nil)
		b.send("POST", "/v1/messages", routes["messages"].say("prompt_tokens=100 cached_tokens=30 cache_write_tokens=20 completion_tokens=5", stream), nil)
		if row := b.settled(); row.PromptTokens != 100 || row.CachedTokens != 30 || row.CompletionTokens != 5 {
			t.Errorf("row: %+v", row)
		}
	}
}

func TestMessages_countTokensIsFreeAndLimited(t *testing.T) {
	b := newBench(t, func(b *bench) { b.team.RPMLimit = new(int64(1)) })
	body := `{"model":"claude","messages":[{"role":"user","content":"fake: prompt_tokens=33"}]}`
	if got := b.send("POST", "/v1/messages/count_tokens", body, nil); got.status != http.StatusOK || !strings.Contains(got.body, `"input_tokens":33`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	if row := b.settled(); row.Cost != 0 || row.PromptTokens != 0 {
		t.Errorf("row: %+v", row)
	}
	if got := b.send("POST", "/v1/messages/count_tokens", body, nil); got.status != http.StatusTooManyRequests {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestMessages_routesThatAProviderDoesNotHave(t *testing.T) {
	b := newBench(t, nil)
	got := b.send("POST", "/v1/embeddings", `{"model":"claude","input":"hi"}`, nil)
	if got.status != http.StatusBadRequest || !strings.Contains(got.body, "speaks Anthropic's API, which has no /embeddings") {
		t.Errorf("%d %s", got.status, got.body)
	}
	if state := b.spent(); state.Reserved != 0 || state.Settled != 0 {
		t.Errorf("budget: %+v", state)
	}
}

// What Anthropic has no word for is left out where it only steers, and the client is told.
func TestChat_saysWhatAnthropicWasNotAsked(t *testing.T) {
	for more, want := range map[string]string{
		"": "", `,"seed":7,"logit_bias":{"50256":-100},"frequency_penalty":0.5`: "frequency_penalty, logit_bias, seed",
		`,"seed":null,"logit_bias":{},"presence_penalty":0`: "",
	} {
		for _, stream := range []string{"", `,"stream":true`} {
			b := newBench(t, nil)
			got := b.send("POST", "/v1/chat/completions", `{"model":"claude","messages":[{"role":"user","content":"hi"}]`+more+stream+`}`, nil)
			if told := got.header.Get("X-Bursar-Left-Out"); got.status != http.StatusOK || told != want {
				t.Errorf("%s%s: %d, left out %q, want %q", more, stream, got.status, told, want)
			}
		}
	}
	b := newBench(t, nil)
	if told := b.send("POST", "/v1/chat/completions", `{"model":"m","seed":7,"messages":[{"role":"user","content":"hi"}]}`, nil).header.Get("X-Bursar-Left-Out"); told != "" {
		t.Errorf("OpenAI was not asked %q", told)
	}
}
