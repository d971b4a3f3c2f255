package quotatest

import (
	"cmp"
	"errors"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// stepsPerRun is how many random calls one run of [Compare] makes at most.
const stepsPerRun = 100

// Compare makes the same random calls to two engines and wants the same answers, figures, rows and events.
// start returns the model and the engine under test, both empty. It returns how many calls were made.
func Compare(t *testing.T, start func(t *rapid.T) (model, subject Harness)) (steps int) {
	rapid.Check(t, func(rt *rapid.T) {
		c := &comparison{t: rt}
		c.model, c.subject = start(rt)
		c.drawTerms()
		for range rapid.IntRange(1, stepsPerRun).Draw(rt, "steps") {
			c.step()
			steps++
		}
		c.finish()
	})
	return steps
}

// comparison drives both engines and remembers what it has asked for.
type comparison struct {
	t              *rapid.T
	model, subject Harness
	terms          []terms // by slot
	made           []quota.Request
	// passed is the time since made was last emptied.
	passed     time.Duration
	generation int64
}

// terms are the limits of one slot.
type terms struct {
	slot    string
	version int64
	windows []quota.Window
	budgets []budgetTerms
}

type budgetTerms struct {
	budget quota.Budget
	span   *api.Span
}

func (c *comparison) step() {
	steps := []func(){
		c.reserve, c.reserve, c.reserve, c.reserve, c.settle, c.settle, c.settle, c.reserveTogether, c.settleTogether,
		c.advance, c.advance, c.renew, c.reap, c.look, c.drawTerms, c.bump, c.drain, c.adjust,
	}
	rapid.SampledFrom(steps).Draw(c.t, "step")()
}

// errorKinds are the errors that callers decide on, by name.
var errorKinds = map[string]error{
	"stale": quota.ErrStalePolicy, "unknown": quota.ErrUnknown, "ended": quota.ErrEnded, "no period": quota.ErrNoPeriod,
	"invalid": quota.ErrInvalid, "unavailable": quota.ErrUnavailable,
}

func kindOf(err error) string {
	for kind, known := range errorKinds {
		if errors.Is(err, known) {
			return kind
		}
	}
	if err != nil {
		return "another"
	}
	return ""
}

// both makes one call to both engines and wants the same answer and the same kind of error.
func both[T any](c *comparison, what string, call func(h Harness) (T, error)) T {
	want, wantErr := call(c.model)
	got, gotErr := call(c.subject)
	if kindOf(wantErr) != kindOf(gotErr) {
		c.t.Fatalf("%s: model fails with %v, engine with %v", what, wantErr, gotErr)
	}
	if diff := gocmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		c.t.Fatalf("%s: model and engine differ (-model +engine):\n%s", what, diff)
	}
	return want
}

// drawTerms changes the limits.
func (c *comparison) drawTerms() {
	c.terms = nil
	c.generation++
	pot := !c.subject.PotsApart && rapid.Bool().Draw(c.t, "pot")
	for _, slot := range []string{"marketing", "research"} {
		t := terms{slot: slot}
		for _, scope := range []quota.Scope{quota.Scope("team:" + slot), quota.Scope("key:" + slot)} {
			if rapid.Bool().Draw(c.t, "window") {
				t.windows = append(t.windows, c.drawWindow(scope))
			}
			if rapid.Bool().Draw(c.t, "budget") {
				budget := c.drawBudget(scope, t.windows, "1m", "1h", "1d", "1mo", "")
				budget.budget.Slot = slot
				t.budgets = append(t.budgets, budget)
			}
		}
		if pot {
			t.budgets = append(t.budgets, c.drawBudget(Everything, t.windows, "1mo", ""))
		}
		t.version = both(c, "policy version", func(h Harness) (int64, error) { return h.Engine.PolicyVersion(c.t.Context(), slot) })
		c.terms = append(c.terms, t)
	}
}

func (c *comparison) drawWindow(scope quota.Scope) quota.Window {
	limit := func(name string, most int64) int64 {
		return rapid.OneOf(rapid.Just[int64](quota.Unlimited), rapid.Int64Range(0, most)).Draw(c.t, name)
	}
	return quota.Window{
		Scope: scope, Name: "limit", RPM: limit("rpm", 8), TPM: limit("tpm", 2000), Parallel: limit("parallel", 4), EnforcedFrom: c.drawEnforcedFrom(),
	}
}

// drawEnforcedFrom is from when a limit refuses: always for most, else soon or never.
func (c *comparison) drawEnforcedFrom() time.Time {
	switch rapid.IntRange(0, 5).Draw(c.t, "enforced from") {
	case 0:
		return quota.Never
	case 1:
		after := rapid.Int64Range(0, 100_000_000).Draw(c.t, "enforced after microseconds")
		return c.model.Clock.Now().Add(time.Duration(after) * time.Microsecond)
	default:
		return time.Time{}
	}
}

