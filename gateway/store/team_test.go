package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func newTeam(id, alias string) api.Team {
	team := api.NewTeam(id)
	if alias != "" {
		team.TeamAlias = &alias
	}
	return team
}

// fullTeam has every field set, with values that a careless store would change.
func fullTeam() api.Team {
	team := newTeam("marketing", "Märketing & <Sales>")
	team.Models = api.StringList{"z-model", "a-model"}
	team.RPMLimit, team.TPMLimit, team.MaxParallelRequests = new(int64(30)), new(int64(1)<<52), new(int64(0))
	team.ModelRPMLimit = map[string]int64{"a-model": 1}
	team.ModelTPMLimit = map[string]int64{}
	team.MaxBudget, team.SoftBudget = new(money.Max), new(money.Nano(1))
	team.BudgetDuration, team.ResetDay, team.HardCap = new("1mo"), new(15), false
	team.Metadata = api.Metadata{"n": json.RawMessage(`12345678901234567890.10`), "u": json.RawMessage(`"\u0000é"`)}
	team.Blocked = true
	return team
}

func TestCreateTeam_answersWhatReadsAnswer(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		want := fullTeam()
		created := must(s.CreateTeam(t.Context(), alice, want))(t)
		at := clock.Now().Truncate(time.Millisecond)
		want.Record = api.Record{Revision: 1, CreatedAt: at, CreatedBy: "alice", UpdatedAt: at, UpdatedBy: "alice"}
		if diff := cmp.Diff(want, created); diff != "" {
			t.Errorf("created (-want +got):\n%s", diff)
		}
		read := must(s.Team(t.Context(), "marketing"))(t)
		if diff := cmp.Diff(created, read); diff != "" {
			t.Errorf("read (-created +read):\n%s", diff)
		}
		teams, total, err := s.Teams(t.Context(), api.TeamFilter{})
		if err != nil || total != 1 || !cmp.Equal(teams, []api.Team{created}) {
			t.Errorf("list answers %v, %d, %v", teams, total, err)
		}
	})
}

func TestCreateTeam_twice(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		must(s.CreateTeam(t.Context(), alice, api.NewTeam("t1")))(t)
		_, err := s.CreateTeam(t.Context(), alice, newTeam("t1", "another"))
		wantCode(t, err, api.AlreadyExists)
		if want := "Team id = t1 already exists. Please use a different team id."; apiError(t, err).Message != want {
			t.Errorf("message is %q, want %q", apiError(t, err).Message, want)
		}
		if team := must(s.Team(t.Context(), "t1"))(t); team.TeamAlias != nil || team.Revision != 1 {
			t.Errorf("the team was changed: %+v", team)
		}
	})
}

func TestCreateTeam_refusesWhatIsNotValid(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		pot := api.NewBudget("pot")
		pot.Everything = true
		must(s.CreateBudget(t.Context(), alice, pot))(t)
		for _, id := range []string{"pot", "nowhere"} {
			team := api.NewTeam("t1")
			team.BudgetID = &id
			_, err := s.CreateTeam(t.Context(), alice, team)
			wantCode(t, err, api.Invalid)
			if apiError(t, err).Param != "budget_id" {
				t.Errorf("budget %s: error is about %q", id, apiError(t, err).Param)
			}
		}
		_, err := s.CreateTeam(t.Context(), alice, api.NewTeam(""))
		wantCode(t, err, api.Invalid)
		if _, err := s.Team(t.Context(), "t1"); api.CodeOf(err) != api.NotFound {
			t.Errorf("a refused team was stored: %v", err)
		}
	})
}

func TestCreateTeam_textsThatCannotBeStored(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		_, err := s.CreateTeam(t.Context(), alice, newTeam("t1", "a\x00b"))
		wantCode(t, err, api.Invalid)
		for _, alias := range []string{"a\x00b", "a\xffb"} {
			_, err = s.KeyByAlias(t.Context(), alias)
			wantCode(t, err, api.Invalid)
		}
		// A header with the reason in Latin-1 is no reason to refuse the change.
		change := api.Change{Actor: "Ren\xe9", Reason: "caf\xe9\x00"}
		team := must(s.CreateTeam(t.Context(), change, newTeam("t1", "a")))(t)
		if team.CreatedBy != "Ren\uFFFD" {
			t.Errorf("created by %q", team.CreatedBy)
		}
		if check := must(s.VerifyAudit(t.Context(), api.AuditMark{}))(t); !check.OK() || check.Rows != 1 {
			t.Errorf("audit log: %+v", check)
		}
	})
}

