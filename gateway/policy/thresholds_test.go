package policy_test

import (
	"slices"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// A team has shares of its own at which people are told, of its own cap or of its budget's, and those of routes on top.
func TestBudgets_teamsOwnThresholds(t *testing.T) {
	route := api.NewAlertRoute("r")
	route.Thresholds = []float64{0.95}
	terms := api.NewBudget("terms")
	terms.MaxBudget, terms.AlertThresholds = new(10*money.USD), []float64{0.7}
	for name, test := range map[string]struct {
		own      []float64
		budgetID *string
		want     []float64
	}{
		"its own cap":                      {[]float64{0.5, 0.9}, nil, []float64{0.5, 0.8, 0.9, 0.95, 1}},
		"nothing of its own":               {nil, nil, []float64{0.8, 0.95, 1}},
		"the cap of its budget":            {[]float64{0.5}, new("terms"), []float64{0.5, 0.95, 1}},
		"the shares of its budget":         {nil, new("terms"), []float64{0.7, 0.95, 1}},
		"an empty list is none of its own": {[]float64{}, new("terms"), []float64{0.7, 0.95, 1}},
	} {
		r, book, _ := setUp()
		r.routes, r.budgets = []api.AlertRoute{route}, append(r.budgets, terms)
		team := r.teams["marketing"]
		team.AlertThresholds = test.own
		if team.BudgetID = test.budgetID; test.budgetID != nil {
			team.BudgetTerms = api.BudgetTerms{HardCap: true}
		}
		r.teams["marketing"] = team
		var got []float64
		for _, threshold := range lookup(t, book, "one").Budgets(named("small"), time.Now())[0].Thresholds {
			got = append(got, threshold.Share)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: told at %v, want %v", name, got, test.want)
		}
	}
}
