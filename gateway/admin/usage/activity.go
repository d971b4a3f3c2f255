package usage

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// activity is the answer of the routes for daily activity.
type activity struct {
	Results []activityDay `json:"results"`
	// Metadata sums up the days of this page.
	Metadata activityTotals `json:"metadata"`
}

// activityDay is one day, newest first.
type activityDay struct {
	Date      string            `json:"date"`
	Metrics   activityMetrics   `json:"metrics"`
	Breakdown activityBreakdown `json:"breakdown"`
}

// activityMetrics are what was used. Calls that no provider answered are not counted.
type activityMetrics struct {
	Spend                    money.Nano `json:"spend"`
	PromptTokens             int64      `json:"prompt_tokens"`
	CompletionTokens         int64      `json:"completion_tokens"`
	CacheReadInputTokens     int64      `json:"cache_read_input_tokens"`
	CacheCreationInputTokens int64      `json:"cache_creation_input_tokens"`
	TotalTokens              int64      `json:"total_tokens"`
	SuccessfulRequests       int64      `json:"successful_requests"`
	FailedRequests           int64      `json:"failed_requests"`
	APIRequests              int64      `json:"api_requests"`
}

func (m *activityMetrics) add(sum api.UsageSum) {
	m.Spend += sum.TotalCost
	m.PromptTokens += sum.PromptTokens
	m.CompletionTokens += sum.CompletionTokens
	m.CacheReadInputTokens += sum.CachedTokens
	m.TotalTokens += sum.TotalTokens
	m.SuccessfulRequests += sum.TotalRequests
	m.APIRequests += sum.TotalRequests
}

// activityBreakdown is the same by what it was used for.
type activityBreakdown struct {
	Models      map[string]*activityPart `json:"models"`
	ModelGroups map[string]*activityPart `json:"model_groups"`
	APIKeys     map[string]*activityPart `json:"api_keys"`
	// Entities are the teams, or the users, by id.
	Entities map[string]*activityPart `json:"entities"`
}

// activityPart is one model, key, team or user.
type activityPart struct {
	Metrics  activityMetrics  `json:"metrics"`
	Metadata activityMetadata `json:"metadata"`
}

// activityMetadata names a part for people.
type activityMetadata struct {
	KeyAlias  *string `json:"key_alias,omitempty"`
	TeamID    *string `json:"team_id,omitempty"`
	TeamAlias *string `json:"team_alias,omitempty"`
}

// activityTotals are the sums of a page, and which page it is.
type activityTotals struct {
	TotalSpend                    money.Nano `json:"total_spend"`
	TotalPromptTokens             int64      `json:"total_prompt_tokens"`
	TotalCompletionTokens         int64      `json:"total_completion_tokens"`
	TotalTokens                   int64      `json:"total_tokens"`
	TotalAPIRequests              int64      `json:"total_api_requests"`
	TotalSuccessfulRequests       int64      `json:"total_successful_requests"`
	TotalFailedRequests           int64      `json:"total_failed_requests"`
	TotalCacheReadInputTokens     int64      `json:"total_cache_read_input_tokens"`
	TotalCacheCreationInputTokens int64      `json:"total_cache_creation_input_tokens"`
	Page                          int        `json:"page"`
	TotalPages                    int        `json:"total_pages"`
	HasMore                       bool       `json:"has_more"`
}

// activityWanted selects days.
type activityWanted struct {
	Days route.BothDays
	// Of this model only, by the name that clients ask for.
	Model string `query:"model"`
	ofKey
	// Which page, from 1.
	Page int `query:"page" default:"1"`
	// How many days on a page, at most 1000.
	PageSize int `query:"page_size" default:"10" most:"1000"`
}

// teamActivityWanted selects days, and teams.
type teamActivityWanted struct {
	// Of these teams only, with commas.
	TeamIDs []string `query:"team_ids"`
	// Of this team only.
	TeamID []string `query:"team_id"`
	// Of all but these.
	ExcludeTeamIDs []string `query:"exclude_team_ids"`
	activityWanted
}

// teamActivity is GET /team/daily/activity: each day of teams.
func (s *Books) teamActivity(c *route.Call, in teamActivityWanted) (activity, error) {
	return s.activity(c, in.activityWanted, api.GroupTeam, api.UsageQuery{TeamIDs: slices.Concat(in.TeamIDs, in.TeamID), ExceptTeamIDs: in.ExcludeTeamIDs})
}

// userActivityWanted selects days, and a user.
type userActivityWanted struct {
	// Of this user's keys only.
	UserID string `query:"user_id"`
	activityWanted
}

// userActivity is GET /user/daily/activity: each day of users.
func (s *Books) userActivity(c *route.Call, in userActivityWanted) (activity, error) {
	return s.activity(c, in.activityWanted, api.GroupUser, api.UsageQuery{UserID: in.UserID})
}

