package redis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/wire"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// What becomes of a limit while Redis cannot be reached, in [OnStoreDown].
const (
	// DownClosed refuses with [quota.ErrUnavailable] what the limit binds. "" means the same.
	DownClosed = "closed"
	// DownLocal lets every gateway admit its share: what is left of the limit by the last figure it saw,
	// divided by the number of gateways that lived at its last beat. For rate limits only.
	DownLocal = "local"
	// DownOpen admits without looking.
	DownOpen = "open"
)

// OnStoreDown says what happens to requests while Redis cannot be reached. A request must pass both.
// What is admitted without Redis is told to it when it is back: windows are charged, counters follow the ledger.
type OnStoreDown struct {
	RateLimits string
	Budgets    string
}

func (o OnStoreDown) degrades() bool {
	return o.RateLimits == DownLocal || o.RateLimits == DownOpen || o.Budgets == DownOpen
}

// covers says whether the request may be decided without Redis.
func (o OnStoreDown) covers(request quota.Request) bool {
	if !o.degrades() {
		return false
	}
	for _, budget := range request.Budgets {
		if budget.Refuses() && o.Budgets != DownOpen {
			return false
		}
	}
	return len(request.Windows) == 0 || o.RateLimits == DownLocal || o.RateLimits == DownOpen
}

// alone is what a gateway needs to decide without Redis.
type alone struct {
	// windows are this gateway's shares.
	windows *quota.Memory
	// seen are the windows as Redis last answered them, by slot and scope.
	seen map[windowKey]seenWindow
	// owed are the slots in which Redis has to be told something before it decides again.
	owed map[string]*debt
	// undecided are the requests that Redis was asked about and has not decided, by id: it may admit them yet.
	undecided map[string]*quota.Request
}

type windowKey struct {
	slot  string
	scope quota.Scope
}

// debt is what Redis has to be told in one slot.
type debt struct {
	// number counts what was added, to see that something was while it was being paid.
	number int
	// counters are those of budgets that were spent from without Redis.
	counters map[string]bool
}

type seenWindow struct {
	state quota.WindowState
	at    time.Time
	// order is the decision's among those of its slot.
	order int64
}

// seenKept is how long a figure of Redis counts: everything it is made of has left the window by then.
const seenKept = quota.WindowSeconds * time.Second

func newAlone() alone {
	return alone{
		windows: quota.NewMemory(noRecord{}, quota.MemoryOptions{ReapEvery: -1}),
		seen:    make(map[windowKey]seenWindow), owed: make(map[string]*debt), undecided: make(map[string]*quota.Request),
	}
}

// enter makes a request one that Redis decides, after Redis was told what happened in its slot without it. A decision
// without Redis that comes later takes the request for admitted; one that came before is known to Redis by now.
func (r *Engine) enter(ctx context.Context, request *quota.Request) error {
	for range wire.Attempts {
		if r.undecidedNow(request) {
			return nil
		}
		if err := r.pay(ctx, request.Slot); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: more happens in %s without it than it can be told", quota.ErrUnavailable, request.Slot)
}

func (r *Engine) undecidedNow(request *quota.Request) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.alone.owed[request.Slot] != nil {
		return false
	}
	r.alone.undecided[request.ID] = request
	return true
}

func (r *Engine) undecide(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.alone.undecided, id)
}

// noRecord is for windows alone: what is booked goes another way.
type noRecord struct{}

func (noRecord) Append(context.Context, []quota.Entry) error { return nil }

func (noRecord) Spend(context.Context, quota.Scope, quota.Period) (money.Nano, error) { return 0, nil }

func (noRecord) SpendBySlot(context.Context, quota.Scope, quota.Period) (map[string]money.Nano, error) {
	return nil, nil
}

// reserveAlone decides without Redis, if the limits' owners want that; cause is why Redis did not.
func (r *Engine) reserveAlone(ctx context.Context, request quota.Request, cause error) (quota.Decision, error) {
	if !r.options.OnStoreDown.covers(request) {
		return quota.Decision{}, cause
	}
	now := time.Now().UTC()
	if !freshAlone(request.PolicyVersion, now) {
		return quota.Decision{}, quota.ErrStalePolicy
	}
	budgets := make([]quota.BudgetState, 0, len(request.Budgets))
	for _, budget := range request.Budgets {
		period, ok := budget.PeriodAt(now)
		if !ok {
			return quota.Decision{}, fmt.Errorf("%s at %s: %w", budget.Scope, now.Format(time.RFC3339), quota.ErrNoPeriod)
		}
		budgets = append(budgets, quota.BudgetState{Scope: budget.Scope, Name: budget.Name, Limit: budget.Limit, Period: period})
	}
	own := request
	own.PolicyVersion, own.Budgets = 0, nil
	r.mu.Lock() // Redis decides nothing in this slot meanwhile that it was not asked about before
	defer r.mu.Unlock()
	own.Windows = r.sharesLocked(request, now)
	decision, err := r.alone.windows.Reserve(ctx, own)
	if err != nil {
		return quota.Decision{}, err
	}
	decision.Degraded = true
	if !decision.Admitted {
		return withoutCertainty(decision, request), nil
	}
	decision.Budgets = budgets
	r.held[request.ID] = &heldReservation{request: request, decision: decision, alive: time.Now(), alone: true}
	r.oweLocked(request.Slot)
	return decision, nil
}

