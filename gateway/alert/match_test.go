package alert

import (
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func TestWants(t *testing.T) {
	severity := func(s string) *string { return &s }
	event := api.AlertEvent{Type: api.EventBudgetSoftLimit, Severity: "warning", TeamID: "marketing", Threshold: 0.8}
	untold := event
	untold.Threshold = 0
	unknown := event
	unknown.Severity = "alarming"
	teamless := event
	teamless.TeamID = ""

	for name, test := range map[string]struct {
		change func(*api.AlertRoute)
		event  api.AlertEvent
		want   bool
	}{
		"everything":                {func(*api.AlertRoute) {}, event, true},
		"disabled":                  {func(r *api.AlertRoute) { r.Enabled = false }, event, false},
		"its team":                  {func(r *api.AlertRoute) { r.TeamIDs = api.StringList{"sales", "marketing"} }, event, true},
		"another team":              {func(r *api.AlertRoute) { r.TeamIDs = api.StringList{"sales"} }, event, false},
		"event of no team":          {func(r *api.AlertRoute) { r.TeamIDs = api.StringList{"sales"} }, teamless, false},
		"its event":                 {func(r *api.AlertRoute) { r.Events = api.StringList{api.EventBudgetSoftLimit} }, event, true},
		"another event":             {func(r *api.AlertRoute) { r.Events = api.StringList{api.EventBudgetHardLimit} }, event, false},
		"as severe":                 {func(r *api.AlertRoute) { r.MinSeverity = severity("warning") }, event, true},
		"less severe would do":      {func(r *api.AlertRoute) { r.MinSeverity = severity("info") }, event, true},
		"not severe enough":         {func(r *api.AlertRoute) { r.MinSeverity = severity("critical") }, event, false},
		"severity unknown":          {func(r *api.AlertRoute) { r.MinSeverity = severity("critical") }, unknown, true},
		"its threshold":             {func(r *api.AlertRoute) { r.Thresholds = []float64{0.5, 0.8} }, event, true},
		"its threshold, computed":   {func(r *api.AlertRoute) { r.Thresholds = []float64{0.1 + 0.7} }, event, true},
		"threshold almost the same": {func(r *api.AlertRoute) { r.Thresholds = []float64{0.80001} }, event, false},
		"another threshold":         {func(r *api.AlertRoute) { r.Thresholds = []float64{0.5, 1} }, event, false},
		"event without threshold":   {func(r *api.AlertRoute) { r.Thresholds = []float64{0.5} }, untold, true},
	} {
		route := api.NewAlertRoute("route_1")
		test.change(&route)
		if got := wants(route, test.event); got != test.want {
			t.Errorf("%s: wants = %v", name, got)
		}
	}
}
