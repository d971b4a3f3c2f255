package policy

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/modelname"
)

// Subject is a key with everything that binds its requests, as of one policy version.
type Subject struct {
	// Key has no id when the caller came with a token of an identity provider; it then says for
	// which team and user.
	Key api.Key
	// Team is nil for a key without one.
	Team    *api.Team
	Slot    string
	Version int64
	// validUntil is when the secret that led here ends; the zero time is never.
	validUntil time.Time
	// raisedUntil is when the first of the temporary increases of its rates ends; the zero time is never.
	raisedUntil time.Time

	windows []quota.Window
	budgets []*runningBudget
	pots    []pot
	// teamFrom and keyFrom are from when the limits of the team and of the key refuse.
	teamFrom, keyFrom time.Time

	mu       sync.Mutex
	modelled map[string]modelWindows
	// charged are the budgets that requests for the models were charged to last.
	charged map[string]charged
}

// pot is a shared budget and what it covers.
type pot struct {
	budget *runningBudget
	scope  api.Budget
}

func (b *Book) subject(ctx context.Context, key api.Key, slot string, version int64) (*Subject, error) {
	common, err := b.sharedNow(ctx)
	if err != nil {
		return nil, err
	}
	s := &Subject{Key: key, Slot: slot, Version: version, modelled: map[string]modelWindows{}, charged: map[string]charged{}}
	if key.TeamID != nil {
		team, err := b.source.Team(ctx, *key.TeamID)
		if err != nil {
			return nil, err
		}
		s.Team = &team
		if err := b.bindTeam(ctx, s, team, common.routes); err != nil {
			return nil, err
		}
	}
	if key.UserID != nil {
		if err := b.bindUser(ctx, s, *key.UserID, common.routes); err != nil {
			return nil, err
		}
	}
	if key.KeyID != "" {
		if err := b.bindKey(ctx, s, key); err != nil {
			return nil, err
		}
	}
	for _, budget := range common.pots {
		if covers(budget, key) {
			s.pots = append(s.pots, pot{budget: b.potBudget(budget, common.routes), scope: budget})
		}
	}
	for _, budget := range s.allBudgets() {
		if err := budget.closed(); err != nil {
			return nil, err
		}
	}
	return s, b.arm(ctx, s.allBudgets())
}

// ended says whether the subject has to be looked up again: the secret that led to it has been replaced for good, or
// limits are no longer raised.
func (s *Subject) ended(now time.Time) bool {
	return past(s.validUntil, now) || past(s.raisedUntil, now)
}

func past(end, now time.Time) bool { return !end.IsZero() && !now.Before(end) }

// raise adds a temporary increase to limits, and notes when it ends.
func (s *Subject) raise(limits api.RateLimits, by api.TempRates) api.RateLimits {
	now := time.Now()
	if !by.InForce(now) {
		return limits
	}
	if s.raisedUntil.IsZero() || by.TempLimitExpiry.Before(s.raisedUntil) {
		s.raisedUntil = *by.TempLimitExpiry
	}
	return by.Raise(limits, now)
}

func (b *Book) bindTeam(ctx context.Context, s *Subject, team api.Team, routes []api.AlertRoute) error {
	terms, err := b.terms(ctx, team.BudgetTerms, team.BudgetID)
	if err != nil {
		return err
	}
	limits := withFallback(team.RateLimits, terms.rates)
	limits = withFallback(limits, b.defaults.rates())
	s.teamFrom = b.enforcedFrom(team.Enforcement, terms.enforcement)
	s.windows = appendWindow(s.windows, teamScope(team.TeamID), "team", s.raise(limits, team.TempRates), s.teamFrom)
	s.budgets = append(s.budgets, b.teamBudget(team, terms, routes))
	return nil
}

func (b *Book) bindKey(ctx context.Context, s *Subject, key api.Key) error {
	terms, err := b.terms(ctx, key.BudgetTerms, key.BudgetID)
	if err != nil {
		return err
	}
	limits := withFallback(key.RateLimits, terms.rates)
	if key.TeamID == nil { // no team's limits bind it, and nobody may be bound by none
		limits = withFallback(limits, b.defaults.rates())
	}
	s.keyFrom = b.keyEnforcedFrom(s, key, terms)
	s.windows = appendWindow(s.windows, keyScope(key.KeyID), "key", s.raise(limits, key.TempRates), s.keyFrom)
	budget := b.keyBudget(key, terms)
	budget.enforce(s.keyFrom)
	s.budgets = append(s.budgets, budget)
	return nil
}

