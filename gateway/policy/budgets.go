package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Defaults are what the configuration says for everybody.
type Defaults struct {
	// RPM and TPM bind teams, and keys without a team, that have no such limits of their own; nil does not.
	RPM, TPM *int64
	Timezone *time.Location
	ResetDay int
	// OddPeriodsSince is from when odd durations such as "90d" count from their object's creation. What is older
	// keeps the periods that it runs by.
	OddPeriodsSince time.Time
	// SoftLimitRPMFactor throttles a team at its soft limit; nil does not.
	SoftLimitRPMFactor *float64
	// Enforcement is that of limits whose objects have none of their own.
	Enforcement api.Enforcement
}

// rates are the limits of teams, and of keys without one, that have none of their own.
func (d Defaults) rates() api.RateLimits { return api.RateLimits{RPMLimit: d.RPM, TPMLimit: d.TPM} }

// budgetTerms are the terms in force for one counter, wherever they came from.
type budgetTerms struct {
	api.BudgetTerms
	budgetID   string
	rates      api.RateLimits
	thresholds []float64
	timezone   *time.Location
	factor     *float64
	// enforcement is that of the budget that the terms come from.
	enforcement api.Enforcement
	// unreadable is what of them this gateway does not understand, "" for nothing.
	unreadable string
}

// terms returns the owner's own terms, or those of the budget it names.
func (b *Book) terms(ctx context.Context, own api.BudgetTerms, budgetID *string) (budgetTerms, error) {
	if budgetID == nil {
		return budgetTerms{BudgetTerms: own, timezone: b.defaults.Timezone, factor: b.defaults.SoftLimitRPMFactor}, nil
	}
	budget, err := b.source.Budget(ctx, *budgetID)
	if err != nil {
		return budgetTerms{}, fmt.Errorf("read budget %s: %w", *budgetID, err)
	}
	terms := b.termsOf(budget)
	if own.TempBudgetIncrease != nil { // it raises whatever cap binds its owner, and nobody else's
		terms.TempBudget = own.TempBudget
	}
	return terms, nil
}

func (b *Book) termsOf(budget api.Budget) budgetTerms {
	terms := budgetTerms{
		BudgetTerms: budget.BudgetTerms, budgetID: budget.BudgetID, rates: budget.RateLimits,
		thresholds: budget.AlertThresholds, timezone: b.defaults.Timezone, factor: b.defaults.SoftLimitRPMFactor,
		enforcement: budget.Enforcement,
	}
	if budget.Timezone != nil {
		zone, err := time.LoadLocation(*budget.Timezone)
		if err != nil {
			terms.unreadable = fmt.Sprintf("time zone %q", *budget.Timezone)
		}
		terms.timezone = zone
	}
	if budget.OnSoftLimit != nil && budget.OnSoftLimit.ReduceRPMPct != nil {
		terms.factor = budget.OnSoftLimit.ReduceRPMPct
	}
	return terms
}

func (b *Book) teamBudget(team api.Team, terms budgetTerms, routes []api.AlertRoute) *runningBudget {
	if len(team.AlertThresholds) > 0 {
		terms.thresholds = team.AlertThresholds
	}
	for _, route := range routes {
		if route.Enabled && route.Covers(team.TeamID) {
			terms.thresholds = append(slices.Clone(terms.thresholds), route.Thresholds...)
		}
	}
	about := api.AlertEvent{TeamID: team.TeamID, BudgetID: terms.budgetID}
	if team.TeamAlias != nil {
		about.TeamAlias = *team.TeamAlias
	}
	running := b.running(teamScope(team.TeamID), "team", terms, team.CreatedAt, about)
	running.countIn(team.TeamID)
	running.enforce(b.enforcedFrom(team.Enforcement, terms.enforcement))
	running.throttle(teamScope(team.TeamID), terms)
	running.tellOfThrottle(withFallback(withFallback(team.RateLimits, terms.rates), b.defaults.rates()))
	return running
}

