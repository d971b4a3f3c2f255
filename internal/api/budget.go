package api

import (
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Budget is a named amount over a period. Without a scope its terms serve the teams and keys
// that name it in budget_id, each with a counter of its own. With a scope it is one pot:
// everything the scope selects is spent from it together.
type Budget struct {
	BudgetID string `json:"budget_id"`
	BudgetFields
	BudgetState
	Record
	DeclaredIn string `json:"declared_in,omitempty"`
}

// BudgetFields are the parts of a budget that its owner may set.
type BudgetFields struct {
	BudgetTerms
	RateLimits
	Enforcement
	// AlertThresholds are shares of MaxBudget at which people are told, ascending, such as [0.5, 0.8, 1].
	AlertThresholds []float64 `json:"alert_thresholds"`
	// Timezone is the IANA zone the period is aligned in; nil is the gateway's (budgets.timezone).
	Timezone    *string      `json:"timezone"`
	OnSoftLimit *OnSoftLimit `json:"on_soft_limit"`
	// TeamIDs, KeyIDs and Models are the scope of a pot. A nil one does not restrict;
	// all nil and no Everything makes the budget plain terms.
	TeamIDs []string `json:"team_ids"`
	KeyIDs  []string `json:"key_ids"`
	Models  []string `json:"models"`
	// Everything makes the budget a pot over all spending of the gateway.
	Everything bool `json:"everything"`
}

// OnSoftLimit is what happens to a team's limits once the soft limit is reached.
type OnSoftLimit struct {
	// ReduceRPMPct is the share that the RPM limit is multiplied with, such as 0.5.
	ReduceRPMPct *float64 `json:"reduce_rpm_pct"`
}

// NewBudget returns a budget with the defaults of a create.
func NewBudget(id string) Budget {
	return Budget{BudgetID: id, BudgetFields: BudgetFields{BudgetTerms: BudgetTerms{HardCap: true}}}
}

// Pot says whether the budget has a scope, and so one counter for all it selects.
func (b Budget) Pot() bool {
	return b.Everything || b.TeamIDs != nil || b.KeyIDs != nil || b.Models != nil
}

// Validate says whether the budget can be stored; the error names the field.
func (b Budget) Validate() error {
	v := newValidation()
	v.id("budget_id", b.BudgetID)
	v.budgetTerms(b.BudgetTerms, nil)
	v.rateLimits(b.RateLimits)
	v.enforcement(b.Enforcement)
	v.thresholds("alert_thresholds", b.AlertThresholds)
	if len(b.AlertThresholds) > 0 && b.MaxBudget == nil {
		v.fail("alert_thresholds", "need max_budget: they are shares of it")
	}
	if b.Timezone != nil {
		if _, err := time.LoadLocation(*b.Timezone); err != nil || *b.Timezone == "" || *b.Timezone == "Local" {
			v.fail("timezone", "%q is not an IANA time zone such as Europe/Berlin", *b.Timezone)
		}
	}
	if b.OnSoftLimit != nil && b.OnSoftLimit.ReduceRPMPct != nil {
		v.share("on_soft_limit.reduce_rpm_pct", *b.OnSoftLimit.ReduceRPMPct)
	}
	v.names("team_ids", b.TeamIDs)
	v.names("key_ids", b.KeyIDs)
	for field, ids := range map[string][]string{"team_ids": b.TeamIDs, "key_ids": b.KeyIDs} {
		if slices.Contains(ids, "*") {
			v.fail(field, `has "*", which is nobody's id; a pot over all spending has everything: true`)
		}
	}
	v.modelList("models", b.Models)
	if b.Everything && (b.TeamIDs != nil || b.KeyIDs != nil || b.Models != nil) {
		v.fail("everything", "cannot be set together with team_ids, key_ids or models")
	}
	return v.err()
}

// ValidateScope refuses a pot whose scope is empty. It is apart from Validate as a plan may not know yet what a scope
// will hold.
func (b Budget) ValidateScope() error {
	v := newValidation()
	for field, list := range map[string][]string{"team_ids": b.TeamIDs, "key_ids": b.KeyIDs, "models": b.Models} {
		if list != nil && len(list) == 0 {
			v.fail(field, "is empty, so the pot would count nothing; null does not restrict it, and a pot over all spending has everything: true")
		}
	}
	return v.err()
}

// Names of the counters that spending is counted in. The ledger reads them back, and the record keeps
// adjustments and armed thresholds under them.

// TeamScope names the counter of a team.
func TeamScope(teamID string) string { return "team:" + teamID }

// KeyScope names the counter of a key.
func KeyScope(keyID string) string { return "key:" + keyID }

// PotScope names the counter of a pot. Terms that teams and keys share have no counter of their own.
func PotScope(budgetID string) string { return "budget:" + budgetID }

// UserScope names the counter of a user over all teams.
func UserScope(userID string) string { return "user:" + userID }

// MemberScope names the counter of a user in a team. "#" stands in no id.
func MemberScope(teamID, userID string) string { return "member:" + teamID + "#" + userID }

// MembersScope stands for what a team has for all members without terms of their own. Nothing is counted under it.
func MembersScope(teamID string) string { return "members:" + teamID }

// SpendReset sets what a budget has spent in its running period.
type SpendReset struct {
	// Object is "team", "key" or "budget", ObjectID its id.
	Object   string
	ObjectID string
	// Selection is what the budget counts; its Scope names the counter.
	Selection LedgerSelection
	// From and To bound the period, as in a sum of the ledger; At lies in it.
	From, To, At time.Time
	SpendTarget
}

// SpendTarget is what a budget shall have spent.
type SpendTarget struct {
	// OpeningID names a balance that was brought from elsewhere, such as "litellm"; Amount is then that balance alone, and what
	// is spent here comes on top. It is empty for a reset, where Amount is all that counts as spent.
	OpeningID string
	Amount    money.Nano
}

// MaxOpening is the largest balance that may be brought: counters are exact up to it.
const MaxOpening = 9_000_000 * money.USD

// CheckOpening says whether a balance can be brought; the error names the field.
func CheckOpening(id string, spend money.Nano) error {
	v := newValidation()
	v.id("opening_id", id)
	v.amount("spend", &spend)
	if spend > MaxOpening {
		v.fail("spend", "is %s; at most %s can be counted exactly", spend, MaxOpening)
	}
	return v.err()
}

// SpendWasReset is the answer to a reset.
type SpendWasReset struct {
	TeamID string `json:"team_id,omitempty"`
	// UserID stands beside TeamID for a member of the team.
	UserID string `json:"user_id,omitempty"`
	// KeyHash is the key's id, as LiteLLM names it.
	KeyHash       string      `json:"key_hash,omitempty"`
	KeyID         string      `json:"key_id,omitempty"`
	BudgetID      string      `json:"budget_id,omitempty"`
	Spend         money.Nano  `json:"spend"`
	PreviousSpend money.Nano  `json:"previous_spend"`
	MaxBudget     *money.Nano `json:"max_budget"`
	BudgetResetAt *time.Time  `json:"budget_reset_at"`
}