func (c *comparison) drawBudget(scope quota.Scope, windows []quota.Window, spans ...string) budgetTerms {
	limit := money.Nano(rapid.OneOf(rapid.Just[int64](quota.Unlimited), rapid.Int64Range(0, 20_000)).Draw(c.t, "limit"))
	budget := quota.Budget{
		Scope: scope, Name: "budget", Limit: limit, Generation: c.generation,
		Hard: rapid.Bool().Draw(c.t, "hard"), EnforcedFrom: c.drawEnforcedFrom(),
		About: api.AlertEvent{TeamID: "marketing", TeamAlias: "Marketing"},
	}
	for _, share := range []float64{0.5, 0.8, 1} {
		if limit > 0 && rapid.Bool().Draw(c.t, "threshold") {
			budget.Thresholds = append(budget.Thresholds, quota.Threshold{Share: share, At: api.Share(limit, share)})
		}
	}
	if len(windows) > 0 && rapid.Bool().Draw(c.t, "throttle") {
		budget.Throttle = &quota.Throttle{
			Window: windows[0].Scope, At: max(limit, 0) / 2,
			Factor: rapid.SampledFrom([]float64{0.1, 0.5, 0.7}).Draw(c.t, "factor"),
		}
	}
	text := rapid.SampledFrom(spans).Draw(c.t, "span")
	span, err := api.ParseSpan(text)
	if err != nil {
		return budgetTerms{budget: budget}
	}
	return budgetTerms{budget: budget, span: &span}
}

// budgetsNow gives the terms' budgets the periods around now.
func (c *comparison) budgetsNow(t terms) []quota.Budget {
	budgets := make([]quota.Budget, len(t.budgets))
	for i, b := range t.budgets {
		budgets[i] = b.budget
		budgets[i].Periods = quota.Calendar{Span: b.span, ResetDay: 1, Zone: time.UTC}.Around(c.model.Clock.Now())
	}
	return budgets
}

func (c *comparison) reserve() {
	request := c.drawRequest()
	decision := both(c, "reserve", func(h Harness) (quota.Decision, error) { return h.Engine.Reserve(c.t.Context(), request) })
	if decision.Admitted {
		c.made = append(c.made, request)
	}
}

func (c *comparison) drawRequest() quota.Request {
	if len(c.made) > 0 && rapid.IntRange(0, 5).Draw(c.t, "again") == 0 {
		return c.drawMade()
	}
	return c.drawFresh(rapid.SampledFrom(c.terms).Draw(c.t, "slot"))
}

// drawFresh makes a request that was not made before.
func (c *comparison) drawFresh(t terms) quota.Request {
	least := rapid.Int64Range(0, 100).Draw(c.t, "least")
	var rest, idle int64
	if rapid.Bool().Draw(c.t, "content with less") {
		least = rapid.Int64Range(0, 1500).Draw(c.t, "usual least")
		rest, idle = rapid.Int64Range(0, 600).Draw(c.t, "rest"), rapid.Int64Range(0, 300).Draw(c.t, "idle")
	}
	return quota.Request{
		ID: NewID(), Slot: t.slot, PolicyVersion: t.version,
		InputTokens:     rapid.Int64Range(0, 300).Draw(c.t, "input"),
		MinOutputTokens: least, RestOutputTokens: rest, IdleOutputTokens: idle,
		OutputTokens:    least + rapid.OneOf(rapid.Just[int64](0), rapid.Int64Range(0, 4000)).Draw(c.t, "more"),
		InputCost:       money.Nano(rapid.Int64Range(0, 1000).Draw(c.t, "input cost")),
		OutputTokenCost: money.Nano(rapid.Int64Range(0, 20).Draw(c.t, "token cost")),
		Windows:         t.windows, Budgets: c.budgetsNow(t), Final: rapid.Bool().Draw(c.t, "final"),
		Row: api.LedgerRow{TeamID: t.slot, KeyID: t.slot, Model: "gpt", RequestID: "request"},
	}
}

func (c *comparison) drawMade() quota.Request { return rapid.SampledFrom(c.made).Draw(c.t, "made") }

func (c *comparison) settle() {
	if len(c.made) == 0 {
		return
	}
	settlement := c.drawSettlement()
	both(c, "settle", func(h Harness) (quota.Settled, error) { return h.Engine.Settle(c.t.Context(), settlement) })
}

