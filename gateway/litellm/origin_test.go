package litellm_test

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/litellm"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Two proxies have a team and a key's alias in common: the team counts what both have spent, once, within the limits of the one
// that came first. A rollback of either takes back its own, and leaves what belongs to the other.
func TestOrigins_thatShareATeam(t *testing.T) {
	m := newMove(t, "testdata/one_team.sql") // the team web has spent 12.3 of 500
	bring := func(origin string) {
		m.as(origin)
		if err := m.planOf(litellm.Options{Origin: origin}).Apply(t.Context(), io.Discard); err != nil {
			t.Fatalf("%s: %v", origin, err)
		}
		var report bytes.Buffer
		again := m.planOf(litellm.Options{Origin: origin})
		if err := again.Verify(&report); err != nil || again.Changes() {
			t.Errorf("%s again: changes %t, %v\n%s", origin, again.Changes(), err, report.String())
		}
	}
	ofEurope := func() {
		m.exec(`UPDATE "LiteLLM_TeamTable" SET spend = 2.2, max_budget = 7; UPDATE "LiteLLM_VerificationToken" SET token = encode(sha256('sk-the-application-in-europe'), 'hex'), spend = 2.2`)
	}
	ofAsia := func() {
		m.exec(`UPDATE "LiteLLM_TeamTable" SET spend = 12.3, max_budget = 500; UPDATE "LiteLLM_VerificationToken" SET token = encode(sha256('sk-the-application-of-web'), 'hex'), spend = 12.3`)
	}
	spent := func(when string, want money.Nano) {
		t.Helper()
		if got := m.team("web").Spend; got != want {
			t.Errorf("%s the team has spent %s, want %s", when, got, want)
		}
	}
	bring("asia")
	ofEurope()
	var report bytes.Buffer
	m.as("europe")
	m.planOf(litellm.Options{Origin: "europe"}).Write(&report)
	if !strings.Contains(report.String(), "teams web of asia: max_budget") || !strings.Contains(report.String(), "key_alias") || strings.Contains(report.String(), "--prune") {
		t.Errorf("the plan does not tell what both have:\n%s", report.String())
	}
	for range 2 {
		bring("europe")
		spent("with both", 14_500_000_000)
		ofAsia()
		bring("asia")
		spent("with both again", 14_500_000_000)
		ofEurope()
	}
	if team := m.team("web"); *team.MaxBudget != 500*money.USD || len(team.Keys) != 2 {
		t.Errorf("the team is %+v", team.Team)
	}

	m.as("asia")
	if err := litellm.Rollback(t.Context(), m.gateway, "asia", io.Discard); err != nil {
		t.Fatal(err)
	}
	spent("without asia", 2_200_000_000)
	if old, stays := m.opens("sk-the-application-of-web"), m.opens("sk-the-application-in-europe"); old != http.StatusUnauthorized || stays != http.StatusOK {
		t.Errorf("without asia its key is answered %d, that of europe %d", old, stays)
	}
	ofAsia()
	bring("asia")
	spent("with asia anew", 14_500_000_000)
	m.as("europe")
	if err := litellm.Rollback(t.Context(), m.gateway, "europe", io.Discard); err != nil {
		t.Fatal(err)
	}
	spent("without europe", 12_300_000_000)
	m.as("asia")
	if err := litellm.Rollback(t.Context(), m.gateway, "asia", io.Discard); err != nil {
		t.Fatal(err)
	}
	if teams, err := m.gateway.ListTeams(t.Context()); err != nil || len(teams) != 0 {
		t.Errorf("without either there are %v, %v", teams, err)
	}
}

