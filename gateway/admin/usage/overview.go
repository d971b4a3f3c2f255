package usage

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// overviewDays is how far LiteLLM's overviews look back.
const overviewDays = 30

// daysWanted bounds what is summed up.
type daysWanted struct{ Days route.Days }

// biggestWanted are those that cost most.
type biggestWanted struct {
	// How many at most.
	Limit int `query:"limit" default:"10" most:"1000"`
	Days  route.Days
}

// overview asks for the sums of the days that are asked for, else of the last thirty, in one period.
func (s *Books) overview(c *route.Call, days route.Days, groups ...string) ([]api.UsageSum, error) {
	from, to := days.From, days.To
	if from.IsZero() && to.IsZero() {
		from, to = s.lastDays(overviewDays)
	}
	return s.usageSums(c.Context(), api.UsageQuery{GroupBy: groups, Period: api.PeriodTotal, From: from, To: to})
}

// globalSpend is the answer of GET /global/spend.
type globalSpend struct {
	// Spend is that of the last thirty days, unless start_date and end_date say otherwise.
	Spend money.Nano `json:"spend"`
	// MaxBudget is the smallest cap on all spending; null when there is none.
	MaxBudget *money.Nano `json:"max_budget"`
}

// globalSpend is GET /global/spend.
func (s *Books) globalSpend(c *route.Call, in daysWanted) (answer globalSpend, err error) {
	sums, err := s.overview(c, in.Days)
	if err != nil {
		return answer, err
	}
	for _, sum := range sums {
		answer.Spend += sum.TotalCost
	}
	pots, _, err := s.Record.Budgets(c.Context(), api.BudgetFilter{Pots: true})
	for _, pot := range pots {
		if pot.Everything && pot.MaxBudget != nil && (answer.MaxBudget == nil || *pot.MaxBudget < *answer.MaxBudget) {
			answer.MaxBudget = pot.MaxBudget
		}
	}
	return answer, err
}

// keySpend is an entry of GET /global/spend/keys.
type keySpend struct {
	APIKey     string     `json:"api_key"`
	KeyAlias   *string    `json:"key_alias"`
	KeyName    *string    `json:"key_name"`
	TotalSpend money.Nano `json:"total_spend"`
}

// globalSpendKeys is GET /global/spend/keys?limit=: the keys that spent most in the last thirty days.
func (s *Books) globalSpendKeys(c *route.Call, in biggestWanted) ([]keySpend, error) {
	sums, err := s.biggest(c, in, api.GroupKey)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(sums))
	for i, sum := range sums {
		ids[i] = *sum.KeyID
	}
	known, err := s.keysByID(c.Context(), ids)
	answer := make([]keySpend, len(sums))
	for i, sum := range sums {
		answer[i] = keySpend{APIKey: *sum.KeyID, TotalSpend: sum.TotalCost}
		if key, there := known[*sum.KeyID]; there {
			answer[i].KeyAlias, answer[i].KeyName = key.KeyAlias, &key.KeyName
		}
	}
	return answer, err
}

// biggest returns the limit sums that cost most.
func (s *Books) biggest(c *route.Call, in biggestWanted, group string) ([]api.UsageSum, error) {
	sums, err := s.overview(c, in.Days, group)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(sums, func(a, b api.UsageSum) int { return cmp.Compare(b.TotalCost, a.TotalCost) })
	return sums[:min(in.Limit, len(sums))], nil
}

// modelSpend is an entry of GET /global/spend/models.
type modelSpend struct {
	Model      string     `json:"model"`
	TotalSpend money.Nano `json:"total_spend"`
}

// globalSpendModels is GET /global/spend/models?limit=: the models that cost most in the last thirty days.
func (s *Books) globalSpendModels(c *route.Call, in biggestWanted) ([]modelSpend, error) {
	sums, err := s.biggest(c, in, api.GroupModel)
	answer := make([]modelSpend, len(sums))
	for i, sum := range sums {
		answer[i] = modelSpend{Model: *sum.Model, TotalSpend: sum.TotalCost}
	}
	return answer, err
}

// teamsSpend is the answer of GET /global/spend/teams.
type teamsSpend struct {
	// DailySpend holds, for each day, the date and what each team spent, by its alias or id.
	DailySpend        []map[string]any `json:"daily_spend"`
	Teams             []string         `json:"teams"`
	TotalSpendPerTeam []teamSpend      `json:"total_spend_per_team"`
}

// teamSpend is what a team spent in all.
type teamSpend struct {
	// TeamID is the team's alias, where it has one: LiteLLM shows this to people.
	TeamID     string     `json:"team_id"`
	TotalSpend money.Nano `json:"total_spend"`
}

