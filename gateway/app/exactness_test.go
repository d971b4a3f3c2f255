package app_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/quotabench"
	"github.com/bursarhq/terraform-provider-bursar/internal/quotabench/adapter"
	"github.com/bursarhq/terraform-provider-bursar/internal/quotabench/meter"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// The bench for any gateway, which shares no code with this one, finds it exact. The scenarios that take minutes are run by
// .ci/exactness.
func TestGateway_quotabenchFindsNoFault(t *testing.T) {
	counted := &meter.Meter{}
	provider := httptest.NewServer(counted)
	t.Cleanup(provider.Close)
	prompt, completion := meter.PromptTokenNano*1_000_000, meter.CompletionTokenNano*1_000_000
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	c.Models = []config.Model{{
		Name: "quotabench", Upstream: "openai", BaseURL: provider.URL + "/v1", UpstreamModel: "quotabench",
		Price: &api.ModelPrice{TokenPrices: api.TokenPrices{Input: &prompt, Output: &completion}},
	}}
	g := start(t, c)
	transport := &http.Transport{MaxIdleConnsPerHost: 256}
	t.Cleanup(transport.CloseIdleConnections)
	bench := &quotabench.Bench{
		Gateway: adapter.Kinds["bursar"](adapter.Options{URL: g.URL(), AdminKey: adminKey, Transport: transport}), Meter: counted,
		URLs: []string{g.URL()}, Model: "quotabench", Only: []string{"budget", "shared-budget", "changed-limit"}, Patience: time.Minute,
		Transport: transport, Logger: slog.New(slog.DiscardHandler),
	}
	report, err := bench.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if report.Gateway != "Bursar test" || len(report.Results) != 3 {
		t.Errorf("ran %d scenarios against %q", len(report.Results), report.Gateway)
	}
	for _, result := range report.Results {
		if result.Skipped != "" || result.Faulty() || result.FalseRefusals > 0 || result.Cut > 0 || result.Calls.Answered < 40 {
			t.Errorf("%+v", result)
		}
	}
}
