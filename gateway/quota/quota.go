// Package quota decides whether a request may run, and accounts for it when it ends.
//
// It promises that no interval of 60 seconds admits more than a rate limit, that no hard
// budget is exceeded by what was reserved, that every reservation ends exactly once, and that
// a refused request leaves no trace, with any number of gateways sharing one store.
// It must never know of HTTP, SQL, teams or prices: callers bring counters, limits and amounts.
package quota

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Unlimited stands for a limit that is not set.
const Unlimited = -1

// Scope names one counter, such as "team:marketing", "key:key_1", "team:marketing:model:gpt-4.1"
// or "budget:all-of-it". The engine gives it no meaning.
type Scope string

// Engine counts reservations against limits. The in-process engine is the specification;
// the Redis engine gives the same answers to the same calls.
type Engine interface {
	// Reserve checks every limit of the request at once and, if all of them hold, charges them all.
	// A request that does not fit is answered with Decision.Admitted false and changes nothing.
	// Reserving an id a second time answers as the first time. Errors: [ErrStalePolicy], [ErrEnded],
	// [ErrUnavailable], or a context's. After an error nothing is held and the id is spent: what may have been made
	// under it without anybody hearing of it is taken back, maybe much later. The next try needs an id of its own.
	Reserve(ctx context.Context, request Request) (Decision, error)

	// Settle ends a reservation with what it really used: the difference goes back to where it was
	// charged and the ledger row is durable when Settle returns. Settling an id again changes nothing
	// and reports Duplicate.
	Settle(ctx context.Context, settlement Settlement) (Settled, error)

	// Renew keeps reservations of long requests alive and notes what they have cost so far.
	Renew(ctx context.Context, checkpoints []Checkpoint) error

	// Spent reads budgets as they stand now, in the order asked.
	Spent(ctx context.Context, budgets []Budget) ([]BudgetState, error)

	// Used reads rate windows as they stand now, in the order asked.
	Used(ctx context.Context, slot string, windows []Window) ([]WindowState, error)

	// Refill fills the running periods' counters anew from the ledger and returns them: after the ledger was
	// adjusted there, or when a budget selects something else than before. It is in force on all gateways when it returns.
	Refill(ctx context.Context, budgets []Budget) ([]BudgetState, error)

	// Backlog says how much waits for the record.
	Backlog(ctx context.Context) (Backlog, error)

	// BumpPolicy makes every Reserve of the slot with an older policy version answer [ErrStalePolicy],
	// on all gateways, from the moment it returns.
	BumpPolicy(ctx context.Context, slot string) (version int64, err error)

	// PolicyVersion reads the slot's current policy version.
	PolicyVersion(ctx context.Context, slot string) (int64, error)

	// Ping says whether the counters can be reached.
	Ping(ctx context.Context) error

	Close() error
}

// Errors that callers decide on.
var (
	// ErrStalePolicy: the limits in the request are older than the last change; reload and try again.
	ErrStalePolicy = errors.New("limits have changed since they were loaded")
	// ErrUnavailable: the counters cannot be reached.
	ErrUnavailable = errors.New("quota store is unavailable")
	// ErrRecovering: the counters were lost, and not every gateway has told what it knows of them. An [ErrUnavailable].
	ErrRecovering = fmt.Errorf("%w: it has lost counters and is told them again", ErrUnavailable)
	// ErrBacklog: too much waits for the record; what cannot be written down must not be spent.
	ErrBacklog = errors.New("too much is waiting to be recorded")
	// ErrUnrecorded: what was settled last could not be written down, and waits in this process. An [ErrBacklog].
	ErrUnrecorded = fmt.Errorf("%w: the record takes no rows", ErrBacklog)
	// ErrUnknown: the reservation is neither live nor remembered.
	ErrUnknown = errors.New("reservation is unknown")
	// ErrEnded: the id to reserve belongs to a reservation that has ended; nothing is held for it.
	ErrEnded = errors.New("reservation has ended")
	// ErrNoPeriod: none of a budget's periods covers the counters' time; the caller's clock is far off.
	ErrNoPeriod = errors.New("no period of the budget covers the time of the counters")
	// ErrInvalid: amounts that cannot be counted, negative ones for example.
	ErrInvalid = errors.New("amount cannot be counted")
)

