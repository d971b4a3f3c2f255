package script

import (
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
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
	Calls            int64      `json:"n,omitzero"`
	ReservedTokens   int64      `json:"rt,omitzero"`
	ReservedCost     money.Nano `json:"rc,omitzero"`
	SparableTokens   int64      `json:"st,omitzero"`
	SparableCost     money.Nano `json:"sc,omitzero"`
	UncountedTokens  int64      `json:"ut,omitzero"`
}

// PackRow writes what encoding/json would write of a [rowMemo], in a fraction of the time: every request passes here twice.
func PackRow(row api.LedgerRow) []byte {
	p := rowPacker{text: make([]byte, 0, 320)}
	p.string("i", row.ID)
	p.string("k", row.Kind)
	p.time("a", row.AdmittedAt)
	p.time("s", row.SettledAt)
	p.string("r", row.RequestID)
	p.string("t", row.TeamID)
	p.string("y", row.KeyID)
	p.string("u", row.UserID)
	p.string("m", row.Model)
	p.string("p", row.Upstream)
	p.int("pt", row.PromptTokens)
	p.int("ct", row.CachedTokens)
	p.int("ot", row.CompletionTokens)
	p.amount("c", row.Cost)
	p.string("v", row.PriceVersion)
	p.string("e", row.EndUser)
	if len(row.Tags) > 0 {
		p.name("g")
		p.json(row.Tags)
	}
	p.int("n", row.Calls)
	p.int("rt", row.ReservedTokens)
	p.amount("rc", row.ReservedCost)
	p.int("st", row.SparableTokens)
	p.amount("sc", row.SparableCost)
	p.int("ut", row.UncountedTokens)
	if len(p.text) == 0 {
		p.text = append(p.text, '{')
	}
	return append(p.text, '}')
}

// rowPacker writes an object's fields that are not empty.
type rowPacker struct{ text []byte }

func (p *rowPacker) name(name string) {
	if len(p.text) == 0 {
		p.text = append(p.text, '{')
	} else {
		p.text = append(p.text, ',')
	}
	p.text = append(append(append(p.text, '"'), name...), '"', ':')
}

func (p *rowPacker) string(name, value string) {
	if value == "" {
		return
	}
	p.name(name)
	for i := range len(value) {
		if c := value[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			p.json(value)
			return
		}
	}
	p.text = append(append(append(p.text, '"'), value...), '"')
}

func (p *rowPacker) int(name string, value int64) {
	if value != 0 {
		p.name(name)
		p.text = strconv.AppendInt(p.text, value, 10)
	}
}

func (p *rowPacker) amount(name string, value money.Nano) {
	if value != 0 {
		p.name(name)
		p.text = append(p.text, value.String()...)
	}
}

func (p *rowPacker) time(name string, value time.Time) {
	if !value.IsZero() {
		p.name(name)
		p.json(value)
	}
}

// json is for strings, lists of strings and times, none of which fail.
func (p *rowPacker) json(value any) {
	text, _ := json.Marshal(value)
	p.text = append(p.text, text...)
}

// UnpackRow is the reverse of [PackRow].
func UnpackRow(text string) (api.LedgerRow, error) {
	var memo rowMemo
	err := json.Unmarshal([]byte(text), &memo)
	return api.LedgerRow(memo), err
}

// budgetMemo is what travels with a reservation of one of its budgets.
type budgetMemo struct {
	Scope      quota.Scope `json:"s"`
	Limit      int64       `json:"l"`
	Hard       bool        `json:"h,omitzero"`
	Generation int64       `json:"g,omitzero"`
	About      aboutMemo   `json:"a,omitzero"`
}

// aboutMemo is whose budget it is: all that policies say of a budget in its About.
type aboutMemo struct {
	TeamID    string            `json:"t,omitzero"`
	TeamAlias string            `json:"ta,omitzero"`
	KeyID     string            `json:"k,omitzero"`
	UserID    string            `json:"u,omitzero"`
	BudgetID  string            `json:"b,omitzero"`
	Threshold float64           `json:"h,omitzero"`
	Changes   []api.AlertChange `json:"ch,omitzero"`
}

func aboutOf(about api.AlertEvent) aboutMemo {
	return aboutMemo{
		TeamID: about.TeamID, TeamAlias: about.TeamAlias, KeyID: about.KeyID, UserID: about.UserID, BudgetID: about.BudgetID,
		Threshold: about.Threshold, Changes: about.Changes,
	}
}

func (m aboutMemo) event() api.AlertEvent {
	return api.AlertEvent{
		TeamID: m.TeamID, TeamAlias: m.TeamAlias, KeyID: m.KeyID, UserID: m.UserID, BudgetID: m.BudgetID,
		Threshold: m.Threshold, Changes: m.Changes,
	}
}

// PackBudgets writes what travels with a reservation of its budgets.
func PackBudgets(budgets []quota.Budget) ([]byte, error) {
	memos := make([]budgetMemo, len(budgets))
	for i, budget := range budgets {
		memos[i] = budgetMemo{
			Scope: budget.Scope, Limit: int64(budget.Limit), Hard: budget.Hard,
			Generation: budget.Generation, About: aboutOf(budget.About),
		}
	}
	return json.Marshal(memos)
}

func (b budgetMemo) budget() *quota.Budget {
	return &quota.Budget{
		Scope: b.Scope, Limit: money.Nano(b.Limit), Hard: b.Hard, Generation: b.Generation, About: b.About.event(),
	}
}