// withoutCertainty words a refusal by a share: Redis may be back in a second, and the limit is larger.
func withoutCertainty(decision quota.Decision, request quota.Request) quota.Decision {
	for i := range decision.Denials {
		denial := &decision.Denials[i]
		for _, window := range request.Windows {
			if window.Scope == denial.Scope {
				ofWhole(denial, window)
			}
		}
		if !denial.TooLarge {
			denial.RetryAfter = wire.BreakerPause
		}
	}
	decision.RetryAfter = quota.LongestWait(decision.Denials)
	return decision
}

// ofWhole words a denial by a share as one of the limit it is a share of, of which the rest counts as used.
func ofWhole(d *quota.Denial, window quota.Window) {
	whole := map[string]int64{quota.KindRequests: window.RPM, quota.KindTokens: window.TPM, quota.KindParallel: window.Parallel}[d.Kind]
	d.Used, d.Limit = whole-max(d.Limit-d.Used, 0), whole
	if d.Kind == quota.KindTokens && whole > 0 {
		d.TooLarge = d.Need > whole
	}
}

// versionAlone makes every gateway load the limits anew once a second: nobody can tell it of changes.
func versionAlone(now time.Time) int64 { return -now.Unix() }

// freshAlone says whether limits were loaded in this second or the one before: loading them takes a moment.
func freshAlone(version int64, now time.Time) bool {
	return version == versionAlone(now) || version == versionAlone(now)+1
}

// sharesLocked are the request's windows with what this gateway may admit of them.
func (r *Engine) sharesLocked(request quota.Request, now time.Time) []quota.Window {
	gateways := int64(max(len(r.epoch.gateways), 1))
	windows := make([]quota.Window, len(request.Windows))
	for i, window := range request.Windows {
		windows[i] = window
		if r.options.OnStoreDown.RateLimits == DownOpen {
			windows[i].RPM, windows[i].TPM, windows[i].Parallel = quota.Unlimited, quota.Unlimited, quota.Unlimited
			continue
		}
		var used quota.WindowState
		if seen, known := r.alone.seen[windowKey{request.Slot, window.Scope}]; known && now.Sub(seen.at) < seenKept {
			used = seen.state
			if used.Throttled {
				windows[i].RPM = min(window.RPM, used.RPMLimit)
			}
		}
		r.addUndecidedLocked(&used, request, window.Scope)
		windows[i].RPM = shareOf(windows[i].RPM, used.Requests, gateways)
		windows[i].TPM = shareOf(window.TPM, used.Tokens, gateways)
		windows[i].Parallel = shareOf(window.Parallel, used.Live, gateways)
	}
	return windows
}

// addUndecidedLocked takes for used what Redis may admit yet of what it was asked before.
func (r *Engine) addUndecidedLocked(used *quota.WindowState, request quota.Request, scope quota.Scope) {
	for id, other := range r.alone.undecided {
		if id == request.ID || other.Slot != request.Slot {
			continue
		}
		for _, window := range other.Windows {
			if window.Scope == scope {
				used.Requests, used.Live, used.Tokens = used.Requests+1, used.Live+1, used.Tokens+other.InputTokens+other.OutputTokens
			}
		}
	}
}

// shareOf rounds down: the shares of all gateways together are at most what is left.
func shareOf(limit, used, gateways int64) int64 {
	if limit == quota.Unlimited {
		return quota.Unlimited
	}
	return max(limit-used, 0) / gateways
}

// noteSeenLocked remembers what Redis says of windows, for the time when it cannot be asked: the latest of its
// decisions, whichever is heard of last.
func (r *Engine) noteSeenLocked(slot string, states []quota.WindowState, order int64) {
	if r.options.OnStoreDown.RateLimits != DownLocal {
		return
	}
	now := time.Now()
	for _, state := range states {
		key := windowKey{slot, state.Scope}
		if seen := r.alone.seen[key]; seen.order <= order || now.Sub(seen.at) > orderKept {
			r.alone.seen[key] = seenWindow{state, now, order}
		}
	}
}

// orderKept is how long an earlier decision does not replace a later one; after that the clock of Redis went back.
const orderKept = time.Second

