package console

import (
	"context"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Sizes of charts in the units of their view box; the style sheet scales them.
const (
	chartWidth  = 600
	chartHeight = 120
)

// chart is a row of bars with a table behind it. It is drawn without styles of its own: the pages' policy allows none,
// and light and dark are the style sheet's to choose. That is why no library draws it.
type chart struct {
	Title string
	Bars  []bar
	// Top is what the full height stands for.
	Top string
	// CapY is where the line of a limit is, 0 for none; CapLabel says what it is.
	CapY     float64
	CapLabel string
	First    string
	Last     string
	// Head are the columns of the table.
	Head  [2]string
	Empty bool
}

type bar struct {
	X, Y, Width, Height float64
	Label, Value        string
	Over                bool
}

// draw lays bars out; values and limit are in one unit.
func (c *chart) draw(labels []string, values []float64, texts []string, limit float64) {
	most := limit
	c.Empty = true
	for _, value := range values {
		most = max(most, value)
		c.Empty = c.Empty && value == 0
	}
	if most <= 0 {
		most = 1
	}
	step := float64(chartWidth) / float64(len(values))
	for i, value := range values {
		height := value / most * (chartHeight - 8)
		if value > 0 {
			height = max(height, 1.5)
		}
		c.Bars = append(c.Bars, bar{
			X: float64(i)*step + step*.12, Y: chartHeight - height, Width: step * .76, Height: height,
			Label: labels[i], Value: texts[i], Over: limit > 0 && value >= limit,
		})
	}
	if limit > 0 {
		c.CapY = chartHeight - limit/most*(chartHeight-8)
	}
	if len(labels) > 0 {
		c.First, c.Last = labels[0], labels[len(labels)-1]
	}
}

// dayChart draws what the days up to today cost.
func dayChart(today time.Time, costs map[string]money.Nano) chart {
	c := chart{Title: "Spend by day (UTC)", Head: [2]string{"Day", "Spend"}}
	var labels, texts []string
	var values []float64
	var most money.Nano
	for day := today.AddDate(0, 0, 1-daysShown); !day.After(today); day = day.AddDate(0, 0, 1) {
		name := day.Format(time.DateOnly)
		cost := costs[name]
		most = max(most, cost)
		labels, values, texts = append(labels, name), append(values, float64(cost)), append(texts, cost.Dollars())
	}
	c.draw(labels, values, texts, 0)
	c.Top = most.Dollars()
	return c
}

// pace draws what was served in each minute of the last hour beside the limits.
func (s *Server) pace(ctx context.Context, teamID, keyID string, limits []limitRow) ([]chart, error) {
	end := s.Now().UTC().Truncate(time.Minute)
	from := end.Add(-59 * time.Minute)
	minutes, err := s.Record.Minutes(ctx, teamID, keyID, from)
	if err != nil {
		return nil, err
	}
	byMinute := map[time.Time]api.UsedMinute{}
	for _, minute := range minutes {
		byMinute[minute.At] = minute
	}
	scope := "team:" + teamID
	if keyID != "" {
		scope = "key:" + keyID
	}
	requests := chart{Title: "Requests a minute, last hour (UTC)", Head: [2]string{"Minute", "Requests"}}
	tokens := chart{Title: "Tokens a minute, last hour (UTC)", Head: [2]string{"Minute", "Tokens"}}
	var labels, requestTexts, tokenTexts []string
	var requestValues, tokenValues []float64
	for at := from; !at.After(end); at = at.Add(time.Minute) {
		minute := byMinute[at]
		labels = append(labels, at.Format("15:04"))
		requestValues, requestTexts = append(requestValues, float64(minute.Requests)), append(requestTexts, grouped(minute.Requests))
		tokenValues, tokenTexts = append(tokenValues, float64(minute.Tokens)), append(tokenTexts, grouped(minute.Tokens))
	}
	requests.drawWithin(labels, requestValues, requestTexts, scope, quota.KindRequests, limits)
	tokens.drawWithin(labels, tokenValues, tokenTexts, scope, quota.KindTokens, limits)
	return []chart{requests, tokens}, nil
}

// drawWithin draws with the line of the scope's own limit.
func (c *chart) drawWithin(labels []string, values []float64, texts []string, scope, kind string, limits []limitRow) {
	limit := 0.0
	for _, row := range limits {
		if string(row.Scope) == scope && row.Kind == kind && row.Model == "" && row.Limit > 0 {
			limit, c.CapLabel = float64(row.Limit), "limit "+grouped(row.Limit)
		}
	}
	most := 0
	for i, value := range values {
		if value > values[most] {
			most = i
		}
	}
	c.draw(labels, values, texts, limit)
	if c.Top = texts[most]; limit > values[most] {
		c.Top = strings.TrimPrefix(c.CapLabel, "limit ")
	}
}
