package usage

import (
	"slices"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// refusals is the answer of GET /quota/refusals.
type refusals struct {
	// From and To bound the minutes that are counted; To is not one of them.
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Refused is how many calls were refused in all.
	Refused  int64            `json:"refused"`
	Refusals []api.RefusalSum `json:"refusals"`
}

// limitPeaks is the answer of GET /quota/peaks.
type limitPeaks struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Peaks are by team, key, model and limit.
	Peaks []api.LimitPeak `json:"peaks"`
}

const (
	// hour and week are looked back unless said otherwise.
	hour = time.Hour
	week = 7 * 24 * time.Hour
	// defaultRefusals and maxRefusals are how many sums are answered.
	defaultRefusals = 100
	maxRefusals     = 10_000
)

var ofLimit = openapi.Parameter{Name: "limit", Text: "Refused by this limit only, such as `team.requests`, or for this other reason, such as `model_not_allowed`."}

var refusalParameters = []openapi.Parameter{
	{Name: "team_id", Text: "Of these teams only, with commas."},
	{Name: "team_ids", Text: "The same as team_id."},
	byKey, byKeyID, ofModel, ofLimit,
	{Name: "group_by", Text: "Some of limit, team, key, model, minute, hour, day, with commas; limit unless given."},
	{Name: "start_date", Kind: "date", Text: "From when on: a UTC day or a time; an hour before the end unless given."},
	{Name: "end_date", Kind: "date", Text: "Until when: a UTC day, included, or a time; now unless given."},
	{Name: "size", Kind: "integer", Default: defaultRefusals, Text: "How many sums at most, at most 10000."},
}

var peakParameters = []openapi.Parameter{
	{Name: "team_id", Text: "Of these teams only, with commas."},
	{Name: "team_ids", Text: "The same as team_id."},
	byKey, byKeyID,
	{Name: "start_date", Kind: "date", Text: "From when on: a UTC day or a time; seven days before the end unless given."},
	{Name: "end_date", Kind: "date", Text: "Until when: a UTC day, included, or a time; now unless given."},
}

// refusals is GET /quota/refusals: which calls were refused, by what, the most frequent first.
func (s *Books) refusals(c *route.Call) (any, error) {
	query := api.RefusalQuery{GroupBy: c.List("group_by"), TeamIDs: c.List("team_id", "team_ids"), Model: c.Query.Get("model"), Limit: c.Query.Get("limit")}
	if len(query.GroupBy) == 0 {
		query.GroupBy = []string{api.GroupLimit}
	}
	for _, group := range query.GroupBy {
		if !slices.Contains(api.RefusalGroups, group) {
			return nil, api.FieldErrorf("group_by", "must be some of %s, with commas", strings.Join(api.RefusalGroups, ", "))
		}
	}
	var err error
	if query.From, query.To, err = s.lately(c, hour); err != nil {
		return nil, err
	}
	if query.KeyID, err = s.spendingKey(c); err != nil {
		return nil, err
	}
	if query.Most, err = c.Number("size", defaultRefusals, maxRefusals); err != nil {
		return nil, err
	}
	answer := refusals{From: query.From, To: query.To}
	if answer.Refusals, err = s.Record.Refusals(c.Context(), query); err != nil {
		return nil, err
	}
	query.GroupBy = nil
	all, err := s.Record.Refusals(c.Context(), query)
	for _, sum := range all { // one, or none
		answer.Refused += sum.Refused
	}
	return answer, err
}

// limitPeaks is GET /quota/peaks: the most that was used of each limit.
func (s *Books) limitPeaks(c *route.Call) (any, error) {
	from, to, err := s.lately(c, week)
	if err != nil {
		return nil, err
	}
	key, err := s.spendingKey(c)
	if err != nil {
		return nil, err
	}
	answer := limitPeaks{From: from, To: to}
	answer.Peaks, err = s.Record.LimitPeaks(c.Context(), api.LimitMinuteFilter{TeamIDs: c.List("team_id", "team_ids"), KeyID: key, From: from, To: to})
	return answer, err
}

// lately reads start_date and end_date in whole minutes, the one under way included.
func (s *Books) lately(c *route.Call, back time.Duration) (from, to time.Time, err error) {
	if from, to, err = c.Period(); err != nil {
		return from, to, err
	}
	if to.IsZero() {
		to = s.Now().UTC().Truncate(time.Minute).Add(time.Minute)
	}
	if from.IsZero() {
		from = to.Add(-back)
	}
	if from = from.Truncate(time.Minute); !from.Before(to) {
		return from, to, api.FieldErrorf("start_date", "is later than now")
	}
	return from, to.Truncate(time.Minute), nil
}
