package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// usageBody is what was used, by something and period.
type usageBody struct {
	Group, Period, From, To, Team string
	Groups, Periods               []filterEntry
	Rows                          []usageRow
	Total                         money.Nano
	// Made is when the sums were made; nil while they are.
	Made *time.Time
	// More says that there are more rows than are shown; the file has all.
	More bool
	File string
	// Clipped says that fewer days are told of than were asked for, as hours are of few.
	Clipped bool
}

// Hourly says that rows are of hours.
func (b usageBody) Hourly() bool { return b.Period == api.PeriodHour }

// MostDays is how many days are told of by hour.
func (usageBody) MostDays() int { return api.MostHourDays }

type usageRow struct {
	api.UsageSum
	Name string
	// Start and End are those of an hour.
	Start, End time.Time
}

// mostUsage is how many sums the page shows.
const mostUsage = 100

var usageGroups = []filterEntry{
	{api.GroupTeam, "Team"}, {api.GroupModel, "Model"}, {api.GroupKey, "Key"}, {api.GroupUser, "User"}, {api.GroupTag, "Tag"}, {api.GroupEndUser, "End user"},
}

var usagePeriods = []filterEntry{{api.PeriodMonth, "By month"}, {api.PeriodDay, "By day"}, {api.PeriodHour, "By hour"}, {api.PeriodTotal, "In total"}}

// usage is a table of sums that can be taken along as a file.
func (s *Server) usage(w http.ResponseWriter, r *http.Request, in *session) error {
	given := r.URL.Query()
	body := usageBody{
		Group: given.Get("group_by"), Period: given.Get("period"), From: given.Get("start_date"), To: given.Get("end_date"), Team: given.Get("team_id"),
		Groups: usageGroups, Periods: usagePeriods,
	}
	if !slices.ContainsFunc(usageGroups, func(e filterEntry) bool { return e.Value == body.Group }) {
		body.Group = api.GroupTeam
	}
	if !slices.ContainsFunc(usagePeriods, func(e filterEntry) bool { return e.Value == body.Period }) {
		body.Period = api.PeriodMonth
	}
	today := s.Now().UTC()
	from, err := time.Parse(time.DateOnly, body.From)
	if err != nil {
		from = time.Date(today.Year(), today.Month(), 1, 0, 0, 0, 0, time.UTC)
	}
	to, err := time.Parse(time.DateOnly, body.To)
	if err != nil {
		to = today
	}
	if first := to.AddDate(0, 0, 1-api.MostHourDays); body.Hourly() && from.Before(first.Truncate(24*time.Hour)) {
		from, body.Clipped = first, true
	}
	from = from.Truncate(24 * time.Hour)
	body.From, body.To = from.Format(time.DateOnly), to.Format(time.DateOnly)
	query := api.UsageQuery{GroupBy: []string{body.Group}, Period: body.Period, From: from, To: to.Truncate(24*time.Hour).AddDate(0, 0, 1), Limit: mostUsage + 1}
	file := url.Values{"group_by": {body.Group}, "period": {body.Period}, "start_date": {body.From}, "end_date": {body.To}}
	if body.Team != "" {
		query.TeamIDs = []string{body.Team}
		file.Set("team_id", body.Team)
	}
	body.File = Root + "usage.csv?" + file.Encode()
	sums, err := s.sums.get(r.Context(), body.File, firstWait, s.summing(query, body.Group, body.Hourly()))
	if err != nil {
		return err
	}
	if body.Rows = sums.Value; sums.There {
		body.Made = &sums.At
	}
	if body.More = len(body.Rows) > mostUsage; body.More {
		body.Rows = body.Rows[:mostUsage]
	}
	for _, row := range body.Rows {
		body.Total += row.TotalCost
	}
	return s.show(w, r, in, "usage", "Usage", false, body)
}

// summing gives what sums usage up. It may go on when the page is written, and so shares nothing with it.
func (s *Server) summing(query api.UsageQuery, group string, hourly bool) func(context.Context) ([]usageRow, error) {
	return func(ctx context.Context) ([]usageRow, error) {
		rows := []usageRow{}
		err := s.Record.EachUsageSum(ctx, query, func(sum api.UsageSum) error {
			row := usageRow{UsageSum: sum, Name: labelOf(sum, group)}
			if hourly {
				row.Start, _ = time.Parse(time.RFC3339, sum.PeriodStart) // as the record writes it
				row.End, _ = time.Parse(time.RFC3339, sum.PeriodEnd)
			}
			rows = append(rows, row)
			return nil
		})
		return rows, err
	}
}

func labelOf(sum api.UsageSum, group string) string {
	switch group {
	case api.GroupTag:
		return valueOr(sum.Tag, "")
	case api.GroupEndUser:
		return valueOr(sum.EndUser, "")
	default:
		return groupName(sum, group)
	}
}

// usageFile is the admin API's table in CSV.
func (s *Server) usageFile(w http.ResponseWriter, r *http.Request, in *session) error {
	query := r.URL.Query()
	query.Set("format", "csv")
	data, err := s.ask(r, in, http.MethodGet, "/usage?"+query.Encode(), nil, nil)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="usage.csv"`)
	_, _ = w.Write(data) // a client that hung up is the server's to notice
	return nil
}

// soon says that the sums are still being made.
func (b usageBody) soon() bool { return b.Made == nil }