// tellOfThrottle notes, for the event, what becomes of the team's limit at which share.
func (r *runningBudget) tellOfThrottle(limits api.RateLimits) {
	if limits.RPMLimit == nil {
		return
	}
	for _, budget := range []*quota.Budget{&r.template, r.increased} {
		if budget == nil || budget.Throttle == nil {
			continue
		}
		at := slices.IndexFunc(budget.Thresholds, func(t quota.Threshold) bool { return t.At == budget.Throttle.At })
		if at < 0 {
			continue
		}
		budget.About.Threshold = budget.Thresholds[at].Share
		budget.About.Changes = []api.AlertChange{{
			Field: "rpm_limit", From: json.RawMessage(strconv.FormatInt(*limits.RPMLimit, 10)),
			To: json.RawMessage(strconv.FormatInt(budget.Throttle.Reduced(*limits.RPMLimit), 10)),
		}}
	}
}

func (b *Book) keyBudget(key api.Key, terms budgetTerms) *runningBudget {
	about := api.AlertEvent{KeyID: key.KeyID, BudgetID: terms.budgetID}
	if key.TeamID != nil {
		about.TeamID = *key.TeamID
	}
	running := b.running(keyScope(key.KeyID), "key", terms, key.CreatedAt, about)
	if len(key.SpeakForTeams) == 0 { // a key that speaks for teams is charged in the slots of all of them
		running.countIn(SlotOf(key))
	}
	return running
}

func (b *Book) potBudget(budget api.Budget, routes []api.AlertRoute) *runningBudget {
	terms := b.termsOf(budget)
	for _, route := range routes {
		if route.Enabled && len(route.TeamIDs) == 0 {
			terms.thresholds = append(slices.Clone(terms.thresholds), route.Thresholds...)
		}
	}
	running := b.running(potScope(budget.BudgetID), "budget "+budget.BudgetID, terms, budget.CreatedAt, api.AlertEvent{BudgetID: budget.BudgetID})
	running.enforce(b.enforcedFrom(budget.Enforcement))
	return running
}

// runningBudget is a budget whose periods are worked out when time has moved on.
type runningBudget struct {
	template quota.Budget
	// increased takes the template's place until increasedUntil; nil for budgets without a temporary increase.
	increased      *quota.Budget
	increasedUntil time.Time
	// armedBy are the scopes whose changes make people hear of every threshold again.
	armedBy  []string
	calendar quota.Calendar
	// unreadable is what of the budget this gateway does not understand, "" for nothing. Its period is not known then.
	unreadable string
	around     atomic.Pointer[[]quota.Period]
}

// closed refuses calls that would be charged to a budget whose period is not known: by a period of this gateway's own
// choice they could spend it twice.
func (r *runningBudget) closed() error {
	if r.unreadable == "" {
		return nil
	}
	return api.Errorf(api.BudgetExceeded, "the budget of %s is closed: its %s cannot be read by this gateway; correct it, or run a release that knows it",
		r.template.Scope, r.unreadable)
}

// running is the budget of an object that was made at a moment.
func (b *Book) running(scope quota.Scope, name string, terms budgetTerms, made time.Time, about api.AlertEvent) *runningBudget {
	r := &runningBudget{
		template: budgetOf(scope, name, terms, about),
		armedBy:  []string{string(scope)},
		calendar: quota.Calendar{ResetDay: b.defaults.ResetDay, Zone: terms.timezone},

		unreadable: terms.unreadable,
	}
	if raised, increased := terms.Increased(); increased {
		until := *terms.TempBudgetExpiry
		terms.BudgetTerms = raised
		budget := budgetOf(scope, name, terms, about)
		r.increased, r.increasedUntil = &budget, until
	}
	if terms.budgetID != "" && string(scope) != api.PotScope(terms.budgetID) {
		r.armedBy = append(r.armedBy, api.PotScope(terms.budgetID))
	}
	if terms.ResetDay != nil {
		r.calendar.ResetDay = *terms.ResetDay
	}
	if terms.BudgetDuration != nil {
		span, err := api.ParseSpan(*terms.BudgetDuration)
		if err != nil {
			r.unreadable = fmt.Sprintf("duration %q", *terms.BudgetDuration)
		}
		r.calendar.Span = &span
	}
	if r.calendar.Zone == nil {
		r.calendar.Zone = time.UTC
	}
	if !made.Before(b.defaults.OddPeriodsSince) {
		r.calendar.Made = made
	}
	return r
}

