package console

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const (
	// teamsAtOnce is how many teams are read in one go.
	teamsAtOnce = 500
	// firstWait is how long a page waits for the first count.
	firstWait = 80 * time.Millisecond
)

// capped is a budget and how it stands: a team's own, or a pot.
type capped struct {
	// Kind is team or budget.
	Kind, ID, Alias string
	Blocked         bool
	// Cap is nil without one.
	Cap             *money.Nano
	Spent, Reserved money.Nano
	Hard, Throttled bool
	// PeriodStart and ResetsAt bound the running period; nil is for ever.
	PeriodStart, ResetsAt *time.Time
	Temporary             bool
}

// Name is what people call it.
func (c capped) Name() string { return cmp.Or(c.Alias, c.ID) }

// Share is how much of the cap is used and reserved, 1 and more when nothing is left; 0 without a cap.
func (c capped) Share() float64 {
	switch used := c.Spent + c.Reserved; {
	case c.Cap == nil:
		return 0
	case *c.Cap <= 0:
		return 1
	default:
		return float64(used) / float64(*c.Cap)
	}
}

// Left is what may still be spent, never below nothing.
func (c capped) Left() money.Nano {
	if c.Cap == nil {
		return 0
	}
	return max(0, *c.Cap-c.Spent-c.Reserved)
}

// Over says that nothing is left.
func (c capped) Over() bool { return c.Cap != nil && c.Spent >= *c.Cap }

// least is the shortest time that a pace is taken from: what a period's first minutes cost says little.
const least = 6 * time.Hour

// Falls is when the cap is reached if spending goes on at the pace of the running period; the zero time is not within it.
func (c capped) Falls(now time.Time) time.Time {
	if c.Cap == nil || c.PeriodStart == nil || c.Spent <= 0 && !c.Over() {
		return time.Time{}
	}
	if c.Over() {
		return now
	}
	elapsed := max(now.Sub(*c.PeriodStart), least)
	falls := now.Add(time.Duration(float64(*c.Cap-c.Spent) / float64(c.Spent) * float64(elapsed)))
	if falls.Before(now) || c.ResetsAt != nil && !falls.Before(*c.ResetsAt) {
		return time.Time{}
	}
	return falls
}

// count is how everything stood at one moment.
type count struct {
	// all are the teams in the order of their ids, then the pots.
	all []capped
	// teamCount is how many of them are teams.
	teamCount int
	// falling are those with a cap, the one that falls first at the front.
	falling []capped
	// today and month are what everybody has spent, in UTC.
	today, month money.Nano
}

// overview counts all budgets, for pages that show them side by side.
type overview struct {
	record   Record
	spending Spending
	now      func() time.Time
	counts   *later[*count]
}

func newOverview(record Record, spending Spending, now func() time.Time, logger *slog.Logger) *overview {
	return &overview{record: record, spending: spending, now: now, counts: newLater[*count](now, logger)}
}

// get returns the last count, a new one where that is quick.
func (o *overview) get(ctx context.Context) (made[*count], error) {
	return o.counts.get(ctx, "", firstWait, o.count)
}

// count counts everything.
func (o *overview) count(ctx context.Context) (*count, error) {
	budgets, err := o.record.AllBudgets(ctx)
	if err != nil {
		return nil, fmt.Errorf("read budgets: %w", err)
	}
	hard := map[string]bool{}
	pots := []api.Budget{}
	for _, budget := range budgets {
		hard[budget.BudgetID] = budget.HardCap
		if budget.Pot() {
			pots = append(pots, budget)
		}
	}
	made := &count{}
	filter := api.TeamFilter{Page: api.Page{Limit: teamsAtOnce, SortBy: api.SortByID}}
	for {
		teams, _, err := o.record.Teams(ctx, filter)
		if err != nil {
			return nil, fmt.Errorf("read teams: %w", err)
		}
		states, err := o.spending.Teams(ctx, teams)
		if err != nil {
			return nil, fmt.Errorf("read what teams have spent: %w", err)
		}
		for i, team := range teams {
			made.all = append(made.all, cappedTeam(team, states[i], hard))
		}
		if len(teams) < teamsAtOnce {
			break
		}
		last := teams[len(teams)-1]
		filter.After = filter.CursorOf(last.TeamID, last.TeamAlias, last.Record)
	}
	made.teamCount = len(made.all)
	states, err := o.spending.Budgets(ctx, pots)
	if err != nil {
		return nil, fmt.Errorf("read what pots have spent: %w", err)
	}
	for i, pot := range pots {
		made.all = append(made.all, cappedBy("budget", pot.BudgetID, "", pot.HardCap, states[i]))
	}
	made.falling = falling(made.all, o.now())
	made.today, made.month, err = o.spentLately(ctx)
	return made, err
}

