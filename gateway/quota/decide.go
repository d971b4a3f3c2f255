package quota

import (
	"cmp"
	"fmt"
	"math/bits"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// maxTokens bounds what one request may ask for, so that sums stay exact in doubles.
const maxTokens = 1 << 40

// standing is what a request meets: its limits as they stand at now, in the request's order.
type standing struct {
	now     time.Time
	windows []*window
	// counted are the windows themselves; windows may show them as they will stand.
	counted  []*window
	rpm      []int64 // after throttling
	spending []*spending
	budgets  []BudgetState
}

// leastTokens is what a request needs of a token window where there is room.
func (r *Request) leastTokens() int64 { return r.InputTokens + r.MinOutputTokens }

// Cost is an upper bound of the request with so much output.
func (r *Request) Cost(output int64) money.Nano {
	return r.InputCost + money.Nano(output)*r.OutputTokenCost
}

// decide grants an output cap or names every limit that refuses. It changes nothing.
func decide(request *Request, at *standing) (output int64, denials []Denial) {
	output = request.OutputTokens
	least := leastOutput(request, at, enforcedLimits)
	for i := range request.Windows {
		limits := &request.Windows[i]
		if limits.watched(at.now) {
			continue
		}
		denials = refusedByWindow(denials, request, least, limits, at.rpm[i], at.windows[i], at.now)
		output = min(output, windowGrant(request, limits, at.rpm[i], at.windows[i]))
	}
	for i := range request.Budgets {
		budget := &request.Budgets[i]
		if budget.watched(at.now) {
			continue
		}
		if denial, refused := refusedByBudget(request, least, budget, &at.budgets[i], at.now); refused {
			denials = append(denials, denial)
		}
		output = min(output, budgetGrant(request, budget, &at.budgets[i]))
	}
	return max(output, least), denials
}

// Which limits leave a request less to be content with.
const (
	enforcedLimits = false
	everyLimit     = true
)

// leastOutput is the least output that the enforced limits together, or every limit, leave the request to be content with.
func leastOutput(request *Request, at *standing, every bool) int64 {
	least := request.MinOutputTokens
	if request.IdleOutputTokens == least {
		return least
	}
	for i := range request.Windows {
		if limit := request.Windows[i].TPM; limit != Unlimited && (every || !request.Windows[i].watched(at.now)) {
			w, idle := at.windows[i], limit-request.InputTokens
			least = min(least, request.contentWith(idle, idle-w.settled(), idle-w.Tokens))
		}
	}
	for i := range request.Budgets {
		if budget := &request.Budgets[i]; budget.Refuses() && request.OutputTokenCost > 0 && (every || !budget.watched(at.now)) {
			state, idle := &at.budgets[i], budget.Limit-request.InputCost
			least = min(least, request.contentWith(
				request.affordable(idle), request.affordable(idle-state.Settled), request.affordable(idle-state.Settled-state.Reserved)))
		}
	}
	return least
}

// contentWith is the least output under one limit: idle is what the limit has room for when nothing is used, left
// is that without what is settled, and free also without what is reserved.
func (r *Request) contentWith(idle, left, free int64) int64 {
	usual := min(r.MinOutputTokens, idle)
	switch {
	case idle < r.IdleOutputTokens:
		return r.IdleOutputTokens
	case left >= usual:
		return usual
	case idle < r.RestOutputTokens:
		return max(free, r.IdleOutputTokens)
	default:
		return max(free, r.RestOutputTokens)
	}
}

// affordable is how much output an amount pays for, -1 when it is owed.
func (r *Request) affordable(amount money.Nano) int64 {
	if amount < 0 {
		return -1
	}
	return int64(amount / r.OutputTokenCost)
}

// refusedByWindow adds what refuses in one window.
func refusedByWindow(denials []Denial, request *Request, least int64, limits *Window, rpm int64, w *window, now time.Time) []Denial {
	if rpm != Unlimited && w.Requests+1 > rpm {
		denials = append(denials, Denial{
			Scope: limits.Scope, Name: limits.Name, Kind: KindRequests, Limit: rpm, Used: w.Requests, Settled: w.Requests, Need: 1,
			RetryAfter: w.wait(w.Requests+1-rpm, requestsOf, now),
		})
	}
	need := request.InputTokens + least
	if limits.TPM != Unlimited && w.Tokens+need > limits.TPM {
		denial := Denial{
			Scope: limits.Scope, Name: limits.Name, Kind: KindTokens, Limit: limits.TPM, Used: w.Tokens, Settled: w.settled(), Need: need,
			Held: w.settled()+need <= limits.TPM, TooLarge: need > limits.TPM && limits.TPM > 0,
		}
		if !denial.TooLarge {
			denial.RetryAfter = w.wait(w.Tokens+need-limits.TPM, tokensOf, now)
		}
		denials = append(denials, denial)
	}
	if limits.Parallel != Unlimited && w.Live+1 > limits.Parallel {
		denials = append(denials, Denial{
			Scope: limits.Scope, Name: limits.Name, Kind: KindParallel, Limit: limits.Parallel, Used: w.Live, Need: 1,
			Held: limits.Parallel > 0, RetryAfter: time.Second,
		})
	}
	return denials
}

func refusedByBudget(request *Request, least int64, budget *Budget, state *BudgetState, now time.Time) (Denial, bool) {
	used, need := state.Settled+state.Reserved, request.Cost(least)
	if !budget.Refuses() || need == 0 || used+need <= budget.Limit {
		return Denial{}, false
	}
	denial := Denial{
		Scope: budget.Scope, Name: budget.Name, Kind: KindBudget,
		Limit: int64(budget.Limit), Used: int64(used), Settled: int64(state.Settled),
		Need: int64(need), Held: state.Settled+need <= budget.Limit,
	}
	if !state.Period.End.IsZero() {
		denial.RetryAfter = state.Period.End.Sub(now)
	}
	return denial, true
}

// windowGrant is the most output that one request may take from a token window: a quarter of what is
// left when every other request that is still free this minute gets its least. A caller without an
// output cap of its own must neither take the whole minute nor be cut short when there is plenty.
func windowGrant(request *Request, limits *Window, rpm int64, w *window) int64 {
	if limits.TPM == Unlimited {
		return request.OutputTokens
	}
	room := limits.TPM - w.Tokens - request.InputTokens
	if rpm == Unlimited {
		return room / 4
	}
	free, least := max(rpm-w.Requests-1, 0), request.leastTokens()
	if least > 0 && free > max(room, 0)/least {
		return 0
	}
	return (room - free*least) / 4
}

// budgetGrant is the most output that one request may take from a budget: a quarter of what is left.
func budgetGrant(request *Request, budget *Budget, state *BudgetState) int64 {
	if !budget.Refuses() || request.OutputTokenCost == 0 {
		return request.OutputTokens
	}
	room := (budget.Limit - state.Settled - state.Reserved - request.InputCost) / request.OutputTokenCost
	return int64(room) / 4
}

// Normalized checks that the request can be counted, and puts its bounds in order.
func (r Request) Normalized() (Request, error) {
	if r.ID == "" || r.Slot == "" {
		return r, fmt.Errorf("%w: a reservation needs an id and a slot", ErrInvalid)
	}
	r.MinOutputTokens = min(r.MinOutputTokens, r.OutputTokens)
	r.RestOutputTokens = min(cmp.Or(r.RestOutputTokens, r.MinOutputTokens), r.MinOutputTokens)
	r.IdleOutputTokens = min(cmp.Or(r.IdleOutputTokens, r.RestOutputTokens), r.RestOutputTokens)
	for _, amount := range []int64{r.InputTokens, r.IdleOutputTokens, r.MinOutputTokens, r.OutputTokens} {
		if amount < 0 || amount > maxTokens {
			return r, fmt.Errorf("%w: %d tokens", ErrInvalid, amount)
		}
	}
	if r.InputCost < 0 || r.OutputTokenCost < 0 || r.InputCost > money.Max || r.OutputTokenCost > money.Max {
		return r, fmt.Errorf("%w: a cost of %s and %s per token", ErrInvalid, r.InputCost, r.OutputTokenCost)
	}
	high, low := bits.Mul64(uint64(r.OutputTokens), uint64(r.OutputTokenCost))
	if high != 0 || low > uint64(money.Max-r.InputCost) {
		return r, fmt.Errorf("%w: %d tokens at %s each", ErrInvalid, r.OutputTokens, r.OutputTokenCost)
	}
	return r, nil
}

// LongestWait is after how long none of the limits refuses any more.
func LongestWait(denials []Denial) time.Duration {
	var longest time.Duration
	for _, denial := range denials {
		longest = max(longest, denial.RetryAfter)
	}
	return longest
}