func TestTeam_notThere(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		_, err := s.Team(t.Context(), "t9")
		wantCode(t, err, api.NotFound)
		if want := "Team not found, passed team_id=t9"; apiError(t, err).Message != want {
			t.Errorf("message is %q, want %q", apiError(t, err).Message, want)
		}
	})
}

func TestTeams_filterSortAndPage(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		for _, team := range []api.Team{
			newTeam("c", "Alpha_one"), newTeam("a", "beta"), newTeam("B", ""), newTeam("d", "ALPHA-two"), newTeam("e", "Ünit%"),
		} {
			must(s.CreateTeam(t.Context(), alice, team))(t)
			clock.Advance(time.Second)
		}
		for name, test := range map[string]struct {
			filter api.TeamFilter
			want   string
			total  int
		}{
			"as created":         {api.TeamFilter{}, "[c a B d e]", 5},
			"newest first":       {api.TeamFilter{Page: api.Page{Desc: true}}, "[e d B a c]", 5},
			"by id":              {api.TeamFilter{Page: api.Page{SortBy: "id"}}, "[B a c d e]", 5},
			"by alias":           {api.TeamFilter{Page: api.Page{SortBy: "alias"}}, "[B d c a e]", 5},
			"by alias, backward": {api.TeamFilter{Page: api.Page{SortBy: "alias", Desc: true}}, "[e a c d B]", 5},
			"second page":        {api.TeamFilter{Page: api.Page{Limit: 2, Offset: 2}}, "[B d]", 5},
			"beyond the end":     {api.TeamFilter{Page: api.Page{Limit: 2, Offset: 9}}, "[]", 5},
			"any case":           {api.TeamFilter{AliasContains: "alpha"}, "[c d]", 2},
			"any case, not ASCII": {
				api.TeamFilter{AliasContains: "üNIT"}, "[e]", 1,
			},
			"underscore is one":   {api.TeamFilter{AliasContains: "a_o"}, "[c]", 1},
			"per cent is one":     {api.TeamFilter{AliasContains: "%"}, "[e]", 1},
			"these":               {api.TeamFilter{IDs: []string{"d", "c", "x"}}, "[c d]", 2},
			"none":                {api.TeamFilter{IDs: []string{}}, "[]", 0},
			"these, one of them":  {api.TeamFilter{IDs: []string{"a", "c"}, AliasContains: "alpha"}, "[c]", 1},
			"these, page of them": {api.TeamFilter{IDs: []string{"a", "c", "d"}, Page: api.Page{Limit: 1, Offset: 1}}, "[a]", 3},
		} {
			teams, total, err := s.Teams(t.Context(), test.filter)
			if err != nil {
				t.Fatalf("%s: %s", name, err)
			}
			ids := []string{}
			for _, team := range teams {
				ids = append(ids, team.TeamID)
			}
			if got := fmt.Sprint(ids); got != test.want || total != test.total {
				t.Errorf("%s: %s of %d, want %s of %d", name, got, total, test.want, test.total)
			}
		}
		_, _, err := s.Teams(t.Context(), api.TeamFilter{Page: api.Page{SortBy: "document; DROP TABLE team"}})
		wantCode(t, err, api.Invalid)
		if got := fmt.Sprint(must(s.AllTeamIDs(t.Context()))(t)); got != "[B a c d e]" {
			t.Errorf("all ids are %s", got)
		}
	})
}

