// Package outlook asks the record what past days cost, and tells what budgets will: in answers, metrics and alerts.
//
// It promises that everything that speaks of a forecast speaks of the same one, that of the package forecast, and that
// days of very many teams are read once in ten minutes. It must never know HTTP, SQL, or who is told.
package outlook

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/forecast"
	"github.com/bursarhq/terraform-provider-bursar/gateway/policy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Record is where objects and what days cost are read.
type Record interface {
	Teams(ctx context.Context, filter api.TeamFilter) (teams []api.Team, total int, err error)
	Key(ctx context.Context, id string) (api.Key, error)
	Budget(ctx context.Context, id string) (api.Budget, error)
	// EachUsageSum calls each with every sum that the query asks for, in order, and stops at its error.
	EachUsageSum(ctx context.Context, query api.UsageQuery, each func(api.UsageSum) error) error
	// UsageDays returns what each UTC day from from on and before to cost over a selection by teams, keys and models.
	UsageDays(ctx context.Context, selection api.LedgerSelection, from, to time.Time) (api.UsageDays, error)
}

// Spending says how budgets stand, from the counters that enforce them.
type Spending interface {
	StandingTeams(ctx context.Context, teams []api.Team) ([]policy.Standing, error)
	StandingPots(ctx context.Context) ([]policy.Standing, error)
	Keys(ctx context.Context, keys []api.Key) ([]api.BudgetState, error)
}

// Options are what an [Outlook] is made of. All are required.
type Options struct {
	Record   Record
	Spending Spending
	Now      func() time.Time
}

// Outlook foresees budgets.
type Outlook struct {
	Options
	// reading is held by the one that reads the days of all teams.
	reading sync.Mutex
	// teams are what the days of all teams cost, read at readAt.
	teams  map[string]forecast.History
	readAt time.Time

	mu sync.Mutex
	// others are the histories of keys and pots.
	others map[quota.Scope]kept
}

type kept struct {
	history forecast.History
	at      time.Time
}

// fresh is how long days are remembered; whole days of the past hardly change.
const fresh = 10 * time.Minute

// New returns an outlook.
func New(options Options) *Outlook {
	return &Outlook{Options: options, others: map[quota.Scope]kept{}}
}

// Forecasts answers a question, that of which the cap falls first at the front. Errors: [api.NotFound].
func (o *Outlook) Forecasts(ctx context.Context, query api.ForecastQuery) ([]api.Forecast, error) {
	if query.KeyID != "" {
		one, err := o.key(ctx, query.KeyID)
		return []api.Forecast{one}, err
	}
	var standing []policy.Standing
	if query.BudgetID == "" {
		teams, err := o.standingTeams(ctx, query.TeamIDs)
		if err != nil {
			return nil, err
		}
		standing = teams
	}
	if query.BudgetID != "" || query.TeamIDs == nil {
		pots, err := o.Spending.StandingPots(ctx)
		if err != nil {
			return nil, err
		}
		if query.BudgetID != "" {
			pots = slices.DeleteFunc(pots, func(one policy.Standing) bool { return one.Pot.BudgetID != query.BudgetID })
			if len(pots) == 0 {
				return nil, api.Errorf(api.NotFound, "there is no shared budget %q; terms that teams and keys take are foreseen for each of these", query.BudgetID)
			}
		}
		standing = append(standing, pots...)
	}
	list := make([]api.Forecast, len(standing))
	for i, one := range standing {
		foreseen, err := o.Foresee(ctx, one)
		if err != nil {
			return nil, err
		}
		list[i] = answer(one, foreseen)
	}
	slices.SortStableFunc(list, fallsFirst)
	return list, nil
}

// standingTeams are the teams with the ids, or all.
func (o *Outlook) standingTeams(ctx context.Context, ids []string) ([]policy.Standing, error) {
	teams, _, err := o.Record.Teams(ctx, api.TeamFilter{IDs: ids})
	if err != nil {
		return nil, err
	}
	if len(ids) > 0 && len(teams) < len(ids) {
		for _, id := range ids {
			if !slices.ContainsFunc(teams, func(team api.Team) bool { return team.TeamID == id }) {
				return nil, api.Errorf(api.NotFound, "there is no team %q", id)
			}
		}
	}
	return o.Spending.StandingTeams(ctx, teams)
}

