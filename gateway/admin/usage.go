package admin

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	defaultUsageLimit = 1000
	maxUsageLimit     = 10_000
)

// usage is GET /usage: sums of what was used, by group_by (some of team, key, user, model, tag, end_user,
// day; team unless given) and period (day, month, total), as a page in JSON or in one go as CSV or JSON Lines.
func (s *Server) usage(c *call) (any, error) {
	query, err := s.usageQuery(c)
	if err != nil {
		return nil, err
	}
	format, err := c.format()
	if err != nil {
		return nil, err
	}
	if format == formatJSON {
		return s.usagePage(c, query)
	}
	return rows[api.UsageSum]{
		format: format, columns: usageColumns(query), cells: usageCells(query),
		each: func(ctx context.Context, emit func(api.UsageSum) error) error {
			return s.record.EachUsageSum(ctx, query, emit)
		},
	}, nil
}

func (s *Server) usagePage(c *call, query api.UsageQuery) (api.UsagePage, error) {
	limit, err := c.number("limit", defaultUsageLimit, maxUsageLimit)
	if err != nil {
		return api.UsagePage{}, err
	}
	query.Limit = limit + 1 // one more, to see whether there is more
	sums, err := s.usageSums(c.ctx(), query)
	if err != nil {
		return api.UsagePage{}, err
	}
	page := api.UsagePage{Usage: sums}
	if len(sums) > limit {
		page.Usage = sums[:limit]
		page.NextCursor, err = encodeCursor(sums[limit-1].Cursor)
	}
	return page, err
}

// usageSums reads all sums into memory, for answers that are bounded; never nil.
func (s *Server) usageSums(ctx context.Context, query api.UsageQuery) ([]api.UsageSum, error) {
	sums := []api.UsageSum{}
	err := s.record.EachUsageSum(ctx, query, func(sum api.UsageSum) error {
		sums = append(sums, sum)
		return nil
	})
	return sums, err
}

// usageQuery reads what GET /usage is asked for.
func (s *Server) usageQuery(c *call) (api.UsageQuery, error) {
	query := api.UsageQuery{
		GroupBy: c.list("group_by"), TeamIDs: c.list("team_id", "team_ids"), UserID: c.query.Get("user_id"),
		Model: c.query.Get("model"), Tag: c.query.Get("tag"), EndUser: c.query.Get("end_user"),
	}
	if len(query.GroupBy) == 0 {
		query.GroupBy = []string{api.GroupTeam}
	}
	for _, group := range query.GroupBy {
		if !slices.Contains(api.UsageGroups, group) {
			return query, api.FieldErrorf("group_by", "must be some of %s, with commas", strings.Join(api.UsageGroups, ", "))
		}
	}
	var err error
	if query.Period, err = c.choice("period", api.UsagePeriods...); err != nil {
		return query, err
	}
	if query.From, query.To, err = c.days(); err != nil {
		return query, err
	}
	if query.KeyID, err = s.spendingKey(c); err != nil {
		return query, err
	}
	given, err := c.cursor(&query.After)
	if given && len(query.After) != api.UsageCursorLen {
		err = api.FieldErrorf("cursor", "is not one that the gateway has answered")
	}
	return query, err
}

// spendingKey reads which key's spending is meant: an id, also of one that is deleted, or a secret.
func (s *Server) spendingKey(c *call) (string, error) {
	name := c.either("key_id", "api_key")
	if !strings.HasPrefix(name, "sk-") {
		return name, nil
	}
	key, err := s.keyNamed(c.ctx(), name)
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

// groupColumns are the fields of [api.UsageSum]; a day is in its period.
var groupColumns = map[string]string{
	api.GroupTeam: "team_id", api.GroupKey: "key_id", api.GroupUser: "user_id",
	api.GroupModel: "model", api.GroupTag: "tag", api.GroupEndUser: "end_user",
}

func usageCells(query api.UsageQuery) func(api.UsageSum) []string {
	return func(sum api.UsageSum) []string {
		var cells []string
		for _, group := range query.GroupBy {
			if group != api.GroupDay {
				cells = append(cells, cellOf(groupOf(sum, group)))
			}
		}
		return append(cells, sum.PeriodStart, sum.PeriodEnd, sum.TotalCost.String(),
			decimal(sum.TotalTokens), decimal(sum.TotalRequests),
			decimal(sum.PromptTokens), decimal(sum.CachedTokens), decimal(sum.CompletionTokens))
	}
}

// groupOf is what the sum is of, nil when it is not grouped by that.
func groupOf(sum api.UsageSum, group string) *string {
	return map[string]*string{
		api.GroupTeam: sum.TeamID, api.GroupKey: sum.KeyID, api.GroupUser: sum.UserID,
		api.GroupModel: sum.Model, api.GroupTag: sum.Tag, api.GroupEndUser: sum.EndUser,
	}[group]
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// lastDays are the UTC days up to today, as LiteLLM's overviews look back.
func (s *Server) lastDays(days int) (from, to time.Time) {
	to = s.now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)
	return to.AddDate(0, 0, -days), to
}