// Request is what one attempt at a call wants to use at most.
//
// A caller that set no output cap leaves room: OutputTokens is then the most that is useful and
// MinOutputTokens the usual least, and the engine grants what the limits still allow between the two.
// Only what is settled makes it grant less: where that leaves less than the usual least, the rest will do if it is
// RestOutputTokens or more, and IdleOutputTokens or more under a limit that never has room for so much. What calls under way have reserved never makes a grant smaller than that:
// such a request is refused, and fits when they have settled.
type Request struct {
	// ID is made by the caller before the first try, a ULID. It is the reservation's and the ledger row's id.
	ID string
	// Slot groups the counters that one decision touches, normally a team id.
	Slot string
	// PolicyVersion is the version that the limits below were loaded at.
	PolicyVersion int64

	// InputTokens is an upper bound of the prompt.
	InputTokens int64
	// OutputTokens and MinOutputTokens bound the output cap; equal when the caller set one.
	OutputTokens    int64
	MinOutputTokens int64
	// RestOutputTokens and IdleOutputTokens are what will do where the usual least does not fit, see above;
	// 0 is the next larger one, so that nothing less will do.
	RestOutputTokens int64
	IdleOutputTokens int64
	// InputCost is an upper bound of everything but the output.
	InputCost money.Nano
	// OutputTokenCost is the cost of one output token, rounded up to the nano-dollar.
	OutputTokenCost money.Nano

	Windows []Window
	Budgets []Budget

	// Final: if this try is refused, the caller is told so. Only such a refusal tells people that a hard budget
	// refuses requests; a try that may be repeated with other amounts tells nobody.
	Final bool

	// Row is what is known of the ledger row already; a crash is booked with it.
	Row api.LedgerRow
}

// Window limits requests, tokens and parallel requests of one scope in any 60 seconds.
type Window struct {
	Scope Scope
	// Name is how the limit is named to people: "team", "key", "team model", "key model".
	Name string
	// RPM, TPM and Parallel are [Unlimited] when not set.
	RPM      int64
	TPM      int64
	Parallel int64
	// EnforcedFrom is when the window begins to refuse, see [Watched].
	EnforcedFrom time.Time
}

// Budget limits the spending of one scope in one period.
type Budget struct {
	Scope Scope
	// Slot is the slot of the requests that are spent from the budget, "" when they are of several:
	// a pot. It only matters on a Redis Cluster, where a slot's counters would live together.
	Slot string
	// Name is how the budget is named to people: "team", "key", "budget pot-1".
	Name string
	// Periods are the running period by the caller's clock, the one before and the one after;
	// the engine's own clock picks from them.
	Periods []Period
	// Limit is in nano-USD, [Unlimited] when not set.
	Limit money.Nano
	// Hard refuses at the limit; otherwise it only warns.
	Hard bool
	// EnforcedFrom is when the budget begins to refuse and to throttle, see [Watched].
	EnforcedFrom time.Time
	// Thresholds are amounts at which to tell somebody, ascending.
	Thresholds []Threshold
	// Throttle, if any, shrinks a window's RPM once the budget has reached an amount.
	Throttle *Throttle
	// Generation changes when the limit is raised or lowered or the spending is reset, which arms the thresholds again.
	Generation int64
	// About is copied into the alert events of this budget.
	About api.AlertEvent
}

// Threshold is an amount of spending at which an alert event is made, once per period and generation.
type Threshold struct {
	// Share is the part of the limit, for people; At is the amount that counts.
	Share float64
	At    money.Nano
}

// Throttle multiplies the RPM of a window with Factor while the budget's spending is At or more.
type Throttle struct {
	Window Scope
	At     money.Nano
	Factor float64
}

// Reduced is the RPM that is left of a limit, at least one.
func (t Throttle) Reduced(rpm int64) int64 {
	return max(int64(math.Floor(float64(rpm)*t.Factor)), 1)
}

// Period is the time that a budget's counter runs for. The zero End never ends.
type Period struct {
	Start time.Time
	End   time.Time
}

// Decision is the answer to a [Request].
type Decision struct {
	Admitted bool
	// Duplicate: the id was reserved before; the rest repeats that answer.
	// The states of windows and budgets are those of now.
	Duplicate bool
	// Degraded: the shared counters could not be asked; this gateway decided by its own share of the limits.
	Degraded bool
	// At is when the decision was made, by the engine's clock.
	At time.Time
	// OutputTokens is the output cap granted; Tokens and Cost are what was reserved.
	OutputTokens int64
	Tokens       int64
	Cost         money.Nano
	// Denials are all the limits that refused, empty when admitted.
	Denials []Denial
	// WouldRefuse are the watched limits that would have refused a request which was admitted, see [Watched].
	// A duplicate does not repeat them.
	WouldRefuse []Denial
	// RetryAfter is after how long the same request would fit if nobody else came:
	// exact for windows, to the period's end for budgets. The longest of the denials'.
	RetryAfter time.Duration
	// Windows and Budgets are the state after the decision, in the request's order.
	Windows []WindowState
	Budgets []BudgetState
}