// Foresee is the forecast of a budget that stands so.
func (o *Outlook) Foresee(ctx context.Context, one policy.Standing) (forecast.Forecast, error) {
	history, err := o.history(ctx, one)
	if err != nil {
		return forecast.Forecast{}, err
	}
	return forecast.Of(history, budgetOf(one), o.Now()), nil
}

func budgetOf(one policy.Standing) forecast.Budget {
	return forecast.Budget{Start: one.State.Period.Start, End: one.State.Period.End, Spent: one.State.Settled, Cap: one.Cap()}
}

func (o *Outlook) history(ctx context.Context, one policy.Standing) (forecast.History, error) {
	switch {
	case one.Team != nil:
		histories, err := o.Histories(ctx)
		return histories[one.Team.TeamID], err
	case one.Pot != nil:
		pot := one.Pot
		return o.other(ctx, one.State.Scope, api.LedgerSelection{TeamIDs: pot.TeamIDs, KeyIDs: pot.KeyIDs, Models: pot.Models})
	default:
		return o.other(ctx, one.State.Scope, api.LedgerSelection{KeyIDs: []string{one.Key.KeyID}})
	}
}

// History is what the days of a team or a pot cost, of [api.ForecastTeam] or [api.ForecastBudget]. Error: [api.NotFound].
func (o *Outlook) History(ctx context.Context, kind, id string) (forecast.History, error) {
	if kind == api.ForecastTeam {
		return o.ofTeam(ctx, id)
	}
	pot, err := o.Record.Budget(ctx, id)
	if err != nil {
		return nil, err
	}
	return o.other(ctx, quota.Scope("budget:"+id), api.LedgerSelection{TeamIDs: pot.TeamIDs, KeyIDs: pot.KeyIDs, Models: pot.Models})
}

// ofTeam is the history of one team: out of those of all where these are fresh, else read by itself. Who looks at one team does not
// wait until the days of all are read.
func (o *Outlook) ofTeam(ctx context.Context, id string) (forecast.History, error) {
	if o.reading.TryLock() {
		all, readAt := o.teams, o.readAt
		o.reading.Unlock()
		if all != nil && stillFresh(readAt, o.Now().UTC()) {
			return all[id], nil
		}
	}
	return o.other(ctx, quota.Scope("team:"+id), api.LedgerSelection{TeamIDs: []string{id}})
}