func budgetOf(scope quota.Scope, name string, terms budgetTerms, about api.AlertEvent) quota.Budget {
	budget := quota.Budget{
		Scope: scope, Name: name, Limit: quota.Unlimited, Hard: terms.HardCap, Thresholds: thresholds(terms), About: about,
	}
	if terms.MaxBudget != nil {
		// The limit itself is the generation of thresholds that were never armed again, see arm.
		budget.Limit, budget.Generation = *terms.MaxBudget, int64(*terms.MaxBudget)
	}
	return budget
}

// countIn says that every request of the budget is counted in one slot, which is not so for pots.
func (r *runningBudget) countIn(slot string) {
	r.template.Slot = slot
	if r.increased != nil {
		r.increased.Slot = slot
	}
}

func (r *runningBudget) throttle(window quota.Scope, terms budgetTerms) {
	if terms.factor == nil {
		return
	}
	if soft, set := terms.SoftLimit(); set {
		r.template.Throttle = &quota.Throttle{Window: window, At: soft, Factor: *terms.factor}
	}
	if r.increased == nil {
		return
	}
	raised, _ := terms.Increased()
	if soft, set := raised.SoftLimit(); set {
		r.increased.Throttle = &quota.Throttle{Window: window, At: soft, Factor: *terms.factor}
	}
}

// at returns the budget with the periods around now; the engine's clock, not ours,
// decides which of them a request belongs to.
func (r *runningBudget) at(now time.Time) quota.Budget {
	around := r.around.Load()
	if around == nil || !running(*around).Contains(now) {
		periods := r.calendar.Around(now)
		around = &periods
		r.around.Store(around)
	}
	budget := r.template
	if r.increased != nil && now.Before(r.increasedUntil) {
		budget = *r.increased
	}
	budget.Periods = *around
	return budget
}

// narrow cuts a time down to where at returns the same as now.
func (r *runningBudget) narrow(within quota.Period, now time.Time) quota.Period {
	current := running(r.at(now).Periods)
	if r.increased != nil {
		if now.Before(r.increasedUntil) {
			within = both(within, quota.Period{End: r.increasedUntil})
		} else {
			within = both(within, quota.Period{Start: r.increasedUntil})
		}
	}
	return both(within, current)
}

// both is the time that lies in two periods.
func both(a, b quota.Period) quota.Period {
	if b.Start.After(a.Start) {
		a.Start = b.Start
	}
	if !b.End.IsZero() && (a.End.IsZero() || b.End.Before(a.End)) {
		a.End = b.End
	}
	return a
}

// running is the middle one of the periods around a moment, or the only one.
func running(around []quota.Period) quota.Period { return around[len(around)/2] }

// thresholds are the amounts at which to tell somebody: the soft limit, the shares that
// the budget and its alert routes ask for, and the cap itself.
func thresholds(terms budgetTerms) []quota.Threshold {
	soft, hasSoft := terms.SoftLimit()
	if terms.MaxBudget == nil {
		if hasSoft {
			return []quota.Threshold{{Share: 0, At: soft}}
		}
		return nil
	}
	limit := *terms.MaxBudget
	list := []quota.Threshold{{Share: 1, At: limit}}
	if hasSoft && limit > 0 {
		share := float64(soft) / float64(limit)
		if terms.SoftThresholdPct != nil {
			share = *terms.SoftThresholdPct
		}
		list = append(list, quota.Threshold{Share: share, At: soft})
	}
	for _, share := range terms.thresholds {
		list = append(list, quota.Threshold{Share: share, At: api.Share(limit, share)})
	}
	slices.SortStableFunc(list, func(a, b quota.Threshold) int { return compare(a.At, b.At) })
	return slices.CompactFunc(list, func(a, b quota.Threshold) bool { return a.At == b.At })
}

func compare(a, b money.Nano) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}
