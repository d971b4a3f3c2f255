package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Gauge reads windows and budgets as they stand. The quota engine does.
type Gauge interface {
	Windows
	Spent(ctx context.Context, budgets []quota.Budget) ([]quota.BudgetState, error)
}

// Binding is how one limit stands that binds a subject. Amounts are in requests, tokens or nano-USD.
type Binding struct {
	Scope quota.Scope
	// Model is the model, pattern or access group of a limit by model, "" for others.
	Model string
	// Kind is one of quota's kinds.
	Kind string
	// Limit is [quota.Unlimited] for a budget without a cap. Used is for good, Reserved is held by calls under way.
	Limit, Used, Reserved int64
	// PeriodStart and ResetsAt bound a budget's period; of a rate, ResetsAt is when it is empty. Zero is never.
	PeriodStart, ResetsAt time.Time
	Hard                  bool
	// Throttled: the limit is lower than what was written down.
	Throttled bool
	// Source is one of [api.SourceOwn], [api.SourceBudget] and [api.SourceDefault]; BudgetID is the budget's.
	Source   string
	BudgetID string
	// EnforcedFrom is when it begins to refuse, of one that is only watched now: [quota.Never] is for good. Zero is one that refuses.
	EnforcedFrom time.Time
}

// Remaining is what the next call may take, never below 0; [quota.Unlimited] without a limit.
func (s Binding) Remaining() int64 {
	if s.Limit == quota.Unlimited {
		return quota.Unlimited
	}
	return max(0, s.Limit-s.Used-s.Reserved)
}

// Of returns the noun and the id of whose limit it is, such as "team" and "marketing".
func (s Binding) Of() (noun, id string) {
	noun, id, _ = strings.Cut(string(s.Scope), ":")
	return noun, strings.TrimSuffix(id, "#"+s.Model)
}

// State is the binding as the API answers it.
func (s Binding) State() api.LimitState {
	number, unit := whole, "requests"
	switch s.Kind {
	case quota.KindTokens:
		unit = "tokens"
	case quota.KindBudget:
		number, unit = dollars, "USD"
	}
	state := api.LimitState{
		Scope: string(s.Scope), Kind: s.Kind, Model: s.Model, Unit: unit,
		Limit: number(s.Limit), Used: number(s.Used), Reserved: number(s.Reserved), Remaining: number(s.Remaining()),
		HardCap: s.Hard, Throttled: s.Throttled, Source: s.Source, BudgetID: s.BudgetID,
	}
	if !s.ResetsAt.IsZero() {
		at := s.ResetsAt.UTC()
		state.ResetsAt = &at
	}
	state.Watched = !s.EnforcedFrom.IsZero()
	if state.Watched && !s.EnforcedFrom.Equal(quota.Never) {
		state.EnforceFrom = &s.EnforcedFrom
	}
	return state
}

func whole(n int64) json.Number   { return json.Number(strconv.FormatInt(n, 10)) }
func dollars(n int64) json.Number { return json.Number(money.Nano(n).String()) }

// TeamBindings are those of everybody who works for the team: its own limits and the pots over it.
func (s Spending) TeamBindings(ctx context.Context, teamID string) ([]Binding, error) {
	subject, err := s.Book.JudgeFresh(ctx, WorkingFor(teamID, ""), nil)
	if err != nil {
		return nil, err
	}
	return s.bindings(ctx, subject)
}

// KeyBindings are those that bind the key's calls.
func (s Spending) KeyBindings(ctx context.Context, key api.Key) ([]Binding, error) {
	subject, err := s.Book.subject(ctx, key, SlotOf(key), 0) // no call is admitted by it, so that it needs no version
	if err != nil {
		return nil, err
	}
	return s.bindings(ctx, subject)
}

func (s Spending) bindings(ctx context.Context, subject *Subject) ([]Binding, error) {
	gauge, ok := s.Counters.(Gauge)
	if !ok {
		return nil, fmt.Errorf("read limits: the counters %T do not tell windows", s.Counters)
	}
	return s.Book.Bindings(ctx, subject, gauge, s.Now())
}

// Bindings returns how everything stands that binds the subject, budgets without a cap included: rates in the order
// team, member, user, key, then those of models, then budgets and pots.
func (b *Book) Bindings(ctx context.Context, subject *Subject, gauge Gauge, now time.Time) ([]Binding, error) {
	var budgets []quota.Budget
	for _, running := range subject.allBudgets() {
		budgets = append(budgets, running.at(now))
	}
	spent, err := gauge.Spent(ctx, budgets)
	if err != nil {
		return nil, fmt.Errorf("read budgets: %w", err)
	}
	windows := subject.everyWindow()
	used, err := gauge.Used(ctx, subject.Slot, windows)
	if err != nil {
		return nil, fmt.Errorf("read windows: %w", err)
	}
	origin, err := b.origins(ctx, subject)
	if err != nil {
		return nil, err
	}
	var bindings []Binding
	for i, window := range windows {
		bindings = append(bindings, windowBindings(window, used[i], quota.ThrottledRPM(window, budgets, spent, now), origin, now)...)
	}
	for i, budget := range budgets {
		bindings = append(bindings, budgetBinding(budget, spent[i], now))
	}
	return bindings, nil
}

