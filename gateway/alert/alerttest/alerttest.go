// Package alerttest has what the tests of every alert target need: messages as they come, and golden files
// of what receivers get.
//
// It promises the same messages to each target, so that their golden files can be read side by side.
package alerttest

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/post"
	"github.com/bursarhq/terraform-provider-bursar/gateway/safedial"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Client posts to receivers on this machine.
func Client() *post.Client {
	return post.New(safedial.NewClient(safedial.Options{AllowPrivate: true, AllowHTTP: true}), "1.2.3")
}

// Route is a route with the targets.
func Route(targets api.AlertTargets) api.AlertRoute {
	route := api.NewAlertRoute("route_1")
	route.Name, route.AlertTargets = "finance", targets
	return route
}

// Messages are one of each sort, by name.
func Messages() map[string]alert.Message {
	soft, hard, dear := Budget(0.8), Budget(1), Budget(1)
	hard.Type, hard.Severity = api.EventBudgetHardLimit, "critical"
	hard.Message += "; a request that may cost $0.75 was refused"
	dear.Type = api.EventBudgetHardLimit
	dear.Spend, dear.Message = 40*money.USD, "Marketing has spent $40.00 of $100.00 (40 %) of its budget for the period until 2026-12-01; a single request that may cost $70.00 alone was refused"
	over := Budget(0.4)
	over.Type, over.Severity, over.Message = api.EventBudgetResolved, "info", "The cap of Marketing was raised to $250.00; $100.04 of it are spent"
	over.MaxBudget, over.Threshold, over.Spend = 250*money.USD, 0, 100*money.USD+money.USD/25
	odd := api.AlertEvent{
		ID: "event_odd", Type: api.EventUsageImpossible, Severity: "warning", CreatedAt: soft.CreatedAt, TeamID: "r&d<all>", KeyID: "key_7",
		Message: "model <b>x</b> & co. reported 9 tokens of <!channel> that cannot be",
	}
	long := Budget(0.5)
	long.TeamAlias, long.Message = strings.Repeat("<Märkte & Co> ", 400), strings.Repeat("& so on <and on> ", 4000)
	const page = "https://llm.example.com/console/"
	links := []alert.Link{
		{Rel: "team", Text: "Open the team", URL: page + "team?id=marketing"},
		{Rel: "ask", Text: "Ask for more", URL: page + "requests?limit=max_budget&team=marketing"},
		{Rel: "silence", Text: "Silence until 1 December 2026", URL: page + "silence?token=eyJ0Ijoi.c2lnbmVk"},
	}
	messages := map[string]alert.Message{
		"soft_limit": {Events: []api.AlertEvent{soft}},
		"hard_limit": {Events: []api.AlertEvent{hard}},
		"too_dear":   {Events: []api.AlertEvent{dear}},
		"resolved":   {Events: []api.AlertEvent{over}},
		"digest":     {Events: []api.AlertEvent{digest()}},
		"monthly":    {Events: []api.AlertEvent{monthly()}},
		"links":      {Events: []api.AlertEvent{soft}, Links: links},
		"several":    {Events: []api.AlertEvent{hard, soft, Budget(0.5)}},
		"odd":        {Events: []api.AlertEvent{odd}},
		"long":       {Events: []api.AlertEvent{long}},
		"test":       {Events: []api.AlertEvent{{ID: "test_1", Type: api.EventTest, Severity: "info", CreatedAt: soft.CreatedAt, Message: `Alert route "finance" works: this is the test that was asked for.`}}},
	}
	for name, message := range messages {
		message.Subject = alert.Subject(message.Event())
		messages[name] = message
	}
	return messages
}

// digest is one of a day.
func digest() api.AlertEvent {
	limit := 1000 * money.USD
	return api.AlertEvent{
		ID: "event_digest", Type: api.EventDigest, Severity: "info", CreatedAt: time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC), Scope: "alert_route:route_1",
		Message: "teams have spent $63.50 on 2026-11-22, and 12 calls were refused",
		Digest: &api.AlertDigest{
			From: "2026-11-22", To: "2026-11-22", Spend: 63*money.USD + money.USD/2, Refused: 12,
			Teams: []api.DigestTeam{
				{
					TeamID: "marketing", TeamAlias: "Marketing", Spend: 50 * money.USD, Refused: 12, PeriodSpend: 700 * money.USD, MaxBudget: &limit,
					Forecast: "the cap falls on Saturday 28 November, between Thursday and Sunday",
				},
				{TeamID: "research", Spend: 13*money.USD + money.USD/2, PeriodSpend: 90 * money.USD, Forecast: "no forecast yet: fewer than three days are known"},
			},
		},
	}
}

// monthly is a digest of a month, with advice.
func monthly() api.AlertEvent {
	event := digest()
	told := *event.Digest
	told.From, told.To = "2026-10-01", "2026-10-31"
	told.Advice = []string{
		"team marketing: max_budget of $1000.00 is far above what is used; $130.00 would fit",
		"team <b>x</b> *y*: rpm_limit of 100 is nearly used up; 150 would fit", "key ci of team research had no call since 1 Oct 2026",
	}
	event.Digest, event.Message = &told, "teams have spent $63.50 from 2026-10-01 to 2026-10-31, and 12 calls were refused"
	return event
}

// Budget is a threshold of marketing's budget that was crossed.
func Budget(share float64) api.AlertEvent {
	start, end := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	spend := money.Nano(share*100)*money.USD + money.USD/25
	return api.AlertEvent{
		ID: "event_" + spend.String(), Type: api.EventBudgetSoftLimit, Severity: "warning", CreatedAt: time.Date(2026, 11, 22, 9, 7, 39, 305_395_000, time.UTC),
		Message: "Marketing has spent " + spend.Dollars() + " of $100.00 (" + money.Nano(share*100*float64(money.USD)).String() + " %) of its budget for the period until 2026-12-01",
		TeamID:  "marketing", TeamAlias: "Marketing", Scope: "team:marketing", Threshold: share, Spend: spend, MaxBudget: 100 * money.USD,
		PeriodStart: &start, PeriodEnd: &end, HardCap: true,
	}
}

// Golden compares what a receiver got with the file of that name in testdata.
func Golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
	}
}

// Indented is JSON spread over lines, for golden files.
func Indented(t *testing.T, body []byte) string {
	t.Helper()
	var text bytes.Buffer
	if err := json.Indent(&text, body, "", "  "); err != nil {
		t.Fatalf("%s: %s", err, body)
	}
	return text.String() + "\n"
}
