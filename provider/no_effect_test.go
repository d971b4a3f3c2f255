package provider_test

import (
	"strings"
	"testing"
)

const withoutEffect = `
resource "bursar_team" "beside" {
  budget_id          = "terms"
  soft_threshold_pct = 0.8
  hard_cap           = false
  budget_duration    = "1d"
}

resource "bursar_key" "beside" {
  budget_id   = "terms"
  soft_budget = 5
  reset_day   = 3
}

resource "bursar_team" "half" {
  soft_threshold_pct = 0.8
  reset_day          = 3
}

resource "bursar_budget" "half" {
  max_budget    = 5
  on_soft_limit = { reduce_rpm_pct = 0.5 }
}
`

const withEffect = `

resource "terraform_data" "later" {
  input = 5
}

resource "bursar_team" "own" {
  max_budget         = terraform_data.later.output
  soft_threshold_pct = 0.8
  hard_cap           = false
  budget_duration    = "1mo"
  reset_day          = 3
}

resource "bursar_team" "told_only" {
  soft_budget     = 5
  budget_duration = "1mo"
}

resource "bursar_team" "taken" {
  budget_id = bursar_budget.terms.budget_id
  hard_cap  = true
}

resource "bursar_key" "perhaps" {
  budget_id   = terraform_data.later.id
  soft_budget = 5
}

resource "bursar_budget" "terms" {
  max_budget         = 5
  soft_threshold_pct = 0.5
  on_soft_limit      = { reduce_rpm_pct = 0.5 }
}
`

func TestAccNoEffect_isWarnedOf(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, t.TempDir(), "BURSAR_ENDPOINT="+g.URL, "BURSAR_ADMIN_KEY="+adminKey)
	said := c.plans(2, versions+withoutEffect)
	for _, want := range []string{
		"soft_threshold_pct has no effect together with budget_id", "hard_cap has no effect together with budget_id",
		"budget_duration has no effect together with budget_id", "soft_budget has no effect together with budget_id",
		"reset_day has no effect together with budget_id", "soft_threshold_pct has no effect without max_budget",
		"reset_day has no effect without budget_duration", "on_soft_limit has no effect without a soft limit",
	} {
		if !strings.Contains(said, "Warning: "+want) {
			t.Errorf("the plan does not say %q:\n%s", want, said)
		}
	}
	if said := c.plans(2, versions+withEffect); strings.Contains(said, "has no effect") {
		t.Errorf("what has an effect is warned of:\n%s", said)
	}
}
