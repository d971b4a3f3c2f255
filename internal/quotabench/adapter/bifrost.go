package adapter

import (
	"context"
	"net/http"
	"net/url"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/quotabench"
)

// bifrost speaks Bifrost's governance API: https://docs.getbifrost.ai/features/governance. Rate limits are a virtual
// key's own there; keys share the budget of a team.
type bifrost struct{ api }

// Version implements [quotabench.Gateway].
func (g bifrost) Version(ctx context.Context) (string, error) {
	var version string
	if err := g.ask(ctx, http.MethodGet, "/api/version", nil, &version); err != nil {
		return "Bifrost, which does not tell its version", nil //nolint:nilerr // no scenario needs it
	}
	return "Bifrost " + version, nil
}

type bifrostBudget struct {
	MaxLimit      money.Nano `json:"max_limit"`
	ResetDuration string     `json:"reset_duration"`
}

func budgetOf(limits quotabench.Limits) *bifrostBudget {
	if limits.Budget == 0 {
		return nil
	}
	return &bifrostBudget{MaxLimit: limits.Budget, ResetDuration: "1M"}
}

// Open implements [quotabench.Gateway].
func (g bifrost) Open(ctx context.Context, scenario string, limits quotabench.Limits, keys int) (quotabench.Pot, error) {
	switch {
	case limits.ParallelRequests > 0:
		return quotabench.Pot{}, cannot("limits of parallel requests")
	case keys > 1 && limits.Budget == 0:
		return quotabench.Pot{}, cannot("rate limits of several keys together")
	case keys > 1:
		return g.openTeam(ctx, scenario, limits, keys)
	}
	name := unique(scenario)
	key := map[string]any{"name": name, "is_active": true}
	if budget := budgetOf(limits); budget != nil {
		key["budget"] = budget
	}
	if limit := rateLimitOf(limits); limit != nil {
		key["rate_limit"] = limit
	}
	id, secret, err := g.newKey(ctx, key)
	return quotabench.Pot{ID: "virtual-keys/" + id, Keys: []string{secret}, Limits: limits}, err
}

func (g bifrost) openTeam(ctx context.Context, scenario string, limits quotabench.Limits, keys int) (quotabench.Pot, error) {
	name := unique(scenario)
	var made struct {
		Team struct {
			ID string `json:"id"`
		} `json:"team"`
	}
	if err := g.ask(ctx, http.MethodPost, "/api/governance/teams", map[string]any{"name": name, "budget": budgetOf(limits)}, &made); err != nil {
		return quotabench.Pot{}, err
	}
	pot := quotabench.Pot{ID: "teams/" + made.Team.ID, Limits: limits}
	for range keys {
		_, secret, err := g.newKey(ctx, map[string]any{"name": unique(scenario), "team_id": made.Team.ID, "is_active": true})
		if err != nil {
			return pot, err
		}
		pot.Keys = append(pot.Keys, secret)
	}
	return pot, nil
}

func (g bifrost) newKey(ctx context.Context, fields map[string]any) (id, secret string, err error) {
	var made struct {
		VirtualKey struct {
			ID    string `json:"id"`
			Value string `json:"value"`
		} `json:"virtual_key"`
	}
	err = g.ask(ctx, http.MethodPost, "/api/governance/virtual-keys", fields, &made)
	return made.VirtualKey.ID, made.VirtualKey.Value, err
}

func rateLimitOf(limits quotabench.Limits) map[string]any {
	limit := map[string]any{}
	if limits.RequestsPerMinute > 0 {
		limit["request_max_limit"], limit["request_reset_duration"] = limits.RequestsPerMinute, "1m"
	}
	if limits.TokensPerMinute > 0 {
		limit["token_max_limit"], limit["token_reset_duration"] = limits.TokensPerMinute, "1m"
	}
	if len(limit) == 0 {
		return nil
	}
	return limit
}

// Change implements [quotabench.Gateway].
func (g bifrost) Change(ctx context.Context, pot quotabench.Pot, limits quotabench.Limits) error {
	fields := map[string]any{}
	if limit := rateLimitOf(limits); limit != nil {
		fields["rate_limit"] = limit
	}
	if budget := budgetOf(limits); budget != nil {
		fields["budget"] = budget
	}
	return g.ask(ctx, http.MethodPut, "/api/governance/"+pot.ID, fields, nil)
}

// Spent implements [quotabench.Gateway].
func (g bifrost) Spent(ctx context.Context, pot quotabench.Pot) (money.Nano, error) {
	type holder struct {
		Budget *struct {
			CurrentUsage float64 `json:"current_usage"`
		} `json:"budget"`
	}
	var told struct {
		VirtualKey holder `json:"virtual_key"`
		Team       holder `json:"team"`
	}
	if err := g.ask(ctx, http.MethodGet, "/api/governance/"+(&url.URL{Path: pot.ID}).EscapedPath(), nil, &told); err != nil {
		return 0, err
	}
	for _, one := range []holder{told.VirtualKey, told.Team} {
		if one.Budget != nil {
			return nanoOf(one.Budget.CurrentUsage), nil
		}
	}
	return 0, cannot("what a key without a budget has spent")
}