// Kinds of limits, as they stand in [Denial.Kind] and in headers.
const (
	KindRequests = "requests"
	KindTokens   = "tokens"
	KindParallel = "max_parallel_requests"
	KindBudget   = "budget"
)

// Denial is one limit that refused.
type Denial struct {
	Scope Scope
	Name  string
	Kind  string
	// Limit and Used are in requests, tokens or nano-USD; Used includes what is reserved.
	Limit int64
	Used  int64
	// Settled is, for tokens and budgets, the part of Used that is used for good; the rest is reserved by calls under way.
	Settled int64
	// Need is what the request needs at least, in the same unit.
	Need int64
	// Held: only what calls under way have reserved is in the way. They settle for less in a moment.
	Held bool
	// TooLarge: the request needs more tokens than the limit itself allows and would never fit.
	// A limit of zero refuses everything and is not called too small.
	TooLarge bool
	// RetryAfter is zero when waiting does not help.
	RetryAfter time.Duration
	// EnforcedFrom is, in [Decision.WouldRefuse], when the limit begins to refuse.
	EnforcedFrom time.Time
}

// ForGood says whether a budget refuses whatever becomes of the calls under way.
func (d Denial) ForGood() bool { return d.Kind == KindBudget && !d.Held }

// TooDear says whether such a refusal is about the request more than about the budget: less than half is spent,
// and so the request alone asks for more than half.
func (d Denial) TooDear() bool { return d.Kind == KindBudget && 2*d.Settled < d.Limit }

// WindowState is how a window stands. Limits are [Unlimited] when not set; RPMLimit is after throttling.
type WindowState struct {
	Scope    Scope
	Name     string
	RPMLimit int64
	TPMLimit int64
	Parallel int64
	Requests int64
	Tokens   int64
	// Held is the part of Tokens that calls under way have reserved.
	Held      int64
	Live      int64
	Throttled bool
	// RequestsReset and TokensReset are after how long the window is empty if nothing else comes.
	RequestsReset time.Duration
	TokensReset   time.Duration
}

// BudgetState is how a budget stands.
type BudgetState struct {
	Scope    Scope
	Name     string
	Limit    money.Nano
	Settled  money.Nano
	Reserved money.Nano
	Period   Period
}

// Settlement ends a reservation.
type Settlement struct {
	ID   string
	Slot string
	// Tokens and Cost are what was really used. A void has neither.
	Tokens int64
	Cost   money.Nano
	// Unsent: nothing was used and nothing was sent, so the request does not count in its windows either.
	Unsent bool
	// Summed: the caller sums up such ends, and the engine writes no row. Nothing was used.
	Summed bool
	// Row is the ledger row; the engine fills in ID, AdmittedAt and SettledAt.
	Row api.LedgerRow
}

// Settled is the answer to a [Settlement].
type Settled struct {
	// Duplicate: the reservation had ended before, nothing was changed.
	Duplicate bool
	// Corrected: the reservation had been booked as a crash; the difference was booked now.
	Corrected bool
	// Windows and Budgets are the state after the settlement, in the reservation's order.
	// A duplicate or a correction has none.
	Windows []WindowState
	Budgets []BudgetState
}

// Backlog is what was settled and has not reached the record.
type Backlog struct {
	Entries int64
	// Oldest is how long the oldest entry has been waiting, 0 when none is.
	Oldest time.Duration
}

// Checkpoint is what a running request has used so far.
type Checkpoint struct {
	ID     string
	Slot   string
	Tokens int64
	Cost   money.Nano
}

// Entry is what goes to the record: a ledger row, what its cost has crossed, or alert events of somebody else.
type Entry struct {
	Row *api.LedgerRow
	// Crossings are the engine's. The record finds the words.
	Crossings []Crossing
	Alerts    []api.AlertEvent
}

// Record is where entries go. Append is idempotent by the ids of rows, crossings and events
// and returns once they are durable.
type Record interface {
	Append(ctx context.Context, entries []Entry) error
	// Spend sums the ledger for one budget scope over a period, to fill a counter that is missing.
	Spend(ctx context.Context, scope Scope, period Period) (money.Nano, error)
	// SpendBySlot is Spend apart for every slot that the spending was counted in, "" for what was counted in none.
	// A Redis Cluster needs it for pots.
	SpendBySlot(ctx context.Context, scope Scope, period Period) (map[string]money.Nano, error)
}