func (c *comparison) drawSettlement() quota.Settlement {
	request := c.drawMade()
	if rapid.IntRange(0, 20).Draw(c.t, "unknown") == 0 {
		request.ID = NewID()
	}
	tokens := rapid.Int64Range(0, 2000).Draw(c.t, "tokens")
	cost := money.Nano(rapid.Int64Range(0, 5000).Draw(c.t, "cost"))
	unsent := rapid.IntRange(0, 5).Draw(c.t, "unsent") == 0
	if unsent {
		tokens, cost = 0, 0
	}
	settlement := settlementOf(request, tokens, cost)
	settlement.Unsent = unsent
	return settlement
}

func (c *comparison) advance() {
	d := rapid.OneOf(
		rapid.Int64Range(1, 2_000_000), rapid.Int64Range(0, 70_000_000),
		rapid.Int64Range(0, 4_000_000_000), rapid.Int64Range(-5_000_000, 0),
	).Draw(c.t, "microseconds")
	c.model.Clock.Advance(time.Duration(d) * time.Microsecond)
	c.subject.Clock.Advance(time.Duration(d) * time.Microsecond)
	if c.passed += time.Duration(d) * time.Microsecond; c.passed > remembered {
		c.made, c.passed = nil, 0
	}
}

// remembered is for how long engines know the end of a reservation, less a minute. Then the model knows nothing of it, and
// a gateway whose own clock says that it is young books it all the same.
const remembered = 14 * time.Minute

func (c *comparison) renew() {
	if len(c.made) == 0 {
		return
	}
	request := c.drawMade()
	checkpoint := quota.Checkpoint{
		ID: request.ID, Slot: request.Slot,
		Tokens: rapid.Int64Range(0, 1000).Draw(c.t, "tokens"), Cost: money.Nano(rapid.Int64Range(0, 2000).Draw(c.t, "cost")),
	}
	both(c, "renew", func(h Harness) (bool, error) {
		return true, h.Engine.Renew(c.t.Context(), []quota.Checkpoint{checkpoint})
	})
}

func (c *comparison) reap() {
	both(c, "reap", func(h Harness) (int, error) { return h.Engine.Reap(c.t.Context()) })
}

func (c *comparison) bump() {
	slot := rapid.SampledFrom(c.terms).Draw(c.t, "slot").slot
	both(c, "bump policy", func(h Harness) (int64, error) { return h.Engine.BumpPolicy(c.t.Context(), slot) })
}

func (c *comparison) drain() {
	both(c, "drain", func(h Harness) (bool, error) { return true, h.Engine.Drain(c.t.Context()) })
}

// adjust books a difference in the ledger alone, as an administrator's reset does, and has a counter follow it.
func (c *comparison) adjust() {
	t := rapid.SampledFrom(c.terms).Draw(c.t, "slot")
	if len(t.budgets) == 0 {
		return
	}
	number := rapid.IntRange(0, len(t.budgets)-1).Draw(c.t, "budget")
	row := api.LedgerRow{
		ID: NewID(), Kind: api.LedgerAdjust, TeamID: t.slot, KeyID: t.slot, AdmittedAt: c.model.Clock.Now(),
		Cost: money.Nano(rapid.Int64Range(-3000, 3000).Draw(c.t, "difference")),
	}
	both(c, "adjust", func(h Harness) ([]quota.BudgetState, error) {
		if err := h.Record.Append(c.t.Context(), []quota.Entry{{Row: &row}}); err != nil {
			return nil, err
		}
		return h.Engine.Refill(c.t.Context(), c.budgetsNow(t)[number:number+1])
	})
}

// look compares everything that the engines say about the current terms.
func (c *comparison) look() {
	for _, t := range c.terms {
		both(c, "used", func(h Harness) ([]quota.WindowState, error) { return h.Engine.Used(c.t.Context(), t.slot, t.windows) })
		both(c, "spent", func(h Harness) ([]quota.BudgetState, error) {
			return h.Engine.Spent(c.t.Context(), c.budgetsNow(t))
		})
	}
}

// finish compares what has reached the record.
func (c *comparison) finish() {
	c.look()
	c.drain()
	both(c, "ledger", func(h Harness) ([]api.LedgerRow, error) {
		rows := h.Record.Rows()
		slices.SortFunc(rows, func(a, b api.LedgerRow) int { return cmp.Compare(a.ID, b.ID) })
		return rows, nil
	})
	both(c, "alerts", func(h Harness) ([]quota.Crossing, error) {
		crossed := h.Record.Crossings()
		slices.SortFunc(crossed, func(a, b quota.Crossing) int { return cmp.Compare(a.ID(), b.ID()) })
		return crossed, nil
	})
}
