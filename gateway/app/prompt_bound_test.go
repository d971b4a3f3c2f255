package app_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// englishCall asks for an answer to a long English prompt, of which the provider counts a token for five bytes.
func englishCall(model string, tokens, maxTokens int, more string) string {
	text := strings.Repeat("Nobody in the garden remembered whether anything had happened during yesterday afternoon. ", 5*tokens/90)
	return fmt.Sprintf(`{"model":%q,"max_tokens":%d,"messages":[{"role":"user","content":"%s\nfake: prompt_tokens=%d completion_tokens=10 %s"}]}`,
		model, maxTokens, text, tokens, more)
}

// withLongPrompts serves models of vendors whose vocabulary is not OpenAI's.
func withLongPrompts(t *testing.T) (*gateway, *testenv.Upstream) {
	t.Helper()
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	c := settings(t, upstream)
	cheap := money.USD / 2 // per million tokens
	price := &api.ModelPrice{TokenPrices: api.TokenPrices{Input: &cheap, Output: &cheap}}
	c.Models = []config.Model{{
		ID: "claude", Name: "claude-sonnet-4-5", Upstream: "anthropic", BaseURL: upstream.URL(), UpstreamModel: "claude-sonnet-4-5",
	}}
	for _, model := range []string{"llama-3.3-70b", "llama-2-70b", "qwen3-32b", "mistral-large"} {
		c.Models = append(c.Models, config.Model{
			ID: model, Name: model, Upstream: "openai", BaseURL: upstream.URL(), UpstreamModel: model, Price: price,
		})
	}
	return start(t, c), upstream
}

func TestGateway_admitsLongPromptsByWhatTheyMayReallyCost(t *testing.T) {
	g, _ := withLongPrompts(t)
	key := g.newKey(`{"max_budget":3}`)
	status, _, text := g.do("POST", "/v1/chat/completions", key, englishCall("claude-sonnet-4-5", 80_000, 1_000, "cached_tokens=79000"))
	if status != http.StatusOK {
		t.Errorf("80,000 tokens that are mostly cached, with 3 dollars left: %d %s", status, text)
	}
	for _, model := range []string{"claude-sonnet-4-5", "llama-3.3-70b", "llama-2-70b", "qwen3-32b", "mistral-large"} {
		key := g.newKey(`{"tpm_limit":20000}`)
		if status, _, text := g.do("POST", "/v1/chat/completions", key, englishCall(model, 9_000, 1_000, "")); status != http.StatusOK {
			t.Errorf("%s: 9,000 tokens within 20,000 a minute: %d %s", model, status, text)
		}
	}
}

// Two calls that cost 0.054 dollars together are under way at once within 9 dollars.
func TestGateway_longPromptsLeaveRoomForEachOther(t *testing.T) {
	g, upstream := withLongPrompts(t)
	key := g.newKey(`{"max_budget":9}`)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			status, _, text := g.do("POST", "/v1/chat/completions", key, englishCall("claude-sonnet-4-5", 80_000, 1_000, "cached_tokens=79000 hang"))
			if status != http.StatusOK {
				t.Errorf("two calls at once: %d %s", status, text)
			}
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), awaitLong) // one that waited for the other to settle would be refused meanwhile
	defer cancel()
	if err := upstream.WaitRunning(ctx, 2); err != nil {
		t.Error(err)
	}
	upstream.Release()
	both.Wait()
}

// A provider whose vocabulary is denser than was thought is followed within a few calls, also by the gateway that is
// started next: from then on what is reserved is enough.
func TestGateway_boundsFollowTheProvidersVocabulary(t *testing.T) {
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	c := settings(t, upstream)
	cheap := money.USD / 2
	price := &api.ModelPrice{TokenPrices: api.TokenPrices{Input: &cheap, Output: &cheap}}
	c.Models = []config.Model{{ID: "acme", Name: "acme-1", Upstream: "openai", BaseURL: upstream.URL(), UpstreamModel: "acme-1", Price: price}}
	g := start(t, c)
	// 45,000 bytes do not fit into the limit, so that the prompt is counted.
	call := func(g *gateway, limit, reported int) (int, string) {
		t.Helper()
		body := englishCall("acme-1", 9_000, 100, fmt.Sprintf("prompt_tokens=%d", reported))
		status, _, text := g.do("POST", "/v1/chat/completions", g.newKey(fmt.Sprintf(`{"tpm_limit":%d}`, limit)), body)
		return status, text
	}
	above := func(g *gateway) string {
		t.Helper()
		_, _, text := g.do("GET", "/metrics", adminKey, "")
		_, count, _ := strings.Cut(text, `bursar_prompt_above_bound_total{model="acme-1"} `)
		count, _, _ = strings.Cut(count, "\n")
		return count
	}
	for i := range 10 {
		if status, text := call(g, 40_000, 20_000); status != http.StatusOK {
			t.Fatalf("call %d: %d %s", i, status, text)
		}
	}
	if got := above(g); got != "2" {
		t.Errorf("%s calls of ten were above their bound, want the first two", got)
	}
	g.stop()
	g = start(t, c)
	ctx, cancel := context.WithTimeout(t.Context(), awaitLong)
	defer cancel()
	for { // what the record has is read beside the first calls
		status, text := call(g, 20_500, 10)
		if status != http.StatusOK {
			break // the bound is above the report again
		}
		if ctx.Err() != nil {
			t.Fatalf("the gateway that was started next does not know: %d %s", status, text)
		}
	}
	if status, text := call(g, 40_000, 20_000); status != http.StatusOK {
		t.Errorf("%d %s", status, text)
	}
}