func cappedTeam(team api.Team, state api.BudgetState, hard map[string]bool) capped {
	isHard := team.HardCap
	if team.BudgetID != nil {
		isHard = hard[*team.BudgetID]
	}
	c := cappedBy("team", team.TeamID, valueOr(team.TeamAlias, ""), isHard, state)
	c.Blocked, c.Temporary = team.Blocked, team.TempBudgetIncrease != nil
	return c
}

func cappedBy(kind, id, alias string, hard bool, state api.BudgetState) capped {
	c := capped{
		Kind: kind, ID: id, Alias: alias, Hard: hard, Spent: state.Spend, Reserved: state.Reserved, Throttled: state.Throttled,
		PeriodStart: state.PeriodStart, ResetsAt: state.BudgetResetAt,
	}
	if state.RemainingBudget != nil {
		limit := state.Spend + *state.RemainingBudget
		c.Cap = &limit
	}
	return c
}

// falling sorts by which cap falls first: what is over, then by date, then by how much of the cap is used.
func falling(all []capped, now time.Time) []capped {
	type dated struct {
		capped
		falls time.Time
	}
	var list []dated
	for _, c := range all {
		if c.Cap != nil {
			list = append(list, dated{c, c.Falls(now)})
		}
	}
	slices.SortStableFunc(list, func(a, b dated) int {
		switch {
		case a.falls.IsZero() != b.falls.IsZero():
			if b.falls.IsZero() {
				return -1
			}
			return 1
		case !a.falls.Equal(b.falls):
			return a.falls.Compare(b.falls)
		default:
			return cmp.Or(cmp.Compare(b.Share(), a.Share()), cmp.Compare(b.Spent, a.Spent), cmp.Compare(a.ID, b.ID))
		}
	})
	sorted := make([]capped, len(list))
	for i, one := range list {
		sorted[i] = one.capped
	}
	return sorted
}

// spentLately is what everybody has spent today and in this month.
func (o *overview) spentLately(ctx context.Context) (today, month money.Nano, err error) {
	now := o.now().UTC()
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	query := api.UsageQuery{Period: api.PeriodDay, From: first}
	err = o.record.EachUsageSum(ctx, query, func(sum api.UsageSum) error {
		month += sum.TotalCost
		if sum.PeriodStart == now.Format(time.DateOnly) {
			today = sum.TotalCost
		}
		return nil
	})
	return today, month, err
}

// teams are the places of those in the count that the search and the filter select, in the order of their ids.
func (c *count) teams(search string, keep func(*capped) bool) []int {
	search = strings.ToLower(strings.TrimSpace(search))
	found := make([]int, 0, c.teamCount)
	for i := range c.all[:c.teamCount] {
		if one := &c.all[i]; one.matches(search) && keep(one) {
			found = append(found, i)
		}
	}
	return found
}

// matches says whether the id, the alias or a word of it begins with the text, which is in lower case.
func (c *capped) matches(text string) bool {
	if text == "" || hasPrefixFold(c.ID, text) || hasPrefixFold(c.Alias, text) {
		return true
	}
	for i := range len(c.Alias) {
		if (c.Alias[i] == ' ' || c.Alias[i] == '-') && hasPrefixFold(c.Alias[i+1:], text) {
			return true
		}
	}
	return false
}

func hasPrefixFold(text, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix)
}

func valueOr[T any](value *T, fallback T) T {
	if value == nil {
		return fallback
	}
	return *value
}