// modelWindows are the windows of a model as long as it is called by the same names.
type modelWindows struct {
	names   *modelname.Names
	windows []quota.Window
}

// EveryWindow are the rate windows that bind every request, whatever model it is for. They must not be changed.
func (s *Subject) EveryWindow() []quota.Window { return s.windows }

// Windows are the rate windows that bind a request for the model. Every limit that stands for one of its
// names does; one under a pattern or an access group is one counter for all that it stands for.
func (s *Subject) Windows(model *modelname.Names) []quota.Window {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, known := s.modelled[model.Name]; known && last.names == model {
		return last.windows
	}
	windows := slices.Clone(s.windows)
	if s.Team != nil {
		windows = appendModelWindow(windows, teamScope(s.Team.TeamID), "team model", s.Team.ModelRateLimits, model, s.teamFrom)
	}
	// A caller without a key has no model limits of one either.
	windows = appendModelWindow(windows, keyScope(s.Key.KeyID), "key model", s.Key.ModelRateLimits, model, s.keyFrom)
	if _, known := s.modelled[model.Name]; known || len(s.modelled) < maxModelsRemembered {
		s.modelled[model.Name] = modelWindows{names: model, windows: windows}
	}
	return windows
}

const maxModelsRemembered = 1000

// charged are budgets as they are in force within a time.
type charged struct {
	names   *modelname.Names
	budgets []quota.Budget
	within  quota.Period
}

// Budgets are the budgets that a request for the model is charged to, with their periods around now.
// They are shared and must not be changed.
func (s *Subject) Budgets(model *modelname.Names, now time.Time) []quota.Budget {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, known := s.charged[model.Name]; known && last.names == model && last.within.Contains(now) {
		return last.budgets
	}
	last := charged{names: model, budgets: s.budgetsAt(model, now)}
	for _, budget := range s.allBudgets() {
		last.within = budget.narrow(last.within, now)
	}
	if _, known := s.charged[model.Name]; known || len(s.charged) < maxModelsRemembered {
		s.charged[model.Name] = last
	}
	return last.budgets
}

func (s *Subject) budgetsAt(model *modelname.Names, now time.Time) []quota.Budget {
	budgets := make([]quota.Budget, 0, len(s.budgets)+len(s.pots))
	for _, budget := range s.budgets {
		budgets = append(budgets, budget.at(now))
	}
	for _, pot := range s.pots {
		if pot.scope.Models == nil || slices.ContainsFunc(pot.scope.Models, model.BoundBy) {
			budgets = append(budgets, pot.budget.at(now))
		}
	}
	return budgets
}

func (s *Subject) allBudgets() []*runningBudget {
	all := slices.Clone(s.budgets)
	for _, pot := range s.pots {
		all = append(all, pot.budget)
	}
	return all
}

func covers(budget api.Budget, key api.Key) bool {
	if budget.KeyIDs != nil && !slices.Contains(budget.KeyIDs, key.KeyID) {
		return false
	}
	if budget.TeamIDs == nil {
		return true
	}
	return key.TeamID != nil && slices.Contains(budget.TeamIDs, *key.TeamID)
}

// Special model names of LiteLLM.
const (
	allModels = api.AllProxyModels
	teamModel = api.AllTeamModels
	noModels  = api.NoDefaultModels
)

// MayUse says whether the key and the team allow the model when it is asked for by the name; if not, who does not.
func (s *Subject) MayUse(model *modelname.Names, asked string) (allowed bool, deniedBy string) {
	if !listAllows(s.Key.Models, model, asked) {
		return false, "key"
	}
	if s.Team != nil && !listAllows(s.Team.Models, model, asked) {
		return false, "team"
	}
	return true, ""
}

func listAllows(list []string, model *modelname.Names, asked string) bool {
	if len(list) == 0 {
		return true
	}
	for _, entry := range list {
		switch {
		case entry == allModels || entry == teamModel:
			return true
		case entry != noModels && model.GrantedBy(entry, asked):
			return true
		}
	}
	return false
}