// seenOf is which decision this gateway's last look at each of a reservation's windows was.
func (r *Engine) seenOf(held *heldReservation) []int64 {
	if held == nil || held.alone || r.options.OnStoreDown.RateLimits != DownLocal {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	orders := make([]int64, len(held.request.Windows))
	for i, window := range held.request.Windows {
		orders[i] = r.alone.seen[windowKey{held.request.Slot, window.Scope}].order
	}
	return orders
}

// endedUnheard takes a reservation that has ended without Redis for no longer live, where the last look saw it live:
// that look came after the reservation, before it was to end, and no other one since.
func (r *Engine) endedUnheard(held *heldReservation, orders []int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if held.unheard {
		return
	}
	held.unheard = true
	for i, order := range orders {
		key := windowKey{held.request.Slot, held.request.Windows[i].Scope}
		if seen, known := r.alone.seen[key]; known && seen.order == order && order >= held.order {
			seen.state.Live = max(seen.state.Live-1, 0)
			r.alone.seen[key] = seen
		}
	}
}

func (r *Engine) noteSeen(slot string, states []quota.WindowState, order int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.noteSeenLocked(slot, states, order)
}

func (r *Engine) forgetSeen(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, seen := range r.alone.seen {
		if now.Sub(seen.at) >= seenKept {
			delete(r.alone.seen, key)
		}
	}
}

// settleAlone ends the share of a reservation that was made without Redis.
func (r *Engine) settleAlone(ctx context.Context, settlement quota.Settlement) {
	// It is there, or it was settled before.
	_, _ = r.alone.windows.Settle(ctx, settlement)
}

// bookAlone records what Redis cannot be told of, and what it has to be told later.
func (r *Engine) bookAlone(ctx context.Context, settlement quota.Settlement, held *heldReservation) error {
	row := quota.SettledRow(settlement, held.decision.At, time.Now().UTC())
	if err := r.record.Append(context.WithoutCancel(ctx), []quota.Entry{{Row: &row}}); err != nil {
		r.keepPending(pendingStep{settlement: settlement})
		return err
	}
	r.remember(settlement, held)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.held, settlement.ID)
	owed := r.oweLocked(settlement.Slot)
	for _, counter := range r.countersOf(held) {
		owed.counters[counter] = true
	}
	return nil
}

func (r *Engine) oweLocked(slot string) *debt {
	owed := r.alone.owed[slot]
	if owed == nil {
		owed = &debt{counters: make(map[string]bool)}
		r.alone.owed[slot] = owed
	}
	owed.number++
	return owed
}

func (r *Engine) owe(slot string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.oweLocked(slot)
}

// pay tells Redis what happened in a slot without it. It comes before every decision of Redis in that slot.
func (r *Engine) pay(ctx context.Context, slot string) error {
	log := r.logOf(slot)
	log.restoring.Lock()
	defer log.restoring.Unlock()
	owed, counters := r.debt(slot)
	if owed == 0 {
		return nil
	}
	err := r.restoreNow(ctx, slot, log)
	for _, counter := range counters {
		if err == nil {
			err = r.filler.Empty(ctx, counter)
		}
	}
	if err != nil {
		return fmt.Errorf("tell Redis what happened in %s without it: %w", slot, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.alone.owed[slot].number == owed { // else more has come meanwhile, and is paid next
		delete(r.alone.owed, slot)
	}
	return nil
}

// debt is what is owed in a slot now; number 0 is nothing.
func (r *Engine) debt(slot string) (number int, counters []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	owed := r.alone.owed[slot]
	if owed == nil {
		return 0, nil
	}
	return owed.number, slices.Collect(maps.Keys(owed.counters))
}

func (r *Engine) payAll(ctx context.Context) error {
	r.mu.Lock()
	slots := slices.Collect(maps.Keys(r.alone.owed))
	r.mu.Unlock()
	var errs []error
	for _, slot := range slots {
		errs = append(errs, r.pay(ctx, slot))
	}
	return errors.Join(errs...)
}

// watch tells the owner when Redis goes out of reach and when it is back. It returns what it has told.
func (r *Engine) watch(ctx context.Context, wasAway bool) (away bool) {
	away = r.conn.Breaker.Open()
	if away == wasAway {
		return away
	}
	if r.options.OnAway != nil {
		r.options.OnAway(away)
	}
	if !away {
		r.options.Logger.InfoContext(ctx, "the counters are in reach again")
		return away
	}
	r.options.Logger.ErrorContext(ctx, "the counters cannot be reached", slog.String("rate_limits", r.options.OnStoreDown.RateLimits),
		slog.String("budgets", r.options.OnStoreDown.Budgets), slog.Int("gateways", len(r.knownGateways())))
	if err := r.record.Append(ctx, []quota.Entry{{Alerts: []api.AlertEvent{r.awayEvent(time.Now().UTC())}}}); err != nil {
		r.options.Logger.WarnContext(ctx, "an alert could not be recorded", slog.Any("error", err))
	}
	return away
}

// awayEvent is the same for all gateways that lose sight of Redis in one minute.
func (r *Engine) awayEvent(now time.Time) api.AlertEvent {
	text := "the counters cannot be reached; "
	if r.options.OnStoreDown.Budgets == DownOpen {
		text += "hard budgets are not enforced"
	} else {
		text += "requests with a hard budget are refused"
	}
	switch r.options.OnStoreDown.RateLimits {
	case DownLocal:
		text += fmt.Sprintf(", rate limits are kept in shares of %d gateways", max(len(r.knownGateways()), 1))
	case DownOpen:
		text += ", rate limits are not enforced"
	default:
		text += ", so are those with a rate limit"
	}
	return api.AlertEvent{
		ID:   fmt.Sprintf("store_degraded_%s_%d", r.options.Prefix, now.Unix()/60),
		Type: api.EventStoreDegraded, Severity: "critical", CreatedAt: now, Message: text,
	}
}
