package adapter

import (
	"context"
	"net/http"

	"github.com/bursarhq/terraform-provider-bursar/internal/quotabench"
)

// bursar has LiteLLM's routes, and a team's parallel requests besides.
type bursar struct{ liteLLM }

// Version implements [quotabench.Gateway].
func (g bursar) Version(ctx context.Context) (string, error) {
	var version struct {
		Version string `json:"version"`
	}
	if err := g.ask(ctx, http.MethodGet, "/health/readiness", nil, &version); err != nil {
		return "", err
	}
	return "Bursar " + version.Version, nil
}

// Open implements [quotabench.Gateway].
func (g bursar) Open(ctx context.Context, scenario string, limits quotabench.Limits, keys int) (quotabench.Pot, error) {
	team := teamLimits(limits)
	if limits.ParallelRequests > 0 {
		team["max_parallel_requests"] = limits.ParallelRequests
	}
	return g.open(ctx, scenario, limits, keys, team, map[string]any{})
}