// everyWindow are the windows of the subject for whatever model.
func (s *Subject) everyWindow() []quota.Window {
	windows := slices.Clone(s.windows)
	if s.Team != nil {
		windows = appendLimitedModels(windows, teamScope(s.Team.TeamID), "team model", s.Team.ModelRateLimits, s.teamFrom)
	}
	if s.Key.KeyID != "" {
		windows = appendLimitedModels(windows, keyScope(s.Key.KeyID), "key model", s.Key.ModelRateLimits, s.keyFrom)
	}
	return windows
}

func appendLimitedModels(windows []quota.Window, owner quota.Scope, name string, limits api.ModelRateLimits, from time.Time) []quota.Window {
	for _, entry := range limitedModels(limits) {
		windows = appendWindow(windows, modelled(owner, entry), name, limitsOf(limits, entry), from)
	}
	return windows
}

func windowBindings(window quota.Window, used quota.WindowState, rpm int64, origin origins, now time.Time) (bindings []Binding) {
	for _, one := range []struct {
		kind              string
		limit, used, held int64
		empty             time.Duration
	}{
		{quota.KindRequests, rpm, used.Requests, 0, used.RequestsReset},
		{quota.KindTokens, window.TPM, used.Tokens - used.Held, used.Held, used.TokensReset},
		{quota.KindParallel, window.Parallel, used.Live, 0, 0},
	} {
		if one.limit == quota.Unlimited {
			continue
		}
		binding := Binding{
			Scope: window.Scope, Model: modelOf(window), Kind: one.kind, Limit: one.limit, Used: one.used, Reserved: one.held, Hard: true,
			Throttled:    one.kind == quota.KindRequests && rpm != window.RPM,
			EnforcedFrom: stillWatched(window.EnforcedFrom, now),
		}
		binding.Source, binding.BudgetID = origin.of(window, one.kind)
		if one.empty > 0 {
			binding.ResetsAt = now.Add(one.empty)
		}
		bindings = append(bindings, binding)
	}
	return bindings
}

// modelOf is what a limit by model counts. The "#" in the scope of a member stands before a user.
func modelOf(window quota.Window) string {
	if !strings.HasSuffix(window.Name, " model") {
		return ""
	}
	return LimitedModel(window.Scope)
}

// stillWatched is from when a limit refuses that does not yet.
func stillWatched(from, now time.Time) time.Time {
	if !quota.Watched(from, now) {
		return time.Time{}
	}
	return from
}

func budgetBinding(budget quota.Budget, state quota.BudgetState, now time.Time) Binding {
	binding := Binding{
		Scope: budget.Scope, Kind: quota.KindBudget, Limit: int64(budget.Limit), Used: int64(state.Settled), Reserved: int64(state.Reserved),
		PeriodStart: state.Period.Start, ResetsAt: state.Period.End, Hard: budget.Hard, Source: api.SourceOwn, BudgetID: budget.About.BudgetID,
		EnforcedFrom: stillWatched(budget.EnforcedFrom, now),
	}
	if binding.BudgetID != "" {
		binding.Source = api.SourceBudget
	}
	return binding
}

// origins are the limits that were written down at the objects that bind a subject, by scope, and what their budgets
// give them. What neither has comes from the configuration.
type origins map[quota.Scope]origin

type origin struct {
	own, budget api.RateLimits
	budgetID    string
}

func (b *Book) origins(ctx context.Context, subject *Subject) (origins, error) {
	known := origins{}
	add := func(scope quota.Scope, own api.RateLimits, terms api.BudgetTerms, budgetID *string) error {
		inForce, err := b.terms(ctx, terms, budgetID)
		known[scope] = origin{own, inForce.rates, inForce.budgetID}
		return err
	}
	if team := subject.Team; team != nil {
		if err := add(teamScope(team.TeamID), team.RateLimits, team.BudgetTerms, team.BudgetID); err != nil {
			return nil, err
		}
	}
	if key := subject.Key; key.KeyID != "" {
		if err := add(keyScope(key.KeyID), key.RateLimits, key.BudgetTerms, key.BudgetID); err != nil {
			return nil, err
		}
	}
	return known, nil
}

func (o origins) of(window quota.Window, kind string) (source, budgetID string) {
	from, known := o[window.Scope]
	if !known {
		return api.SourceOwn, ""
	}
	switch {
	case has(from.own, kind):
		return api.SourceOwn, ""
	case has(from.budget, kind):
		return api.SourceBudget, from.budgetID
	default:
		return api.SourceDefault, ""
	}
}

func has(limits api.RateLimits, kind string) bool {
	switch kind {
	case quota.KindRequests:
		return limits.RPMLimit != nil
	case quota.KindTokens:
		return limits.TPMLimit != nil
	default:
		return limits.MaxParallelRequests != nil
	}
}
