package alert

import (
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func TestWants(t *testing.T) {
	severity := func(s string) *string { return &s }
	event := api.AlertEvent{Type: api.EventBudgetSoftLimit, Severity: "warning", TeamID: "marketing", Threshold: 0.8}
	untold := event
	untold.Threshold = 0
	over := event
	over.Type, over.Severity, over.Threshold = api.EventBudgetResolved, "info", 0.95
	over.Was = &api.AlertWas{ID: "e", Type: api.EventBudgetSoftLimit, Severity: "warning"}
	overCap := over
	overCap.Threshold, overCap.Was = 1, &api.AlertWas{ID: "e", Type: api.EventBudgetHardLimit, Severity: "critical"}
	pages := func(r *api.AlertRoute) {
		r.PagerDuty, r.Events, r.Thresholds = &api.PagerDutyTarget{}, api.StringList{api.EventBudgetSoftLimit}, []float64{0.8}
	}
	unknown := event
	unknown.Severity = "alarming"
	teamless := event
	teamless.TeamID = ""

	for name, test := range map[string]struct {
		change func(*api.AlertRoute)
		event  api.AlertEvent
		want   bool
	}{
		"everything":                           {func(*api.AlertRoute) {}, event, true},
		"disabled":                             {func(r *api.AlertRoute) { r.Enabled = false }, event, false},
		"its team":                             {func(r *api.AlertRoute) { r.TeamIDs = api.StringList{"sales", "marketing"} }, event, true},
		"another team":                         {func(r *api.AlertRoute) { r.TeamIDs = api.StringList{"sales"} }, event, false},
		"event of no team":                     {func(r *api.AlertRoute) { r.TeamIDs = api.StringList{"sales"} }, teamless, false},
		"its event":                            {func(r *api.AlertRoute) { r.Events = api.StringList{api.EventBudgetSoftLimit} }, event, true},
		"another event":                        {func(r *api.AlertRoute) { r.Events = api.StringList{api.EventBudgetHardLimit} }, event, false},
		"as severe":                            {func(r *api.AlertRoute) { r.MinSeverity = severity("warning") }, event, true},
		"less severe would do":                 {func(r *api.AlertRoute) { r.MinSeverity = severity("info") }, event, true},
		"not severe enough":                    {func(r *api.AlertRoute) { r.MinSeverity = severity("critical") }, event, false},
		"severity unknown":                     {func(r *api.AlertRoute) { r.MinSeverity = severity("critical") }, unknown, true},
		"its threshold":                        {func(r *api.AlertRoute) { r.Thresholds = []float64{0.5, 0.8} }, event, true},
		"its threshold, computed":              {func(r *api.AlertRoute) { r.Thresholds = []float64{0.1 + 0.7} }, event, true},
		"threshold almost the same":            {func(r *api.AlertRoute) { r.Thresholds = []float64{0.80001} }, event, false},
		"another threshold":                    {func(r *api.AlertRoute) { r.Thresholds = []float64{0.5, 1} }, event, false},
		"labels the team has":                  {func(r *api.AlertRoute) { r.Labels = map[string]string{"tier": "gold"} }, event, true},
		"a label it has not":                   {func(r *api.AlertRoute) { r.Labels = map[string]string{"tier": "gold", "region": "eu"} }, event, false},
		"over, and a lower threshold was told": {func(r *api.AlertRoute) { r.Thresholds = []float64{0.8} }, over, true},
		"over, and none was told":              {func(r *api.AlertRoute) { r.Thresholds = []float64{1} }, over, false},
		"over, and an incident of a threshold is open":  {pages, over, true},
		"the cap is over, and such an incident is open": {pages, overCap, true},
		"event without threshold":                       {func(r *api.AlertRoute) { r.Thresholds = []float64{0.5} }, untold, true},
	} {
		route := api.NewAlertRoute("route_1")
		test.change(&route)
		if got := unwanted(route, test.event, circumstances{team: api.AlertTeam{Labels: map[string]string{"tier": "gold", "cost": "7"}}}) == ""; got != test.want {
			t.Errorf("%s: wants = %v", name, got)
		}
	}
}

// Each decision says why: what takes an event, and what leaves it.
func TestDecide(t *testing.T) {
	now := time.Date(2026, 11, 25, 21, 30, 0, 0, time.UTC) // 22:30 in Berlin
	warning := api.AlertEvent{ID: "e", Type: api.EventBudgetSoftLimit, Severity: "warning", TeamID: "red", Threshold: 0.8}
	refusal := api.AlertEvent{ID: "r", Type: api.EventBudgetHardLimit, Severity: "critical", TeamID: "red", Threshold: 1}
	route := func(id string, change func(*api.AlertRoute)) api.AlertRoute {
		r := api.NewAlertRoute(id)
		r.Name = id
		change(&r)
		return r
	}
	routes := []api.AlertRoute{
		route("blue", func(r *api.AlertRoute) { r.TeamIDs = api.StringList{"blue"} }),
		route("rest", func(r *api.AlertRoute) { r.Fallback = true }),
		route("night", func(r *api.AlertRoute) { r.QuietHours, r.GroupWait = new("22:00-07:00 Europe/Berlin"), new("30s") }),
	}
	owners := circumstances{team: api.AlertTeam{Owners: []string{"ann@example.com"}}, toOwners: true, now: now}
	morning := time.Date(2026, 11, 26, 6, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		event  api.AlertEvent
		routes []api.AlertRoute
		with   circumstances
		want   []string
		at     *time.Time
	}{
		"a warning in the night": {warning, routes, owners, []string{
			`blue no: team_ids has no "red"`, "rest no: it is for what no other route takes, and another one takes this",
			"night yes: Sent by alert route \"night\" for budget.soft_limit at 80 %. It waits 30s for others about the same team. It waits for the end of the quiet hours 22:00-07:00 Europe/Berlin.",
			"owners:red yes: the team's owners hear of it, by alerts.to_owners",
		}, &morning},
		"a refusal waits for nothing": {refusal, routes[2:], circumstances{now: now}, []string{
			"night yes: Sent by alert route \"night\" for budget.hard_limit at 100 %.",
		}, nil},
		"what no other takes": {warning, routes[:2], circumstances{now: now}, []string{
			`blue no: team_ids has no "red"`, "rest yes: Sent by alert route \"rest\" for budget.soft_limit at 80 %.",
		}, nil},
		"silenced": {refusal, routes[2:], circumstances{now: now, silences: []api.AlertSilence{
			{SilenceID: "s1", TeamID: "blue"}, {SilenceID: "s2", TeamID: "red", Event: api.EventBudgetHardLimit, Until: morning, CreatedBy: "ann"},
		}}, []string{"night no: silenced until 26 November 2026, 06:00 UTC by ann (silence s2)"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, decision := range decide(c.routes, c.event, c.with) {
				takes := map[bool]string{true: " yes: ", false: " no: "}[decision.Takes]
				got = append(got, decision.AlertRouteID+takes+decision.Reason)
				if decision.AlertRouteID == "night" && (decision.At == nil) != (c.at == nil) || decision.At != nil && !decision.At.Equal(*c.at) {
					t.Errorf("goes out at %v, want %v", decision.At, c.at)
				}
			}
			if strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// One message tells a team's events: the gravest first, lower thresholds and what is over left out.
func TestMessage_inhibits(t *testing.T) {
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	event := func(id, kind, severity, scope string, threshold float64) api.AlertDelivery {
		return api.AlertDelivery{Event: api.AlertEvent{
			ID: id, Type: kind, Severity: severity, Scope: scope, TeamID: "red", Threshold: threshold, PeriodStart: &start,
		}}
	}
	group := []api.AlertDelivery{
		event("half", api.EventBudgetSoftLimit, "warning", "team:red", 0.5),
		event("most", api.EventBudgetSoftLimit, "warning", "team:red", 0.8),
		event("key", api.EventBudgetSoftLimit, "warning", "key:k", 0.5),
		event("all", api.EventBudgetHardLimit, "critical", "team:red", 1),
	}
	var told []string
	for _, e := range message(group).Events {
		told = append(told, e.ID)
	}
	if got := strings.Join(told, " "); got != "all key" {
		t.Errorf("tells %q", got)
	}
	slack, hook := api.NewAlertRoute("s"), api.NewAlertRoute("w")
	slack.Slack, hook.Webhook = &api.SlackTarget{}, &api.WebhookTarget{}
	if n, m := len(lanes(&slack, group)[0]), len(lanes(&hook, group)[0]); n != 1 || m != 4 {
		t.Errorf("%d messages to people and %d to machines, want 1 and 4", n, m)
	}
}

// What still holds is told again at its interval, and handed on when nobody acknowledged it.
func TestReminders(t *testing.T) {
	told := api.AlertEvent{ID: "e", Type: api.EventBudgetHardLimit, CreatedAt: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Message: "spent"}
	route := api.NewAlertRoute("r")
	route.RepeatInterval, route.EscalateTo, route.EscalateAfter = new("24h"), new("boss"), new("15m")
	at := func(age time.Duration, acknowledged bool) (to []string) {
		for _, event := range reminders(route, api.StandingAlert{Event: told, Acknowledged: acknowledged}, told.CreatedAt.Add(age)) {
			to = append(to, event.ToAlertRouteID)
		}
		return to
	}
	if got := at(14*time.Minute, false); len(got) != 0 {
		t.Errorf("too early: %v", got)
	}
	if got := at(15*time.Minute, false); strings.Join(got, " ") != "boss" {
		t.Errorf("nobody acknowledged: %v", got)
	}
	if got := at(49*time.Hour, false); strings.Join(got, " ") != "r boss" {
		t.Errorf("after two days: %v", got)
	}
	if got := at(49*time.Hour, true); len(got) != 0 {
		t.Errorf("acknowledged: %v", got)
	}
	first := reminders(route, api.StandingAlert{Event: told}, told.CreatedAt.Add(25*time.Hour))[0].ID
	again := reminders(route, api.StandingAlert{Event: told}, told.CreatedAt.Add(26*time.Hour))[0].ID
	next := reminders(route, api.StandingAlert{Event: told}, told.CreatedAt.Add(49*time.Hour))[0].ID
	if first != again || first == next {
		t.Errorf("ids %s, %s, %s: gateways would tell twice, or once only", first, again, next)
	}
}

// The reason says what to do, also to who has named no events.
func TestUnwanted_saysWhyOfAnEventThatIsNotNamed(t *testing.T) {
	event := api.AlertEvent{Type: api.EventKeyCreated, Severity: "info"}
	route := api.NewAlertRoute("route_1")
	for want, events := range map[string]api.StringList{
		"key.created tells what somebody did on purpose, and goes to routes that name it in events": nil,
		"events has no key.created": {api.EventBudgetHardLimit},
	} {
		route.Events = events
		if got := unwanted(route, event, circumstances{}); got != want {
			t.Errorf("with the events %q: %q, want %q", events, got, want)
		}
	}
}
