package app_test

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// priceFile has one price of its own, one that is free, and one entry without any.
const priceFile = `{
	"own-model": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-06, "cache_read_input_token_cost": 1e-07, "output_cost_per_token": 2e-06},
	"free-model": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 0, "output_cost_per_token": 0},
	"unknown-model": {"litellm_provider": "openai", "mode": "chat", "max_tokens": 100}
}`

func withPrices(t *testing.T, prices string, instead bool, models ...string) config.Config {
	t.Helper()
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	c := settings(t, upstream)
	c.PriceFile, c.PriceFileInstead = filepath.Join(t.TempDir(), "prices.json"), instead
	if err := os.WriteFile(c.PriceFile, []byte(prices), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Models = nil
	for _, model := range models {
		c.Models = append(c.Models, config.Model{
			ID: model, Name: model, Upstream: "openai", BaseURL: upstream.URL(), UpstreamModel: model,
		})
	}
	return c
}

func askFor(model string) string { return strings.Replace(hello, "gpt-4.1-mini", model, 1) }

func TestGateway_chargesByAPriceFile(t *testing.T) {
	for _, test := range []struct {
		instead bool
		model   string
		status  int
		cost    string
	}{
		{false, "own-model", 200, "0.00015"},   // 50 × $1 + 50 × $2 a million
		{false, "gpt-4.1-mini", 200, "0.0001"}, // of the catalogue: 50 × $0.40 + 50 × $1.60
		{false, "free-model", 200, "0"},        //
		{false, "unknown-model", 403, ""},      // neither has a price
		{true, "own-model", 200, "0.00015"},    //
		{true, "gpt-4.1-mini", 403, ""},        // the catalogue is not asked
		{true, "free-model", 200, "0"},         //
	} {
		g := start(t, withPrices(t, priceFile, test.instead, test.model))
		key := g.newKey(`{}`)
		status, header, text := g.do("POST", "/v1/chat/completions", key, askFor(test.model))
		if status != test.status || header.Get("x-bursar-cost-usd") != test.cost {
			t.Errorf("%s, instead %v: %d, %q USD, want %d and %q: %s", test.model, test.instead, status, header.Get("x-bursar-cost-usd"), test.status, test.cost, text)
		}
	}
}

func TestNew_namesTheKeyAtFaultInAPriceFile(t *testing.T) {
	c := withPrices(t, `{"own-model": {"input_cost_per_token": "cheap"}}`, false)
	missing := c
	missing.PriceFile = filepath.Join(t.TempDir(), "no-such.json")
	for want, c := range map[string]config.Config{`own-model: input_cost_per_token: "cheap"`: c, "no-such.json": missing} {
		_, err := app.New(t.Context(), app.Options{Config: c, Logger: slog.New(slog.DiscardHandler)})
		if err == nil || !strings.Contains(err.Error(), "prices.file: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to say %s", err, want)
		}
	}
}

// A call is charged by every kind of price that is stated.
func TestGateway_chargesByAStatedPrice(t *testing.T) {
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	c.Models[0].Price = &api.ModelPrice{}
	if err := json.Unmarshal([]byte(`{
		"input_per_million_usd":1,"cached_input_per_million_usd":0.5,"output_per_million_usd":2,"reasoning_per_million_usd":4,"request_usd":0.01,
		"tiers":[{"above_prompt_tokens":1000,"input_per_million_usd":10,"output_per_million_usd":20}]}`), c.Models[0].Price); err != nil {
		t.Fatal(err)
	}
	g := start(t, c)
	key := g.newKey(`{}`)
	for usage, want := range map[string]string{
		"prompt_tokens=50 cached_tokens=20 completion_tokens=10 reasoning_tokens=5": "0.01007", // 30 × 1 + 20 × 0.5 + 5 × 2 + 5 × 4 = 70 millionths
		"prompt_tokens=1001 completion_tokens=10":                                   "0.02021", // 1,001 × 10 + 10 × 20 = 10,210 millionths
	} {
		status, header, text := g.do("POST", "/v1/chat/completions", key, `{"model":"gpt-4.1-mini","max_tokens":50,"messages":[{"role":"user","content":"fake: `+usage+`"}]}`)
		if status != 200 || header.Get("x-bursar-cost-usd") != want {
			t.Errorf("%s: %d, %q USD, want %s: %s", usage, status, header.Get("x-bursar-cost-usd"), want, text)
		}
	}
}
