package adapter

import (
	"context"
	"net/http"
	"net/url"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/quotabench"
)

// liteLLM speaks LiteLLM's management API: https://docs.litellm.ai/docs/proxy/virtual_keys and …/team_budgets.
type liteLLM struct {
	api
	name string
}

// Version implements [quotabench.Gateway].
func (g liteLLM) Version(ctx context.Context) (string, error) {
	var ready struct {
		Version string `json:"litellm_version"`
	}
	if err := g.ask(ctx, http.MethodGet, "/health/readiness", nil, &ready); err != nil {
		return "", err
	}
	return g.name + " " + ready.Version, nil
}

// Open implements [quotabench.Gateway]: a team has the limits, but for parallel requests, which LiteLLM has for keys.
func (g liteLLM) Open(ctx context.Context, scenario string, limits quotabench.Limits, keys int) (quotabench.Pot, error) {
	if limits.ParallelRequests > 0 && keys > 1 {
		return quotabench.Pot{}, cannot("parallel requests of several keys together")
	}
	forKeys := map[string]any{}
	if limits.ParallelRequests > 0 {
		forKeys["max_parallel_requests"] = limits.ParallelRequests
	}
	return g.open(ctx, scenario, limits, keys, teamLimits(limits), forKeys)
}

func (g liteLLM) open(ctx context.Context, scenario string, limits quotabench.Limits, keys int, team, forKeys map[string]any) (quotabench.Pot, error) {
	pot := quotabench.Pot{ID: unique(scenario), Limits: limits}
	team["team_id"], team["team_alias"] = pot.ID, pot.ID
	if limits.Budget > 0 {
		team["budget_duration"] = "30d"
	}
	if err := g.ask(ctx, http.MethodPost, "/team/new", team, nil); err != nil {
		return pot, err
	}
	forKeys["team_id"] = pot.ID
	for range keys {
		var made struct {
			Key string `json:"key"`
		}
		if err := g.ask(ctx, http.MethodPost, "/key/generate", forKeys, &made); err != nil {
			return pot, err
		}
		pot.Keys = append(pot.Keys, made.Key)
	}
	return pot, nil
}

func teamLimits(limits quotabench.Limits) map[string]any {
	fields := map[string]any{}
	if limits.RequestsPerMinute > 0 {
		fields["rpm_limit"] = limits.RequestsPerMinute
	}
	if limits.TokensPerMinute > 0 {
		fields["tpm_limit"] = limits.TokensPerMinute
	}
	if limits.Budget > 0 {
		fields["max_budget"] = limits.Budget
	}
	return fields
}

// Change implements [quotabench.Gateway].
func (g liteLLM) Change(ctx context.Context, pot quotabench.Pot, limits quotabench.Limits) error {
	fields := teamLimits(limits)
	fields["team_id"] = pot.ID
	return g.ask(ctx, http.MethodPost, "/team/update", fields, nil)
}

// Spent implements [quotabench.Gateway].
func (g liteLLM) Spent(ctx context.Context, pot quotabench.Pot) (money.Nano, error) {
	var told struct {
		TeamInfo struct {
			Spend float64 `json:"spend"`
		} `json:"team_info"`
	}
	if err := g.ask(ctx, http.MethodGet, "/team/info?team_id="+url.QueryEscape(pot.ID), nil, &told); err != nil {
		return 0, err
	}
	return nanoOf(told.TeamInfo.Spend), nil
}
