package replay

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/modelname"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Whether a limit refuses is asked of now, not of the time of the record: one whose date has passed refuses all along. One
// with a date to come is in force as a watched one, and is proposed as what it will be.
func TestReplay_decidesByWhatRefusesNow(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]func(*api.Team){
		"budget": func(team *api.Team) { team.MaxBudget, team.BudgetDuration = new(3*money.USD), new("1mo") },
		"rate":   func(team *api.Team) { team.RPMLimit = new(int64(3)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			watchedPast(t, limit)
		})
	}
}

func watchedPast(t *testing.T, limit func(*api.Team)) {
	t.Helper()
	p := newPast(t)
	began, date := p.now.Add(-time.Minute), p.now.Add(time.Hour)
	p.team("t1", func(team *api.Team) {
		limit(team)
		team.Mode, team.EnforceFrom = new(api.ModeAudit), &date
	})
	p.key("k1", "t1", func(*api.Key) {})
	for i := range 8 {
		p.now = p.now.Add(time.Second)
		row, admitted := p.call(fmt.Sprint("c", i), "k1", quota.Request{InputTokens: 1, InputCost: money.USD})
		if !admitted {
			t.Fatalf("call %d was refused by a watched limit", i)
		}
		p.settle(row, 1, money.USD)
	}
	to := p.now.Add(time.Second)
	team, err := p.store.Team(t.Context(), "t1")
	if err != nil {
		t.Fatal(err)
	}
	replayer := &Replayer{Record: p.store, Spending: p.spending(), Names: func(string) *modelname.Names { return model }}
	proposed := func(e api.Enforcement) api.Proposal {
		changed := team
		changed.Enforcement = e
		return api.Proposal{Teams: map[string]*api.Team{"t1": &changed}}
	}
	later := date.Add(24 * time.Hour)
	for name, test := range map[string]struct {
		now           time.Time
		proposal      api.Proposal
		before, after int64
		note          string
	}{
		"in force and to come":    {to, api.Proposal{}, 0, 0, ""},
		"in force and passed":     {date, api.Proposal{}, 5, 5, ""},
		"proposed and to come":    {to, proposed(api.Enforcement{Mode: new(api.ModeAudit), EnforceFrom: &later}), 0, 5, later.Format(time.RFC3339)},
		"proposed and passed":     {date, proposed(api.Enforcement{Mode: new(api.ModeAudit), EnforceFrom: &date}), 5, 5, ""},
		"proposed to be enforced": {to, proposed(api.Enforcement{Mode: new(api.ModeEnforce)}), 0, 5, ""},
		"proposed for good":       {date, proposed(api.Enforcement{Mode: new(api.ModeAudit)}), 5, 0, ""},
		"proposed to be gone":     {to, api.Proposal{Teams: map[string]*api.Team{"t1": nil}}, 0, 8, ""},
	} {
		replayer.Spending.Now = func() time.Time { return test.now }
		told, err := replayer.Replay(t.Context(), test.proposal, began, to)
		if err != nil || told.Before.Refused != test.before || told.After.Refused != test.after {
			t.Errorf("%s: %d and %d are refused, want %d and %d (%v)", name, told.Before.Refused, told.After.Refused, test.before, test.after, err)
		}
		if notes := strings.Join(told.Notes, "\n"); (notes == "") != (test.note == "") || !strings.Contains(notes, test.note) {
			t.Errorf("%s: it says %q, want %q", name, notes, test.note)
		}
	}
}