func TestUpdateTeam_countsRevisionsAndKeepsTheRest(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		created := must(s.CreateTeam(t.Context(), alice, fullTeam()))(t)
		clock.Advance(time.Hour)
		bob := api.Change{Actor: "bob"}
		updated := must(s.UpdateTeam(t.Context(), bob, "marketing", 1, func(team *api.Team) error {
			team.RPMLimit = nil
			team.TeamID, team.Revision, team.CreatedBy = "stolen", 99, "nobody"
			return nil
		}))(t)
		want := created
		want.RPMLimit = nil
		want.Revision, want.UpdatedAt, want.UpdatedBy = 2, clock.Now().Truncate(time.Millisecond), "bob"
		if diff := cmp.Diff(want, updated); diff != "" {
			t.Errorf("updated (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, must(s.Team(t.Context(), "marketing"))(t)); diff != "" {
			t.Errorf("read (-want +got):\n%s", diff)
		}
	})
}

func TestUpdateTeam_stale(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		must(s.CreateTeam(t.Context(), alice, api.NewTeam("marketing")))(t)
		must(s.UpdateTeam(t.Context(), api.Change{Actor: "ALICE"}, "marketing", 0, func(*api.Team) error { return nil }))(t)
		_, err := s.UpdateTeam(t.Context(), alice, "marketing", 1, func(*api.Team) error {
			t.Error("a stale edit was run")
			return nil
		})
		wantCode(t, err, api.Stale)
		want := `team "marketing" was changed by ALICE at 2026-11-22T10:00:00Z (revision 2, yours was 1)`
		if got := apiError(t, err).Message; got != want {
			t.Errorf("message is %q, want %q", got, want)
		}
	})
}

func TestUpdateTeam_refusedChangesNothing(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		created := must(s.CreateTeam(t.Context(), alice, fullTeam()))(t)
		refused := errors.New("refused")
		_, err := s.UpdateTeam(t.Context(), alice, "marketing", 0, func(team *api.Team) error {
			team.ModelRPMLimit["a-model"] = 7
			return refused
		})
		if !errors.Is(err, refused) {
			t.Errorf("error is %v", err)
		}
		_, err = s.UpdateTeam(t.Context(), alice, "marketing", 0, func(team *api.Team) error {
			team.RPMLimit = new(int64(-1))
			return nil
		})
		wantCode(t, err, api.Invalid)
		_, err = s.UpdateTeam(t.Context(), alice, "elsewhere", 0, func(*api.Team) error { return nil })
		wantCode(t, err, api.NotFound)
		if diff := cmp.Diff(created, must(s.Team(t.Context(), "marketing"))(t)); diff != "" {
			t.Errorf("the team was changed (-before +after):\n%s", diff)
		}
		if _, total, _ := s.Audits(t.Context(), api.AuditFilter{}); total != 1 {
			t.Errorf("audit log has %d rows, want that of the create", total)
		}
	})
}

func TestDeleteTeams_withTheirKeysOrNotAtAll(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		for _, id := range []string{"t1", "t2", "t3"} {
			must(s.CreateTeam(t.Context(), alice, api.NewTeam(id)))(t)
			must(s.CreateKey(t.Context(), alice, newKey("key_"+id, id), []byte("hash of "+id)))(t)
		}
		_, _, err := s.DeleteTeams(t.Context(), alice, []string{"t1", "nowhere"})
		wantCode(t, err, api.NotFound)
		if _, err := s.Key(t.Context(), "key_t1"); err != nil {
			t.Errorf("the key of a team that was not deleted: %v", err)
		}
		teams, keys, err := s.DeleteTeams(t.Context(), alice, []string{"t2", "t1", "t2"})
		if err != nil {
			t.Fatal(err)
		}
		if len(teams) != 2 || teams[0].TeamID != "t2" || teams[1].TeamID != "t1" {
			t.Errorf("deleted teams are %v", teams)
		}
		if len(keys) != 2 || keys[0].KeyID != "key_t2" || keys[1].KeyID != "key_t1" {
			t.Errorf("deleted keys are %v", keys)
		}
		_, err = s.KeyByDigest(t.Context(), []byte("hash of t1"))
		wantCode(t, err, api.NotFound)
		if _, err := s.KeyByDigest(t.Context(), []byte("hash of t3")); err != nil {
			t.Errorf("the key of another team: %v", err)
		}
		if got := fmt.Sprint(must(s.AllTeamIDs(t.Context()))(t)); got != "[t3]" {
			t.Errorf("left are %s", got)
		}
	})
}
