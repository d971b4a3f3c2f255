package store_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func TestCreateBudget_answersWhatReadsAnswer(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		pot := api.NewBudget("pot")
		pot.MaxBudget, pot.Timezone = new(100*money.USD), new("Europe/Berlin")
		pot.AlertThresholds = []float64{0.5, 0.8, 1}
		pot.TeamIDs, pot.Models = []string{"z", "a"}, []string{"m"}
		pot.OnSoftLimit = &api.OnSoftLimit{ReduceRPMPct: new(0.5)}
		created := must(s.CreateBudget(t.Context(), alice, pot))(t)
		pot.Record = created.Record
		if diff := cmp.Diff(pot, created); diff != "" {
			t.Errorf("created (-want +got):\n%s", diff)
		}
		must(s.CreateBudget(t.Context(), alice, api.NewBudget("plain")))(t)
		all := must(s.AllBudgets(t.Context()))(t)
		if len(all) != 2 || !cmp.Equal(all[1], created) && !cmp.Equal(all[0], created) {
			t.Errorf("all are %v", all)
		}
		pots, total, err := s.Budgets(t.Context(), api.BudgetFilter{Pots: true})
		if err != nil || total != 1 || len(pots) != 1 || pots[0].BudgetID != "pot" {
			t.Errorf("pots are %v, %d, %v", pots, total, err)
		}
		_, err = s.CreateBudget(t.Context(), alice, api.NewBudget("pot"))
		wantCode(t, err, api.AlreadyExists)
	})
}

func TestBudget_inUse(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		for _, id := range []string{"b1", "b2"} {
			must(s.CreateBudget(t.Context(), alice, api.NewBudget(id)))(t)
		}
		for _, id := range []string{"t1", "t2", "t3", "t4", "t5", "t6"} {
			team := api.NewTeam(id)
			team.BudgetID = new("b1")
			must(s.CreateTeam(t.Context(), alice, team))(t)
		}
		key := newKey("k1", "")
		key.BudgetID = new("b1")
		must(s.CreateKey(t.Context(), alice, key, []byte("h")))(t)

		_, err := s.DeleteBudgets(t.Context(), alice, []string{"b2", "b1"})
		wantCode(t, err, api.Conflict)
		if want := `team "t5", more teams, key "k1"`; !strings.Contains(apiError(t, err).Message, want) {
			t.Errorf("message %q does not name the users", apiError(t, err).Message)
		}
		if _, err := s.Budget(t.Context(), "b2"); err != nil {
			t.Errorf("the other budget: %v", err)
		}
		_, err = s.UpdateBudget(t.Context(), alice, "b1", 0, func(b *api.Budget) error { b.Everything = true; return nil })
		wantCode(t, err, api.Conflict)
		updated := must(s.UpdateBudget(t.Context(), alice, "b1", 1, func(b *api.Budget) error {
			b.MaxBudget = new(money.USD)
			return nil
		}))(t)
		if updated.Revision != 2 || *updated.MaxBudget != money.USD {
			t.Errorf("updated is %+v", updated)
		}

		for _, id := range []string{"t1", "t2", "t3", "t4", "t5", "t6"} {
			must(s.UpdateTeam(t.Context(), alice, id, 0, func(team *api.Team) error { team.BudgetID = nil; return nil }))(t)
		}
		must(s.DeleteKeys(t.Context(), alice, []string{"k1"}))(t)
		if gone := must(s.DeleteBudgets(t.Context(), alice, []string{"b2", "b1"}))(t); len(gone) != 2 {
			t.Errorf("deleted are %v", gone)
		}
		_, err = s.Budget(t.Context(), "b1")
		wantCode(t, err, api.NotFound)
	})
}
