package usage

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/stores"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Books answers from the record. All fields are required.
type Books struct {
	Record stores.Record
	Prices Prices
	// Forecasts say when caps fall.
	Forecasts stores.Forecasts
	// KeyNamed finds a key by its secret or id.
	KeyNamed func(ctx context.Context, name string) (api.Key, error)
	Now      func() time.Time
}

// usageWanted selects and groups what was used.
type usageWanted struct {
	// Some of team, key, user, model, tag, end_user, day, hour, with commas; team unless given.
	GroupBy []string `query:"group_by"`
	// What is summed up: each hour of at most 7 days, each day, each month (unless given), or all of it.
	Period string `query:"period" enum:"hour,day,month,total"`
	Days   route.Days
	ofTeams
	ofKey
	// Of this user's keys only.
	UserID string `query:"user_id"`
	// Of this model only, by the name that clients ask for.
	Model string `query:"model"`
	// Of requests with this tag only.
	Tag string `query:"tag"`
	// Of requests whose `user` is this.
	EndUser string `query:"end_user"`
	Form    route.Form
	Place   route.Place[[]string]
	// How many sums on a page of JSON, at most 10000.
	Limit int `query:"limit" default:"1000" most:"10000"`
}

// usage is GET /usage: sums of what was used, by group_by and period, as a page in JSON or in one go as CSV or JSON Lines.
func (s *Books) usage(c *route.Call, in usageWanted) (any, error) {
	query, err := s.usageQuery(c, in)
	if err != nil {
		return nil, err
	}
	if in.Form.Format == route.FormatJSON {
		return s.usagePage(c, query, in.Limit)
	}
	return route.Rows[api.UsageSum]{
		Format: in.Form.Format, Columns: usageColumns(query), Cells: usageCells(query),
		Each: func(ctx context.Context, emit func(api.UsageSum) error) error {
			return s.Record.EachUsageSum(ctx, query, emit)
		},
	}, nil
}

func (s *Books) usagePage(c *route.Call, query api.UsageQuery, limit int) (api.UsagePage, error) {
	query.Limit = limit + 1 // one more, to see whether there is more
	sums, err := s.usageSums(c.Context(), query)
	if err != nil {
		return api.UsagePage{}, err
	}
	page := api.UsagePage{Usage: sums}
	if len(sums) > limit {
		page.Usage = sums[:limit]
		page.NextCursor, err = route.EncodeCursor(sums[limit-1].Cursor)
	}
	return page, err
}

// usageSums reads all sums into memory, for answers that are bounded; never nil.
func (s *Books) usageSums(ctx context.Context, query api.UsageQuery) ([]api.UsageSum, error) {
	sums := []api.UsageSum{}
	err := s.Record.EachUsageSum(ctx, query, func(sum api.UsageSum) error {
		sums = append(sums, sum)
		return nil
	})
	return sums, err
}

// usageQuery is what GET /usage is asked for.
func (s *Books) usageQuery(c *route.Call, in usageWanted) (api.UsageQuery, error) {
	query := api.UsageQuery{
		GroupBy: in.GroupBy, Period: in.Period, From: in.Days.From, To: in.Days.To, TeamIDs: in.ids(), UserID: in.UserID,
		Model: in.Model, Tag: in.Tag, EndUser: in.EndUser, After: in.Place.At,
	}
	if len(query.GroupBy) == 0 {
		query.GroupBy = []string{api.GroupTeam}
	}
	for _, group := range query.GroupBy {
		if !slices.Contains(api.UsageGroups, group) {
			return query, api.FieldErrorf("group_by", "must be some of %s, with commas", strings.Join(api.UsageGroups, ", "))
		}
	}
	if in.Place.Given && len(query.After) != api.UsageCursorLen {
		return query, api.FieldErrorf("cursor", "is not one that the gateway has answered")
	}
	if query.ByHour() {
		if err := query.CheckHours(s.Now()); err != nil {
			return query, err
		}
	}
	var err error
	query.KeyID, err = s.keyID(c, in.ofKey)
	return query, err
}

// keyID is which key's spending is meant, also that of one that is deleted.
func (s *Books) keyID(c *route.Call, named ofKey) (string, error) {
	name := cmp.Or(named.KeyID, named.APIKey)
	if !strings.HasPrefix(name, "sk-") {
		return name, nil
	}
	key, err := s.KeyNamed(c.Context(), name)
	return key.KeyID, err
}

// usageColumns are those of the team_usage table after what is grouped by.
func usageColumns(query api.UsageQuery) []string {
	var columns []string
	for _, group := range query.GroupBy {
		if column, ok := groupColumns[group]; ok {
			columns = append(columns, column)
		}
	}
	return append(columns, "period_start", "period_end", "total_cost_usd", "total_tokens", "total_requests",
		"prompt_tokens", "cached_tokens", "completion_tokens")
}

// groupColumns are the fields of [api.UsageSum]; a day or an hour is in its period.
var groupColumns = map[string]string{
	api.GroupTeam: "team_id", api.GroupKey: "key_id", api.GroupUser: "user_id",
	api.GroupModel: "model", api.GroupTag: "tag", api.GroupEndUser: "end_user",
}

func usageCells(query api.UsageQuery) func(api.UsageSum) []string {
	return func(sum api.UsageSum) []string {
		var cells []string
		for _, group := range query.GroupBy {
			if _, column := groupColumns[group]; column {
				cells = append(cells, route.CellOf(groupOf(sum, group)))
			}
		}
		return append(cells, sum.PeriodStart, sum.PeriodEnd, sum.TotalCost.String(),
			route.Decimal(sum.TotalTokens), route.Decimal(sum.TotalRequests),
			route.Decimal(sum.PromptTokens), route.Decimal(sum.CachedTokens), route.Decimal(sum.CompletionTokens))
	}
}

// groupOf is what the sum is of, nil when it is not grouped by that.
func groupOf(sum api.UsageSum, group string) *string {
	return map[string]*string{
		api.GroupTeam: sum.TeamID, api.GroupKey: sum.KeyID, api.GroupUser: sum.UserID,
		api.GroupModel: sum.Model, api.GroupTag: sum.Tag, api.GroupEndUser: sum.EndUser,
	}[group]
}

// lastDays are the UTC days up to today, as LiteLLM's overviews look back.
func (s *Books) lastDays(days int) (from, to time.Time) {
	to = s.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)
	return to.AddDate(0, 0, -days), to
}
