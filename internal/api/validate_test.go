package api_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func TestTeamValidate_namesTheField(t *testing.T) {
	for want, change := range map[string]func(*api.Team){
		"team_id is required":                                            func(t *api.Team) { t.TeamID = "" },
		"team_id must start with":                                        func(t *api.Team) { t.TeamID = "a b" },
		"rpm_limit cannot be negative. Received: -1":                     func(t *api.Team) { t.RPMLimit = new(int64(-1)) },
		"model_tpm_limit.gpt cannot be negative":                         func(t *api.Team) { t.ModelTPMLimit = map[string]int64{"gpt": -2} },
		"max_budget cannot be negative. Received: -1.5":                  func(t *api.Team) { t.MaxBudget = new(-3 * money.USD / 2) },
		"soft_budget (10) must be strictly lower than max_budge":         func(t *api.Team) { t.MaxBudget, t.SoftBudget = new(10*money.USD), new(10*money.USD) },
		"soft_threshold_pct is 80":                                       func(t *api.Team) { t.SoftThresholdPct = new(80.0) },
		"soft_threshold_pct cannot be set together":                      func(t *api.Team) { t.SoftThresholdPct, t.SoftBudget = new(0.8), new(money.USD) },
		`budget_duration "1 month" is not a duration`:                    func(t *api.Team) { t.BudgetDuration = new("1 month") },
		"reset_day is 31":                                                func(t *api.Team) { t.ResetDay = new(31) },
		`reset_day is a day of the month, and a budget_duration of "7d"`: func(t *api.Team) { t.ResetDay, t.BudgetDuration = new(3), new("7d") },
		"temp_budget_increase and temp_budget_expiry must come together": func(t *api.Team) {
			t.MaxBudget, t.TempBudgetIncrease = new(money.USD), new(money.USD)
		},
		"temp_budget_increase needs max_budget": func(t *api.Team) {
			t.TempBudgetIncrease, t.TempBudgetExpiry = new(money.USD), new(time.Now())
		},
		"alert_thresholds need max_budget or budget_id":     func(t *api.Team) { t.AlertThresholds = []float64{0.8} },
		"alert_thresholds must be ascending; 0.5 follows 1": func(t *api.Team) { t.MaxBudget, t.AlertThresholds = new(money.USD), []float64{1, 0.5} },
		`models names "a" twice`:                            func(t *api.Team) { t.Models = api.StringList{"a", "a"} },
		"max_budget cannot be set together with budget_id":  func(t *api.Team) { t.BudgetID, t.MaxBudget = new("b"), new(money.USD) },
		"team_alias is 300 characters long":                 func(t *api.Team) { t.TeamAlias = new(strings.Repeat("x", 300)) },
		"metadata is 70000 bytes long":                      func(t *api.Team) { t.Metadata = api.Metadata{"": json.RawMessage(strings.Repeat("1", 70000))} },
	} {
		team := api.NewTeam("t")
		change(&team)
		if err := team.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestBudgetValidate_namesTheField(t *testing.T) {
	for want, change := range map[string]func(*api.Budget){
		"alert_thresholds must be ascending; 0.5 follows 0.8":    func(b *api.Budget) { b.MaxBudget, b.AlertThresholds = new(money.USD), []float64{0.8, 0.5} },
		`team_ids has "*", which is nobody's id; a pot over all`: func(b *api.Budget) { b.TeamIDs = []string{"a", "*"} },
		"alert_thresholds need max_budget":                       func(b *api.Budget) { b.AlertThresholds = []float64{0.8} },
		`timezone "Mars" is not an IANA time zone`:               func(b *api.Budget) { b.Timezone = new("Mars") },
		"on_soft_limit.reduce_rpm_pct is 50":                     func(b *api.Budget) { b.OnSoftLimit = &api.OnSoftLimit{ReduceRPMPct: new(50.0)} },
		"everything cannot be set together":                      func(b *api.Budget) { b.Everything, b.Models = true, []string{"m"} },
	} {
		budget := api.NewBudget("b")
		change(&budget)
		if err := budget.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestAlertRouteValidate_neverRepeatsASecret(t *testing.T) {
	route := api.NewAlertRoute("r")
	route.Name = "r"
	route.Webhook = &api.WebhookTarget{URL: "https://user:canary@example.com/", Secret: new("canary-too-short")}
	err := route.Validate()
	if err == nil || strings.Contains(err.Error(), "canary") {
		t.Fatalf("got %v", err)
	}
	route.Webhook.URL = "https://example.com/"
	if err := route.Validate(); err == nil || strings.Contains(err.Error(), "canary") || !strings.HasPrefix(err.Error(), "webhook.secret") {
		t.Fatalf("got %v", err)
	}
}

func TestShare_isExactForDecimals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.Int64Range(0, int64(money.Max)).Draw(t, "amount")
		percent := rapid.Int64Range(1, 100).Draw(t, "percent")
		got := api.Share(money.Nano(amount), float64(percent)/100)
		// The same in whole numbers, rounded half up.
		want := money.Nano((amount/100)*percent + ((amount%100)*percent+50)/100)
		if got != want {
			t.Fatalf("Share(%d, %d %%) = %d, want %d", amount, percent, got, want)
		}
	})
}

func TestBudgetValidateScope(t *testing.T) {
	for field, budget := range map[string]api.BudgetFields{
		"team_ids": {TeamIDs: []string{}}, "key_ids": {KeyIDs: []string{}}, "models": {Models: []string{}},
	} {
		err := api.Budget{BudgetID: "b", BudgetFields: budget}.ValidateScope()
		if err == nil || !strings.HasPrefix(err.Error(), field+" is empty, so the pot would count nothing") {
			t.Errorf("%s: %v", field, err)
		}
	}
	if err := (api.Budget{BudgetID: "b", BudgetFields: api.BudgetFields{TeamIDs: []string{"a"}}}).ValidateScope(); err != nil {
		t.Error(err)
	}
}
