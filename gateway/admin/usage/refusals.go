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
	// Watched says that it is about calls that watched limits would have refused, and that were served.
	Watched bool `json:"watched"`
	// Refused is how many calls were refused in all, or would have been.
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
)

// refusalsWanted selects and groups refusals.
type refusalsWanted struct {
	ofTeams
	ofKey
	// Of this model only, by the name that clients ask for.
	Model string `query:"model"`
	// Refused by this limit only, such as `team.requests`, or for this other reason, such as `model_not_allowed`.
	Limit string `query:"limit"`
	// Calls that watched limits would have refused, instead of calls that were refused.
	Watched bool `query:"watched"`
	// Some of limit, team, key, model, minute, hour, day, with commas; limit unless given.
	GroupBy []string `query:"group_by"`
	Minutes lastHour
	// How many sums at most, at most 10000.
	Size int `query:"size" default:"100" most:"10000"`
}

// peaksWanted selects what was used of limits.
type peaksWanted struct {
	ofTeams
	ofKey
	Minutes lastWeek
}

// lastHour are whole minutes, those of the last hour unless said otherwise; lastWeek those of seven days.
type (
	lastHour struct{ route.Period }
	lastWeek struct{ route.Period }
)

// Parameters implements [openapi.Asking].
func (*lastHour) Parameters() []openapi.Parameter { return minutes("an hour before the end") }

// Parameters implements [openapi.Asking].
func (*lastWeek) Parameters() []openapi.Parameter { return minutes("seven days before the end") }

func minutes(otherwise string) []openapi.Parameter {
	return []openapi.Parameter{
		{Name: "start_date", Kind: "date", Text: "From when on: a UTC day or a time; " + otherwise + " unless given."},
		{Name: "end_date", Kind: "date", Text: "Until when: a UTC day, included, or a time; now unless given."},
	}
}

// refusals is GET /quota/refusals: which calls were refused, by what, the most frequent first.
func (s *Books) refusals(c *route.Call, in refusalsWanted) (answer refusals, err error) {
	query := api.RefusalQuery{GroupBy: in.GroupBy, Watched: in.Watched, TeamIDs: in.ids(), Model: in.Model, Limit: in.Limit, Most: in.Size}
	if len(query.GroupBy) == 0 {
		query.GroupBy = []string{api.GroupLimit}
	}
	for _, group := range query.GroupBy {
		if !slices.Contains(api.RefusalGroups, group) {
			return answer, api.FieldErrorf("group_by", "must be some of %s, with commas", strings.Join(api.RefusalGroups, ", "))
		}
	}
	if query.From, query.To, err = s.lately(in.Minutes.Period, hour); err != nil {
		return answer, err
	}
	if query.KeyID, err = s.keyID(c, in.ofKey); err != nil {
		return answer, err
	}
	answer = refusals{From: query.From, To: query.To, Watched: in.Watched}
	if answer.Refusals, err = s.Record.Refusals(c.Context(), query); err != nil {
		return answer, err
	}
	query.GroupBy = nil
	all, err := s.Record.Refusals(c.Context(), query)
	for _, sum := range all { // one, or none
		answer.Refused += sum.Refused
	}
	return answer, err
}

// limitPeaks is GET /quota/peaks: the most that was used of each limit.
func (s *Books) limitPeaks(c *route.Call, in peaksWanted) (answer limitPeaks, err error) {
	if answer.From, answer.To, err = s.lately(in.Minutes.Period, week); err != nil {
		return answer, err
	}
	key, err := s.keyID(c, in.ofKey)
	if err != nil {
		return answer, err
	}
	answer.Peaks, err = s.Record.LimitPeaks(c.Context(), api.LimitMinuteFilter{TeamIDs: in.ids(), KeyID: key, From: answer.From, To: answer.To})
	return answer, err
}

// lately are whole minutes, the one under way included.
func (s *Books) lately(period route.Period, back time.Duration) (from, to time.Time, err error) {
	from, to = period.From, period.To
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