// The proxy that came first is taken back: what the other one uses of what it made stays, with what the other has spent there
// and without its own, and a budget that a key of the other names fails nothing. When the other is gone as well, all goes.
func TestRollback_leavesWhatAnotherProxyUses(t *testing.T) {
	m := newMove(t, "testdata/rows.sql")
	m.exec(`UPDATE "LiteLLM_UserTable" SET budget_duration = NULL, budget_reset_at = NULL`)
	bring := func(origin string) {
		m.as(origin)
		if err := m.planOf(litellm.Options{Rename: true, Origin: origin}).Apply(t.Context(), io.Discard); err != nil {
			t.Fatalf("%s: %v", origin, err)
		}
	}
	takeBack := func(origin string) {
		m.as(origin)
		if err := litellm.Rollback(t.Context(), m.gateway, origin, io.Discard); err != nil {
			t.Fatalf("%s: %v", origin, err)
		}
	}
	bring("asia")
	m.otherKeys()
	// Of europe marketing has no keys, and somebody whom asia does not have is in research.
	m.exec(`UPDATE "LiteLLM_VerificationToken" SET team_id = NULL WHERE team_id = 'marketing'; DELETE FROM "LiteLLM_TeamMembership" WHERE user_id = 'bob';
		INSERT INTO "LiteLLM_UserTable" (user_id) VALUES ('eve');
		UPDATE "LiteLLM_TeamTable" SET members_with_roles = '[{"role":"user","user_id":"eve"}]' WHERE team_id = 'research';
		UPDATE "LiteLLM_OrganizationTable" SET spend = 11`)
	bring("europe")
	takeBack("asia")
	if team := m.team("marketing"); team.Spend != 21_250_000_000 || len(team.TeamMemberships) != 1 || team.TeamMemberships[0].UserID != "ann" || team.TeamMemberships[0].Spend != 2_500_000_000 {
		t.Errorf("without asia marketing is %s with %+v", team.Spend, team.TeamMemberships)
	}
	if team := m.team("research"); len(team.TeamMemberships) != 1 || team.TeamMemberships[0].UserID != "eve" {
		t.Errorf("without asia research has %+v", team.TeamMemberships)
	}
	if pot := m.pot("organization:acme"); pot.Spend != 11*money.USD {
		t.Errorf("without asia the organization has spent %s", pot.Spend)
	}
	if shared := m.pot("shared"); *shared.MaxBudget != 50*money.USD {
		t.Errorf("without asia the budget is %+v", shared)
	}
	if users, err := m.gateway.ListUsers(t.Context()); err != nil || len(users) != 3 {
		t.Errorf("without asia there are %d users, %v", len(users), err)
	}
	takeBack("europe")
	takeBack("asia")
	teams, err := m.gateway.ListTeams(t.Context())
	users, err2 := m.gateway.ListUsers(t.Context())
	budgets, err3 := m.gateway.ListBudgets(t.Context())
	if err := errors.Join(err, err2, err3); err != nil || len(teams)+len(users)+len(budgets) > 0 {
		t.Errorf("without either there are %v, %v, %v, %v", teams, users, budgets, err)
	}
}

// What was brought under one name is not brought under another one: its objects would be taken for shared, and all that was
// spent would count twice. Nothing is changed, and the error says what to do.
func TestOrigins_ofTheSameProxy(t *testing.T) {
	for _, names := range [][2]string{{"", "europe"}, {"europe", ""}, {"asia", "europe"}} {
		t.Run(names[0]+" then "+names[1], func(t *testing.T) {
			m := newMove(t, "testdata/one_team.sql")
			m.as(names[0])
			if err := m.planOf(litellm.Options{Origin: names[0]}).Apply(t.Context(), io.Discard); err != nil {
				t.Fatal(err)
			}
			m.as(names[1])
			err := m.refused(litellm.Options{Origin: names[1]})
			first := cmp.Or(names[0], litellm.DefaultOrigin)
			for _, want := range []string{"1 keys, the first of them app, were brought under --origin " + first + " already", "--rollback --origin " + first, "--except-key"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error lacks %q: %v", want, err)
				}
			}
			if spent := m.team("web").Spend; spent != 12_300_000_000 {
				t.Errorf("the team has spent %s", spent)
			}
			m.as(names[0])
			if err := m.planOf(litellm.Options{Origin: names[0]}).Verify(io.Discard); err != nil {
				t.Errorf("under its own name: %v", err)
			}
		})
	}
}

// refused is why no plan can be made.
func (m *move) refused(options litellm.Options) error {
	m.Helper()
	options.Now = time.Now()
	estate, err := litellm.FromPostgres(m.Context(), m.database, monthAgo())
	if err != nil {
		m.Fatal(err)
	}
	if _, err = litellm.NewPlan(m.Context(), m.gateway, estate, options); err == nil {
		m.Fatal("a plan is made")
	}
	return err
}
