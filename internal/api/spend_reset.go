package api

import (
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

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
