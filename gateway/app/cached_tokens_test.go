package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// cachedCall is one of 5,000 prompt tokens, 4,900 of them from the cache, and ten of an answer.
type cachedCall struct{ provider, path, body string }

func (c cachedCall) of(model string, stream bool) string {
	return fmt.Sprintf(c.body, model, stream, "fake: prompt_tokens=5000 cached_tokens=4900 completion_tokens=10\n")
}

// cachedCalls are one in every dialect that tells of a cache.
var cachedCalls = map[string]cachedCall{
	"a chat":            {"openai", "/v1/chat/completions", `{"model":%q,"max_tokens":100,"stream":%v,"messages":[{"role":"user","content":%q}]}`},
	"a translated chat": {"anthropic", "/v1/chat/completions", `{"model":%q,"max_tokens":100,"stream":%v,"messages":[{"role":"user","content":%q}]}`},
	"a message":         {"anthropic", "/v1/messages", `{"model":%q,"max_tokens":100,"stream":%v,"messages":[{"role":"user","content":%q}]}`},
	"a response":        {"openai", "/v1/responses", `{"model":%q,"max_output_tokens":100,"stream":%v,"input":%q}`},
}

// What the provider's cache held is left out of tokens per minute where the model says so: of the key's and of
// the deployment's.
func TestGateway_leavesCachedTokensOutOfTokensPerMinute(t *testing.T) {
	type minute struct {
		cachedCall
		model, limit  string
		stream, skips bool
	}
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	c := settings(t, upstream)
	price := &api.ModelPrice{TokenPrices: api.TokenPrices{Input: new(money.USD), Output: new(money.USD)}}
	c.Models = nil
	var minutes []minute
	for name, call := range cachedCalls {
		for i := range 8 {
			stream, skips, deployments := i&1 != 0, i&2 != 0, i&4 != 0
			m := minute{call, fmt.Sprintf("%s, streamed %v, left out %v, the deployment's %v", name, stream, skips, deployments), `{"tpm_limit":12000}`, stream, skips}
			model := config.Model{
				ID: m.model, Name: m.model, Upstream: call.provider, BaseURL: upstream.URL(), UpstreamModel: "x", Price: price, TPMSkipsCached: skips,
			}
			if deployments {
				m.limit, model.TPM = `{}`, new(int64(12_000))
			}
			c.Models, minutes = append(c.Models, model), append(minutes, m)
		}
	}
	g := start(t, c)
	for _, m := range minutes {
		want := 3 // the fourth finds the minute full
		if m.skips {
			want = 5
		}
		key, served := g.newKey(m.limit), 0
		for range 5 {
			status, _, text := g.do("POST", m.path, key, m.of(m.model, m.stream))
			if status == http.StatusOK {
				served++
			} else if status != http.StatusTooManyRequests {
				t.Fatalf("%s: %d %s", m.model, status, text)
			}
		}
		if served != want {
			t.Errorf("%s: %d of 5 served, want %d", m.model, served, want)
		}
	}
}

// The cost and the tokens in the record are the same either way.
func TestGateway_chargesCachedTokensThatCountInNoMinute(t *testing.T) {
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	dollar, tenth := money.USD, money.USD/10
	c.Models[0].ID, c.Models[0].TPMSkipsCached = "m", true
	c.Models[0].Price = &api.ModelPrice{TokenPrices: api.TokenPrices{Input: &dollar, CachedInput: &tenth, Output: &dollar}}
	g := start(t, c)
	key := g.newKey(`{"tpm_limit":50000}`)
	_, header, text := g.do("POST", "/v1/chat/completions", key, cachedCalls["a chat"].of("gpt-4.1-mini", false))
	if got, want := header.Get("x-bursar-cost-usd"), "0.0006"; got != want { // 100 + 490 + 10 millionths
		t.Errorf("it costs %q, want %s: %s", got, want, text)
	}
	if got, want := header.Get("x-ratelimit-remaining-tokens"), "49890"; got != want { // 100 and ten are used
		t.Errorf("%q tokens are left of the minute, want %s", got, want)
	}
	if usage := fmt.Sprint(g.admin("GET", "/usage", "")); !strings.Contains(usage, "total_tokens:5010") {
		t.Errorf("the record has %s, want 5010 tokens", usage)
	}
}
