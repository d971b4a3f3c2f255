package advice_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/advice"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

var now = time.Date(2026, 11, 18, 10, 0, 0, 0, time.UTC)

func team(id string, rpm int64, budget money.Nano) api.Team {
	made := api.NewTeam(id)
	if rpm > 0 {
		made.RPMLimit = &rpm
	}
	if budget > 0 {
		made.MaxBudget, made.BudgetDuration = new(budget*money.USD), new("1mo")
	}
	return made
}

func month(id, start string, cost money.Nano) api.UsageSum {
	return api.UsageSum{TeamID: &id, PeriodStart: start, TotalCost: cost * money.USD}
}

// Each limit is compared with what was used of it: far above, nearly used up, fitting, unused, or too little known.
func TestAdvise_comparesLimitsWithUse(t *testing.T) {
	report := advice.Advise(advice.Input{
		Now: now, PeaksFrom: now.AddDate(0, 0, -8), UnusedSince: now.AddDate(0, 0, -30),
		Teams: []api.Team{team("wide", 1000, 500), team("tight", 100, 100), team("fits", 100, 100), team("idle", 100, 100), team("new", 100, 0)},
		Peaks: []api.LimitPeak{
			{TeamID: "wide", Limit: "team.requests", P99: 123, Peak: 150, Minutes: 900},
			{TeamID: "wide", KeyID: "k", Limit: "key.requests", P99: 999, Peak: 999, Minutes: 900},
			{TeamID: "tight", Limit: "team.requests", P99: 95, Peak: 100, Minutes: 900},
			{TeamID: "fits", Limit: "team.requests", P99: 50, Peak: 90, Minutes: 900},
			{TeamID: "new", Limit: "team.requests", P99: 1, Peak: 1, Minutes: 3},
		},
		Months: []api.UsageSum{
			month("wide", "2026-09-01", 40), month("wide", "2026-10-01", 30), month("tight", "2026-10-01", 99), month("fits", "2026-10-01", 60),
			month("idle", "2026-11-01", 99), // which is not over yet
		},
	})
	var got []string
	for _, l := range report.Limits {
		proposed := "-"
		if l.Proposed != nil {
			proposed = fmt.Sprint(*l.Proposed)
		}
		got = append(got, fmt.Sprintf("%s %s %v of %v -> %s: %s", l.TeamID, l.Attribute, l.P99, l.Cap, proposed, l.Why))
	}
	want := `fits rpm_limit 50 of 100 -> -: fits
fits max_budget 60 of 100 -> -: fits
idle rpm_limit 0 of 100 -> -: nothing was used of it
idle max_budget 0 of 100 -> -: nothing was used of it
new rpm_limit 1 of 100 -> -: too little is known
tight rpm_limit 95 of 100 -> 150: is nearly used up
tight max_budget 99 of 100 -> 130: is nearly used up
wide rpm_limit 123 of 1000 -> 190: is far above what is used
wide max_budget 40 of 500 -> 50: is far above what is used`
	if said := strings.Join(got, "\n"); said != want {
		t.Errorf("advice is\n%s\nwant\n%s", said, want)
	}
	if hcl := report.HCL(); !strings.HasPrefix(hcl, "# team_id = \"tight\"\nrpm_limit = 150 # was 100: is nearly used up\nmax_budget = 130 #") || report.Proposals() != 4 {
		t.Errorf("HCL is %s", hcl)
	}
}

// A key is unused that had no call since, is old enough to have had one, and still works.
func TestAdvise_findsUnusedKeys(t *testing.T) {
	key := func(id string, age int) api.Key {
		made := api.NewKey(id)
		made.CreatedAt = now.AddDate(0, 0, -age)
		return made
	}
	blocked, expired := key("blocked", 90), key("expired", 90)
	blocked.Blocked, expired.Expires = true, new(now.AddDate(0, 0, -1))
	report := advice.Advise(advice.Input{
		Now: now, UnusedSince: now.AddDate(0, 0, -30), Keys: []api.Key{key("used", 90), key("unused", 90), key("young", 3), blocked, expired},
		KeyUse: []api.UsageSum{{KeyID: new("used"), TotalRequests: 1}, {KeyID: new("unused")}},
	})
	if len(report.UnusedKeys) != 1 || report.UnusedKeys[0].KeyID != "unused" {
		t.Errorf("unused are %+v", report.UnusedKeys)
	}
}

// What the teams that may ask for a model have is compared with what all its deployments take.
func TestAdvise_findsWhatIsOversold(t *testing.T) {
	deployment := func(name string, rpm int64) api.Model {
		model := api.NewModel("")
		model.Name, model.RPM = name, &rpm
		return model
	}
	open := deployment("open", 1)
	open.RPM = nil
	other := team("other", 900, 0)
	other.Models = api.StringList{"b"}
	in := advice.Input{Now: now, Models: []api.Model{deployment("a", 60), deployment("a", 40), deployment("b", 2000), open}, Teams: []api.Team{team("x", 80, 0), team("y", 80, 0), other}}
	report := advice.Advise(in)
	if want := (advice.Oversold{Model: "a", Attribute: "rpm", Teams: 160, Deployments: 100}); len(report.Oversold) != 1 || report.Oversold[0] != want {
		t.Errorf("oversold are %+v", report.Oversold)
	}
	in.Teams = append(in.Teams, team("z", 0, 0))
	if report = advice.Advise(in); len(report.Oversold) != 2 || report.Oversold[1].Model != "b" || report.Oversold[1].Unlimited != 1 {
		t.Errorf("with a team without a limit: %+v", report.Oversold)
	}
}

// Names are shown, and become neither markup nor control of a terminal.
func TestAdvice_isHarmless(t *testing.T) {
	id := "a|<b>`\x1b[2J"
	report := advice.Advise(advice.Input{
		Now: now, Teams: []api.Team{team(id, 1000, 0)}, Peaks: []api.LimitPeak{{TeamID: id, Limit: "team.requests", P99: 10, Peak: 10, Minutes: 100}},
		Keys: []api.Key{{KeyID: "k", KeyFields: api.KeyFields{KeyAlias: &id, TeamID: &id}}}, UnusedSince: now,
	})
	var markdown, text bytes.Buffer
	if err := advice.Markdown(&markdown, report); err != nil {
		t.Fatal(err)
	}
	if err := advice.Text(&text, report); err != nil {
		t.Fatal(err)
	}
	beforeCode, _, _ := strings.Cut(markdown.String(), "```hcl") // where nothing is markup
	if strings.Contains(markdown.String()+text.String(), "\x1b") || strings.Contains(beforeCode, "<b>") || !strings.Contains(markdown.String(), "<code>a&#124;&lt;b&gt;") {
		t.Errorf("%s\n%s", markdown.String(), text.String())
	}
	if !strings.Contains(text.String(), "1 of 1 limits could be others") || !strings.Contains(text.String(), "rpm_limit = 15 # was 1000") {
		t.Errorf("text is %s", text.String())
	}
}