// activity answers a page of the days that have usage; LiteLLM's pages count rows, which cut days in two.
func (s *Books) activity(c *route.Call, in activityWanted, entity string, query api.UsageQuery) (answer activity, err error) {
	query.From, query.To, query.Model = in.Days.From, in.Days.To, in.Model
	if query.KeyID, err = s.keyID(c, in.ofKey); err != nil {
		return answer, err
	}
	page := route.PageAt(in.Page, in.PageSize)
	query.GroupBy = []string{api.GroupDay}
	days, err := s.usageSums(c.Context(), query)
	if err != nil {
		return answer, err
	}
	slices.Reverse(days) // newest first
	answer = activity{Results: []activityDay{}}
	answer.Metadata.Page, answer.Metadata.TotalPages = page.Number, page.Pages(len(days))
	answer.Metadata.HasMore = page.Number < answer.Metadata.TotalPages
	first := min(page.Order.Offset, len(days))
	wanted := days[first:min(first+page.Size, len(days))]
	if len(wanted) == 0 {
		return answer, nil
	}
	answer.Results, err = s.activityDays(c.Context(), entity, query, wanted)
	answer.Metadata.sum(answer.Results)
	return answer, err
}

func (t *activityTotals) sum(days []activityDay) {
	for _, day := range days {
		t.TotalSpend += day.Metrics.Spend
		t.TotalPromptTokens += day.Metrics.PromptTokens
		t.TotalCompletionTokens += day.Metrics.CompletionTokens
		t.TotalTokens += day.Metrics.TotalTokens
		t.TotalAPIRequests += day.Metrics.APIRequests
		t.TotalSuccessfulRequests += day.Metrics.SuccessfulRequests
		t.TotalCacheReadInputTokens += day.Metrics.CacheReadInputTokens
	}
}

// activityDays breaks days, which are sorted newest first, down.
func (s *Books) activityDays(ctx context.Context, entity string, query api.UsageQuery, wanted []api.UsageSum) ([]activityDay, error) {
	days, places := make([]activityDay, len(wanted)), map[string]int{}
	for i, sum := range wanted {
		parts := func() map[string]*activityPart { return map[string]*activityPart{} }
		places[sum.PeriodStart] = i
		days[i] = activityDay{Date: sum.PeriodStart, Breakdown: activityBreakdown{
			Models: parts(), ModelGroups: parts(), APIKeys: parts(), Entities: parts(),
		}}
		days[i].Metrics.add(sum)
	}
	query.From, query.To = dayAt(wanted[len(wanted)-1].PeriodStart), dayAt(wanted[0].PeriodStart).AddDate(0, 0, 1)
	query.GroupBy = []string{api.GroupDay, api.GroupTeam, api.GroupKey, api.GroupUser, api.GroupModel}
	sums, err := s.usageSums(ctx, query)
	if err != nil {
		return nil, err
	}
	for _, sum := range sums {
		if at, there := places[sum.PeriodStart]; there { // usage may have been booked on a day since
			days[at].Breakdown.add(sum, entity)
		}
	}
	return days, s.nameActivity(ctx, entity, days)
}

func (b *activityBreakdown) add(sum api.UsageSum, entity string) {
	part(b.Models, *sum.Model).Metrics.add(sum)
	part(b.ModelGroups, *sum.Model).Metrics.add(sum)
	part(b.Entities, *groupOf(sum, entity)).Metrics.add(sum)
	key := part(b.APIKeys, *sum.KeyID)
	key.Metrics.add(sum)
	if *sum.TeamID != "" {
		key.Metadata.TeamID = sum.TeamID
	}
}

func part(parts map[string]*activityPart, name string) *activityPart {
	if parts[name] == nil {
		parts[name] = &activityPart{}
	}
	return parts[name]
}

// nameActivity adds the aliases of keys and teams that are still there.
func (s *Books) nameActivity(ctx context.Context, entity string, days []activityDay) error {
	keyIDs, teamIDs := map[string]bool{}, map[string]bool{}
	for _, day := range days {
		for id := range day.Breakdown.APIKeys {
			keyIDs[id] = true
		}
		if entity == api.GroupTeam {
			for id := range day.Breakdown.Entities {
				teamIDs[id] = true
			}
		}
	}
	keys, err := s.keysByID(ctx, slices.Sorted(maps.Keys(keyIDs)))
	if err != nil {
		return err
	}
	teams, err := s.teamsByID(ctx, slices.Sorted(maps.Keys(teamIDs)))
	if err != nil {
		return err
	}
	for _, day := range days {
		for id, part := range day.Breakdown.APIKeys {
			part.Metadata.KeyAlias = keys[id].KeyAlias
		}
		for id, part := range day.Breakdown.Entities {
			part.Metadata.TeamAlias = teams[id].TeamAlias
			if id == "" && entity == api.GroupTeam {
				part.Metadata.TeamAlias = new(ofNoTeam)
			}
		}
	}
	return nil
}

// dayAt is the moment a day begins, as the record writes days.
func dayAt(day string) time.Time {
	at, _ := time.Parse(time.DateOnly, day)
	return at
}
