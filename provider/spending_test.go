package provider_test

import (
	"io"
	"net/http"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// serve adds a model of which every call costs a dollar.
func (g *gateway) serve(name string) {
	g.t.Helper()
	upstream := testenv.StartUpstream(g.t, testenv.UpstreamOptions{})
	must[api.Model](g.t)(g.CreateModel(g.t.Context(), name, api.ModelFields{
		Name: name, Upstream: "openai", BaseURL: new(upstream.URL()), Enabled: true, Weight: 1,
		Price: &api.ModelPrice{TokenPrices: api.TokenPrices{Input: new(money.Nano(0)), Output: new(money.Nano(0))}, Request: new(money.USD)},
	}))
}

// spend asks the model that often.
func (g *gateway) spend(secret, model string, calls int) {
	g.t.Helper()
	for range calls {
		body := `{"model":"` + model + `","max_tokens":5,"messages":[{"role":"user","content":"fake: prompt_tokens=5 completion_tokens=2"}]}`
		request, err := http.NewRequestWithContext(g.t.Context(), http.MethodPost, g.URL+"/v1/chat/completions", strings.NewReader(body))
		if err != nil {
			g.t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+secret)
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			g.t.Fatal(err)
		}
		said, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			g.t.Fatalf("%s: %s, %v", response.Status, said, err)
		}
	}
}