// Histories are the days of all teams that cost something.
func (o *Outlook) Histories(ctx context.Context) (map[string]forecast.History, error) {
	o.reading.Lock()
	defer o.reading.Unlock()
	now := o.Now().UTC()
	if o.teams != nil && stillFresh(o.readAt, now) {
		return o.teams, nil
	}
	today := now.Truncate(forecast.Day)
	days := map[string]api.UsageDays{}
	query := api.UsageQuery{
		GroupBy: []string{api.GroupTeam}, Period: api.PeriodDay, From: today.AddDate(0, 0, -forecast.HistoryDays), To: today,
	}
	err := o.Record.EachUsageSum(ctx, query, func(sum api.UsageSum) error {
		team := days[*sum.TeamID]
		if team == nil {
			team = api.UsageDays{}
			days[*sum.TeamID] = team
		}
		team[sum.PeriodStart] = sum.TotalCost
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read what teams have spent by day: %w", err)
	}
	histories := make(map[string]forecast.History, len(days))
	for team, of := range days {
		histories[team] = forecast.HistoryOf(of, now)
	}
	o.teams, o.readAt = histories, now
	return histories, nil
}

func stillFresh(read, now time.Time) bool {
	age := now.Sub(read)
	return age >= 0 && age < fresh && now.Truncate(forecast.Day).Equal(read.Truncate(forecast.Day))
}

// other is the history of a key or a pot.
func (o *Outlook) other(ctx context.Context, scope quota.Scope, selection api.LedgerSelection) (forecast.History, error) {
	now := o.Now().UTC()
	o.mu.Lock()
	known, found := o.others[scope]
	o.mu.Unlock()
	if found && stillFresh(known.at, now) {
		return known.history, nil
	}
	today := now.Truncate(forecast.Day)
	days, err := o.Record.UsageDays(ctx, selection, today.AddDate(0, 0, -forecast.HistoryDays), today)
	if err != nil {
		return nil, fmt.Errorf("read what %s has spent by day: %w", scope, err)
	}
	history := forecast.HistoryOf(days, now)
	o.mu.Lock()
	defer o.mu.Unlock()
	if !found && len(o.others) >= mostOthers {
		clear(o.others)
	}
	o.others[scope] = kept{history, now}
	return history, nil
}

// mostOthers bounds the memory for keys and pots.
const mostOthers = 10_000

// key is the forecast of a key's own budget.
func (o *Outlook) key(ctx context.Context, id string) (api.Forecast, error) {
	key, err := o.Record.Key(ctx, id)
	if err != nil {
		return api.Forecast{}, err
	}
	states, err := o.Spending.Keys(ctx, []api.Key{key})
	if err != nil {
		return api.Forecast{}, err
	}
	one := policy.Standing{Key: &key, Hard: key.HardCap, State: stateOf(states[0])}
	one.State.Scope = quota.Scope("key:" + id)
	foreseen, err := o.Foresee(ctx, one)
	return answer(one, foreseen), err
}

func stateOf(state api.BudgetState) quota.BudgetState {
	of := quota.BudgetState{Limit: quota.Unlimited, Settled: state.Spend}
	if state.RemainingBudget != nil {
		of.Limit = state.Spend + *state.RemainingBudget
	}
	if state.PeriodStart != nil {
		of.Period.Start = *state.PeriodStart
	}
	if state.BudgetResetAt != nil {
		of.Period.End = *state.BudgetResetAt
	}
	return of
}

// fallsFirst sorts caps that have fallen first, then by when they are likely to, then those that may at worst.
func fallsFirst(a, b api.Forecast) int {
	return cmp.Or(cmp.Compare(rank(a), rank(b)), compareTimes(a.FallsAt, b.FallsAt), compareTimes(a.FallsEarliest, b.FallsEarliest),
		cmp.Compare(shareOf(b), shareOf(a)), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID))
}

func rank(f api.Forecast) int {
	switch {
	case f.Over:
		return 0
	case f.FallsAt != nil:
		return 1
	case f.FallsEarliest != nil:
		return 2
	default:
		return 3
	}
}

func compareTimes(a, b *time.Time) int {
	if a == nil || b == nil {
		return 0
	}
	return a.Compare(*b)
}

func shareOf(f api.Forecast) float64 {
	if f.MaxBudget == nil || *f.MaxBudget <= 0 {
		return 0
	}
	return float64(f.Spend) / float64(*f.MaxBudget)
}

func amountsOf(r forecast.Range) *api.AmountRange {
	return &api.AmountRange{Low: r.Low, Likely: r.Likely, High: r.High}
}

func given(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return new(at.UTC())
}

// answer is a forecast as it is told.
func answer(one policy.Standing, f forecast.Forecast) api.Forecast {
	owner := one.Owner()
	told := api.Forecast{
		Kind: owner.Kind, ID: owner.ID, Alias: owner.Alias, TeamID: owner.TeamID, MaxBudget: one.Cap(),
		HardCap: one.Hard, Spend: one.State.Settled, PeriodStart: given(one.State.Period.Start), PeriodEnd: given(one.State.Period.End),
		Silence: string(f.Silence), Over: f.Over, Weeks: []money.Nano{}, Weekdays: []money.Nano{},
	}
	if f.Silence == "" {
		told.End, told.Week, told.ProposedMaxBudget = amountsOf(f.End), amountsOf(f.Week), &f.ProposedCap
		told.FallsEarliest, told.FallsAt, told.FallsLatest = given(f.Early), given(f.Likely), given(f.Late)
		told.Weeks, told.Weekdays = append(told.Weeks, f.Weeks...), f.Weekdays[:]
	}
	told.Message = InWords(f, told.MaxBudget != nil)
	return told
}

func valueOf(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