// A sparse vocabulary is followed too, when many calls have shown it.
func TestGateway_boundsTightenWithWhatProvidersReport(t *testing.T) {
	g, _ := withLongPrompts(t)
	call := func(limit int) (int, string) {
		t.Helper()
		body := englishCall("llama-2-70b", 9_000, 100, "prompt_tokens=5500")
		status, _, text := g.do("POST", "/v1/chat/completions", g.newKey(fmt.Sprintf(`{"tpm_limit":%d}`, limit)), body)
		return status, text
	}
	const tight = 7_500
	if status, text := call(tight); status != http.StatusBadRequest {
		t.Fatalf("before anything is known: %d %s", status, text)
	}
	for range 10 {
		if status, text := call(20_000); status != http.StatusOK {
			t.Fatalf("%d %s", status, text)
		}
	}
	if status, text := call(tight); status != http.StatusOK {
		t.Errorf("after ten reports of 5,500 tokens: %d %s", status, text)
	}
}

// Before a prompt is refused, a provider that counts for nothing is asked how long it is: once, and seldom for one key.
func TestGateway_asksTheProviderBeforeItRefusesAPrompt(t *testing.T) {
	g, upstream := withLongPrompts(t)
	asked := func() (times int) {
		for _, request := range upstream.Requests() {
			if request.Path == "/v1/messages/count_tokens" {
				times++
			}
		}
		upstream.Reset()
		return times
	}
	body := func(more string) string { return englishCall("claude-sonnet-4-5", 9_000, 100, more) }
	for name, test := range map[string]struct {
		path, more    string
		limit         int
		status, asked int
	}{
		"it fits":                    {"/v1/messages", "", 30_000, http.StatusOK, 0},
		"the bound fits":             {"/v1/messages", "", 20_000, http.StatusOK, 0},
		"its count fits":             {"/v1/messages", "prompt_tokens=5000", 6_000, http.StatusOK, 1},
		"its count fits, translated": {"/v1/chat/completions", "prompt_tokens=5000", 6_000, http.StatusOK, 1},
		"its count does not fit":     {"/v1/messages", "prompt_tokens=7000", 6_000, http.StatusBadRequest, 1},
		"what is nearly too much":    {"/v1/messages", "prompt_tokens=5700", 6_000, http.StatusBadRequest, 1},
		"it does not answer":         {"/v1/messages", "fail=500", 6_000, http.StatusBadRequest, 1},
		"it answers with something":  {"/v1/messages", "fail=503 html", 6_000, http.StatusBadRequest, 1},
		"it closes the connection":   {"/v1/messages", "drop", 6_000, http.StatusBadRequest, 1},
	} {
		key := g.newKey(fmt.Sprintf(`{"tpm_limit":%d}`, test.limit))
		status, _, text := g.do("POST", test.path, key, body(test.more))
		if got := asked(); status != test.status || got != test.asked {
			t.Errorf("%s: %d and asked %d times, want %d and %d: %.300s", name, status, got, test.status, test.asked, text)
		}
	}
	key := g.newKey(`{"tpm_limit":6000}`)
	for i, want := range []int{1, 0, 0} {
		status, _, _ := g.do("POST", "/v1/messages", key, body("prompt_tokens=7000"))
		if got := asked(); status != http.StatusBadRequest || got != want {
			t.Errorf("refusal %d of a key in a moment: %d, asked %d times, want %d", i, status, got, want)
		}
	}
}

// What is not counted there is not asked for: the bound stands.
func TestGateway_doesNotAskForWhatIsNotCounted(t *testing.T) {
	g, upstream := withLongPrompts(t)
	for name, more := range map[string]string{
		"a file":           `"messages":[{"role":"user","content":[{"type":"document","source":{"type":"url","url":"https://example.com/a.pdf"}},{"type":"text","text":"hi"}]}]`,
		"an unknown field": `"output_format":{"type":"json_schema","schema":{}},"messages":[{"role":"user","content":"` + strings.Repeat("word ", 9_000) + `"}]`,
		"another provider": `"messages":[{"role":"user","content":"` + strings.Repeat("word ", 9_000) + `"}]`,
	} {
		model := "claude-sonnet-4-5"
		if name == "another provider" {
			model = "llama-2-70b"
		}
		status, _, text := g.do("POST", "/v1/messages", g.newKey(`{"tpm_limit":6000}`), fmt.Sprintf(`{"model":%q,"max_tokens":100,%s}`, model, more))
		if status != http.StatusBadRequest || len(upstream.Requests()) != 0 {
			t.Errorf("%s: %d, %d requests: %.300s", name, status, len(upstream.Requests()), text)
		}
		upstream.Reset()
	}
}

// What a provider reports beyond the bound is booked in full, and counted.
func TestGateway_countsPromptsAboveTheirBound(t *testing.T) {
	g, _ := withLongPrompts(t)
	key := g.newKey(`{}`)
	body := `{"model":"qwen3-32b","max_tokens":50,"messages":[{"role":"user","content":"fake: prompt_tokens=1000"}]}`
	if status, _, text := g.do("POST", "/v1/chat/completions", key, body); status != http.StatusOK || !strings.Contains(text, `"prompt_tokens":1000`) {
		t.Fatalf("%d %s", status, text)
	}
	_, _, text := g.do("GET", "/metrics", adminKey, "")
	for _, want := range []string{
		`bursar_prompt_above_bound_total{model="qwen3-32b"} 1`, `bursar_tokens_total{kind="prompt",model="qwen3-32b",team_id=""} 1000`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics have no %s", want)
		}
	}
}