// globalSpendTeams is GET /global/spend/teams: what each team spent on each of the last thirty days.
func (s *Books) globalSpendTeams(c *route.Call, in daysWanted) (answer teamsSpend, err error) {
	sums, err := s.overview(c, in.Days, api.GroupDay, api.GroupTeam)
	if err != nil {
		return answer, err
	}
	names, err := s.teamNames(c.Context(), sums)
	if err != nil {
		return answer, err
	}
	answer = teamsSpend{DailySpend: []map[string]any{}, Teams: []string{}, TotalSpendPerTeam: []teamSpend{}}
	totals := map[string]money.Nano{}
	for _, sum := range sums {
		last := len(answer.DailySpend) - 1
		if last < 0 || answer.DailySpend[last]["date"] != sum.PeriodStart {
			answer.DailySpend = append(answer.DailySpend, map[string]any{"date": sum.PeriodStart})
			last++
		}
		name := names[*sum.TeamID]
		answer.DailySpend[last][name] = sum.TotalCost
		totals[name] += sum.TotalCost
	}
	for _, name := range slices.Sorted(maps.Keys(totals)) {
		answer.Teams = append(answer.Teams, name)
		answer.TotalSpendPerTeam = append(answer.TotalSpendPerTeam, teamSpend{TeamID: name, TotalSpend: totals[name]})
	}
	return answer, nil
}

// tagSpend is an entry of GET /spend/tags.
type tagSpend struct {
	Tag        string     `json:"individual_request_tag"`
	LogCount   int64      `json:"log_count"`
	TotalSpend money.Nano `json:"total_spend"`
}

// spendTags is GET /spend/tags: what was spent on requests with each tag.
func (s *Books) spendTags(c *route.Call, in daysWanted) ([]tagSpend, error) {
	sums, err := s.usageSums(c.Context(), api.UsageQuery{GroupBy: []string{api.GroupTag}, Period: api.PeriodTotal, From: in.Days.From, To: in.Days.To})
	answer := make([]tagSpend, len(sums))
	for i, sum := range sums {
		answer[i] = tagSpend{Tag: *sum.Tag, LogCount: sum.TotalRequests, TotalSpend: sum.TotalCost}
	}
	return answer, err
}

// ofNoTeam is what people read where a key without a team spent something.
const ofNoTeam = "no team"

// teamNames are the aliases of the teams of sums, or their ids where two are alike or there is none.
func (s *Books) teamNames(ctx context.Context, sums []api.UsageSum) (map[string]string, error) {
	names, ids := map[string]string{}, []string{}
	for _, sum := range sums {
		if _, known := names[*sum.TeamID]; !known {
			names[*sum.TeamID] = *sum.TeamID
			ids = append(ids, *sum.TeamID)
		}
	}
	if _, some := names[""]; some {
		names[""] = ofNoTeam
	}
	known, err := s.teamsByID(ctx, ids)
	taken := map[string]bool{"date": true, ofNoTeam: true} // which stands beside the names
	for _, id := range slices.Sorted(maps.Keys(known)) {
		if alias := known[id].TeamAlias; alias != nil && *alias != "" && !taken[*alias] {
			taken[*alias] = true
			names[id] = *alias
		}
	}
	return names, err
}

// teamsByID returns those of the teams that are there.
func (s *Books) teamsByID(ctx context.Context, ids []string) (map[string]api.Team, error) {
	known := map[string]api.Team{}
	err := inChunks(ids, func(chunk []string) error {
		teams, _, err := s.Record.Teams(ctx, api.TeamFilter{IDs: chunk})
		for _, team := range teams {
			known[team.TeamID] = team
		}
		return err
	})
	return known, err
}

// keysByID returns those of the keys that are there.
func (s *Books) keysByID(ctx context.Context, ids []string) (map[string]api.Key, error) {
	known := map[string]api.Key{}
	err := inChunks(ids, func(chunk []string) error {
		keys, _, err := s.Record.Keys(ctx, api.KeyFilter{IDs: chunk})
		for _, key := range keys {
			known[key.KeyID] = key
		}
		return err
	})
	return known, err
}

// inChunks calls do with some of the ids at a time: databases take only so many values in one query.
func inChunks(ids []string, do func(chunk []string) error) error {
	for chunk := range slices.Chunk(ids, 500) {
		if err := do(chunk); err != nil {
			return err
		}
	}
	return nil
}

// dayStamp is a day as LiteLLM's reports write it.
func dayStamp(day string) string {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return day
	}
	return at.Format("2006-01-02T15:04:05-07:00")
}
