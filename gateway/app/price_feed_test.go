package app_test

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// A list that is fetched is in force without a restart, over the built-in prices and under the operator's own.
func TestGateway_chargesByAPriceListThatIsFetched(t *testing.T) {
	var input atomic.Int64 // in nano-dollars per million tokens
	input.Store(int64(money.USD))
	lists := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		each := float64(input.Load()) / 1e15
		if input.Load() < 0 {
			http.Error(w, "out of order", http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, `{"brand-new": {"litellm_provider":"openai","mode":"chat","input_cost_per_token":%g,"output_cost_per_token":%g},
			"gpt-4.1-mini": {"litellm_provider":"openai","mode":"chat","input_cost_per_token":%g,"output_cost_per_token":%g}}`, each, each, each, each)
	}))
	defer lists.Close()
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	c := settings(t, upstream)
	c.PriceFeed = &config.PriceFeed{URL: lists.URL, Refresh: 10 * time.Millisecond, RootCAs: x509.NewCertPool()}
	c.PriceFeed.RootCAs.AddCert(lists.Certificate())
	own := &api.ModelPrice{TokenPrices: api.TokenPrices{Input: new(9 * money.USD), Output: new(9 * money.USD)}}
	model := func(name, upstreamModel string, price *api.ModelPrice) config.Model {
		return config.Model{ID: name, Name: name, Upstream: "openai", BaseURL: upstream.URL(), UpstreamModel: upstreamModel, Price: price}
	}
	c.Models = []config.Model{model("brand-new", "brand-new", nil), model("listed", "gpt-4.1-mini", nil), model("own", "gpt-4.1-mini", own), model("built-in", "gpt-4.1", nil)}
	g := start(t, c)
	key := g.newKey(`{}`)
	costs := func(name string) string {
		status, header, text := g.do("POST", "/v1/chat/completions", key, askFor(name)) // 50 tokens, and 50 more
		if status != http.StatusOK {
			t.Fatalf("%s: %d %s", name, status, text)
		}
		return header.Get("x-bursar-cost-usd")
	}
	for name, want := range map[string]string{"brand-new": "0.0001", "listed": "0.0001", "own": "0.0009", "built-in": "0.0005"} {
		if got := costs(name); got != want {
			t.Errorf("%s costs %s, want %s", name, got, want)
		}
	}
	input.Store(int64(3 * money.USD))
	for deadline := time.Now().Add(10 * time.Second); costs("brand-new") != "0.0003"; {
		if time.Now().After(deadline) {
			t.Fatal("the new list does not come into force")
		}
	}
	if got := costs("own"); got != "0.0009" {
		t.Errorf("the operator's own price became %s", got)
	}
	input.Store(-1)
	g.stop()
	after := start(t, c)
	if got := after.costOf(t, after.newKey(`{}`), tongue{"brand-new", "/v1/chat/completions", `{"model":%q,"stream":%v,"max_tokens":50,"messages":[{"role":"user","content":"fake: prompt_tokens=50 completion_tokens=50"}]}`, nil, nil}, false); got != "0.0003" {
		t.Errorf("after a restart without the list's server it costs %s", got)
	}
	_, _, text := after.do("GET", "/metrics", adminKey, "")
	for _, want := range []string{"bursar_price_feed_age_seconds ", "bursar_price_feed_failures_total ", "bursar_price_feed_refused_prices 0"} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics have no %s", want)
		}
	}
}

// A model without a price is served at the fallback price until the day has ended, and refused from then on.
func TestGateway_servesUnpricedModelsUntilADay(t *testing.T) {
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	c := settings(t, upstream)
	c.Models = []config.Model{
		{ID: "new", Name: "brand-new", Upstream: "openai", BaseURL: upstream.URL(), UpstreamModel: "brand-new"},
		{ID: "listed", Name: "gpt-4.1", Upstream: "openai", BaseURL: upstream.URL(), UpstreamModel: "gpt-4.1"},
	}
	c.UnpricedPrice = &api.ModelPrice{TokenPrices: api.TokenPrices{Input: new(10 * money.USD), Output: new(50 * money.USD)}}
	c.UnpricedUntil = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	var now atomic.Pointer[time.Time]
	now.Store(new(c.UnpricedUntil.Add(-time.Second)))
	g := startAt(t, c, func() time.Time { return *now.Load() })
	key := g.newKey(`{}`)
	for model, want := range map[string]string{"brand-new": "0.003", "gpt-4.1": "0.0005"} {
		if status, header, text := g.do("POST", "/v1/chat/completions", key, askFor(model)); status != http.StatusOK || header.Get("x-bursar-cost-usd") != want {
			t.Errorf("%s: %d, %s USD, want %s: %s", model, status, header.Get("x-bursar-cost-usd"), want, text)
		}
	}
	if !strings.Contains(g.log.String(), "it costs the price of unpriced_models") {
		t.Error("the log does not warn")
	}
	if _, _, text := g.do("GET", "/metrics", adminKey, ""); !strings.Contains(text, `bursar_unpriced_calls_total{model="brand-new"} 1`) || strings.Contains(text, `bursar_unpriced_calls_total{model="gpt-4.1"}`) {
		t.Error("the metrics do not count the call")
	}
	now.Store(new(c.UnpricedUntil))
	for model, want := range map[string]int{"brand-new": http.StatusForbidden, "gpt-4.1": http.StatusOK} {
		status, _, text := g.do("POST", "/v1/chat/completions", key, askFor(model))
		if status != want || want == http.StatusForbidden && !strings.Contains(text, "has no known price") {
			t.Errorf("%s on the day after: %d, want %d: %s", model, status, want, text)
		}
	}
}
