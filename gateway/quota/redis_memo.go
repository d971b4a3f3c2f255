package quota

import (
	"encoding/json"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// What Redis keeps for the gateway that writes a ledger row or raises an alert is text that scripts only pass on.
// Every byte of it costs them time, so names are short and what is empty is left out.

// rowMemo is a ledger row on its way. Its fields are those of [api.LedgerRow], or it would not compile.
type rowMemo struct {
	ID               string     `json:"i,omitzero"`
	Kind             string     `json:"k,omitzero"`
	AdmittedAt       time.Time  `json:"a,omitzero"`
	SettledAt        time.Time  `json:"s,omitzero"`
	RequestID        string     `json:"r,omitzero"`
	TeamID           string     `json:"t,omitzero"`
	KeyID            string     `json:"y,omitzero"`
	UserID           string     `json:"u,omitzero"`
	Model            string     `json:"m,omitzero"`
	Upstream         string     `json:"p,omitzero"`
	PromptTokens     int64      `json:"pt,omitzero"`
	CachedTokens     int64      `json:"ct,omitzero"`
	CompletionTokens int64      `json:"ot,omitzero"`
	Cost             money.Nano `json:"c,omitzero"`
	PriceVersion     string     `json:"v,omitzero"`
	EndUser          string     `json:"e,omitzero"`
	Tags             []string   `json:"g,omitempty"`
}

func packRow(row api.LedgerRow) ([]byte, error) { return json.Marshal(rowMemo(row)) }

func unpackRow(text string) (api.LedgerRow, error) {
	var memo rowMemo
	err := json.Unmarshal([]byte(text), &memo)
	return api.LedgerRow(memo), err
}

// budgetMemo is what travels with a reservation of one of its budgets.
type budgetMemo struct {
	Scope      Scope     `json:"s"`
	Limit      int64     `json:"l"`
	Hard       bool      `json:"h,omitzero"`
	Generation int64     `json:"g,omitzero"`
	About      aboutMemo `json:"a,omitzero"`
}

// aboutMemo has the fields of [api.AlertEvent].
type aboutMemo struct {
	ID          string     `json:"i,omitzero"`
	Type        string     `json:"y,omitzero"`
	Severity    string     `json:"v,omitzero"`
	CreatedAt   time.Time  `json:"c,omitzero"`
	Message     string     `json:"m,omitzero"`
	TeamID      string     `json:"t,omitzero"`
	TeamAlias   string     `json:"ta,omitzero"`
	KeyID       string     `json:"k,omitzero"`
	UserID      string     `json:"u,omitzero"`
	BudgetID    string     `json:"b,omitzero"`
	Scope       string     `json:"s,omitzero"`
	Threshold   float64    `json:"h,omitzero"`
	Spend       money.Nano `json:"p,omitzero"`
	MaxBudget   money.Nano `json:"x,omitzero"`
	PeriodStart *time.Time `json:"ps,omitzero"`
	PeriodEnd   *time.Time `json:"pe,omitzero"`
	HardCap     bool       `json:"hc,omitzero"`
}

func packBudgets(budgets []Budget) ([]byte, error) {
	memos := make([]budgetMemo, len(budgets))
	for i, budget := range budgets {
		memos[i] = budgetMemo{
			Scope: budget.Scope, Limit: int64(budget.Limit), Hard: budget.Hard,
			Generation: budget.Generation, About: aboutMemo(budget.About),
		}
	}
	return json.Marshal(memos)
}

func (b budgetMemo) budget() Budget {
	return Budget{
		Scope: b.Scope, Limit: money.Nano(b.Limit), Hard: b.Hard, Generation: b.Generation, About: api.AlertEvent(b.About),
	}
}
