package app_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/seal"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// Through the API, models are put at public addresses and in upstream_networks only; those of the file and those that
// were stored before go on. Nobody's are where clouds keep their secrets.
func TestModels_addressesOfTheAPIAreJudged(t *testing.T) {
	provider := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	c := settings(t, provider)
	c.UpstreamNetworks = nil
	cent := 10_000 * money.USD
	old := api.NewModel("old")
	old.Name, old.BaseURL = "old", new(provider.URL())
	old.Price = &api.ModelPrice{TokenPrices: api.TokenPrices{Input: &cent, Output: &cent}}
	sealer, err := seal.LoadOrCreate(c.DataDir)
	if err != nil {
		t.Fatal(err)
	}
	record, err := store.Open(t.Context(), c.DatabaseURL, store.Options{Sealer: sealer, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := record.CreateModel(t.Context(), api.Change{Actor: "before"}, old); err != nil {
		t.Fatal(err)
	}
	if err := record.Close(); err != nil {
		t.Fatal(err)
	}

	g := start(t, c)
	key := g.newKey(`{}`)
	body := func(model string) string { return strings.Replace(hello, "gpt-4.1-mini", model, 1) }
	for _, model := range []string{"gpt-4.1-mini", "old"} {
		if status, _, text := g.do("POST", "/v1/chat/completions", key, body(model)); status != http.StatusOK {
			t.Errorf("%s: %d %s", model, status, text)
		}
	}
	if !strings.Contains(g.log.String(), "upstream_networks") {
		t.Error("nobody is warned of the model of before")
	}
	for address, want := range map[string]string{
		provider.URL(): "upstream_networks", "http://10.1.2.3/v1": "upstream_networks", "http://localhost:1/v1": "upstream_networks",
		"http://169.254.169.254/v1": "no model is ever asked there", "http://[fe80::1]/v1": "no model is ever asked there",
	} {
		for _, request := range []string{`{"model_id":"new","name":"new","base_url":"` + address + `"}`, `{"model_name":"new","litellm_params":{"model":"openai/x","api_base":"` + address + `"}}`} {
			if status, _, text := g.do("POST", "/model/new", adminKey, request); status != http.StatusBadRequest || !strings.Contains(text, want) {
				t.Errorf("%s: %d %s", request, status, text)
			}
		}
	}
	if status, _, text := g.do("POST", "/model/update", adminKey, `{"model_id":"old","weight":2}`); status != http.StatusOK {
		t.Errorf("another change of a model of before: %d %s", status, text)
	}
}

// What a name stands for is judged again when it is connected to, also for a wildcard's models.
func TestModels_connectionsOfTheAPIAreJudged(t *testing.T) {
	provider := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	c := settings(t, provider) // loopback is in upstream_networks
	g := start(t, c)
	price := `"price":{"input_per_million_usd":1,"output_per_million_usd":1}`
	for _, name := range []string{"mine", "wild/*"} {
		g.admin("POST", "/model/new", `{"name":"`+name+`","base_url":"`+provider.URL()+`",`+price+`}`)
	}
	key := g.newKey(`{}`)
	call := func(g *gateway, model string) int {
		status, _, _ := g.do("POST", "/v1/chat/completions", key, strings.Replace(hello, "gpt-4.1-mini", model, 1))
		return status
	}
	for _, model := range []string{"mine", "wild/x"} {
		if status := call(g, model); status != http.StatusOK {
			t.Errorf("%s: %d", model, status)
		}
	}
	g.stop()
	c.UpstreamNetworks = nil
	g = start(t, c)
	for _, model := range []string{"mine", "wild/x"} {
		if status := call(g, model); status < 500 {
			t.Errorf("%s outside of upstream_networks: %d", model, status)
		}
	}
}
