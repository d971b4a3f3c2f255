package redis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/script"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const (
	// recentKept is how long a settlement can be told to Redis again. A failover loses less than that,
	// and no reservation that it brings back has expired by then.
	recentKept = 10 * time.Second
	// recentLimit bounds what is kept per slot.
	recentLimit = 5000
	// restoreBatch is how many reservations one script restores, so that Redis is never busy for long.
	restoreBatch = 100
	// heldKept is how long this process believes in a reservation that it does not renew. Somebody else
	// has booked it by then, and telling Redis of it again would book it twice.
	heldKept = time.Minute
	// beatEvery is how soon a loss is noticed in a slot that is not called.
	beatEvery = time.Second
)

// slotLog is what this process has changed in a slot lately: numbers that show a loss, and what repairs it.
type slotLog struct {
	mu         sync.Mutex
	last, seen int64
	recent     []*recentSettlement
	restoring  sync.Mutex
}

// recentSettlement is what has to be known of a settlement and its reservation to tell Redis of it again. There are
// thousands of them, so it has nothing else.
type recentSettlement struct {
	id, slot   string
	usedTokens int64
	usedCost   money.Nano
	row        string // packed
	at         time.Time
	alone      bool

	admittedAt            time.Time
	input, output, tokens int64
	inputCost, cost       money.Nano
	windows               []quota.Window
	budgets               []quota.Budget
	standing              []quota.BudgetState
}

func newRecentSettlement(settlement quota.Settlement, held *heldReservation, now time.Time) *recentSettlement {
	return &recentSettlement{
		id: settlement.ID, slot: settlement.Slot, usedTokens: settlement.Tokens, usedCost: settlement.Cost,
		row: string(script.PackRow(settlement.Row)), at: now, alone: held.alone,
		admittedAt: held.decision.At, input: held.request.InputTokens, output: held.decision.OutputTokens, tokens: held.decision.Tokens,
		inputCost: held.request.InputCost, cost: held.decision.Cost,
		windows: held.request.Windows, budgets: held.request.Budgets, standing: held.decision.Budgets,
	}
}

// held is the reservation as it was, but for its row.
func (s *recentSettlement) held() *heldReservation {
	return &heldReservation{
		alone: s.alone,
		request: quota.Request{
			ID: s.id, Slot: s.slot, InputTokens: s.input, InputCost: s.inputCost, Windows: s.windows, Budgets: s.budgets,
		},
		decision: quota.Decision{At: s.admittedAt, OutputTokens: s.output, Tokens: s.tokens, Cost: s.cost, Budgets: s.standing},
	}
}

// settlement is what it was settled with.
func (s *recentSettlement) settlement() (quota.Settlement, error) {
	row, err := script.UnpackRow(s.row)
	return quota.Settlement{ID: s.id, Slot: s.slot, Tokens: s.usedTokens, Cost: s.usedCost, Row: row}, err
}

// old says whether a settlement need not be told again. One that Redis never heard of concerns its windows
// for as long as they are.
func (s *recentSettlement) old(now time.Time) bool {
	if s.alone {
		return now.Sub(s.at) > seenKept
	}
	return now.Sub(s.at) > recentKept
}

func (r *Engine) logOf(slot string) *slotLog {
	r.mu.Lock()
	defer r.mu.Unlock()
	log := r.logs[slot]
	if log == nil {
		log = &slotLog{}
		r.logs[slot] = log
	}
	return log
}

// number puts the next number and the highest that was seen applied into a script's arguments.
func (l *slotLog) number(args []any) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	args[2], args[3] = l.last, l.seen
	return l.last
}

func (l *slotLog) applied(number int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = max(l.seen, number)
}

// samePeriods says whether budgets stood in the same periods, which is all that a restoration asks of them.
func samePeriods(a, b []quota.BudgetState) bool {
	return slices.EqualFunc(a, b, func(a, b quota.BudgetState) bool { return a.Period == b.Period })
}

// active says whether there is anything that a loss could take, and forgets what is old.
func (l *slotLog) active(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	old := 0
	for old < len(l.recent) && (l.recent[old].old(now) || len(l.recent)-old > recentLimit) {
		old++
	}
	clear(l.recent[:old])
	l.recent = l.recent[old:]
	return len(l.recent) > 0
}

// remember keeps a settlement for a while, in case Redis loses it.
func (r *Engine) remember(settlement quota.Settlement, held *heldReservation) {
	if held == nil {
		return
	}
	now := time.Now()
	log := r.logOf(settlement.Slot)
	settled := newRecentSettlement(settlement, held, now)
	log.mu.Lock()
	if n := len(log.recent); n > 0 && samePeriods(log.recent[n-1].standing, settled.standing) {
		settled.standing = log.recent[n-1].standing // thousands are of one period
	}
	log.recent = append(log.recent, settled)
	log.mu.Unlock()
	log.active(now)
}

// settleLost settles a reservation that Redis has lost: the row goes to the record and the counters are filled from there.
func (r *Engine) settleLost(ctx context.Context, settlement quota.Settlement, held *heldReservation) error {
	r.remember(settlement, held)
	return r.restoreNow(ctx, settlement.Slot, r.logOf(settlement.Slot))
}

// restore tells Redis again what it has lost of this process's doing, unless another call just did.
func (r *Engine) restore(ctx context.Context, slot string) error {
	log := r.logOf(slot)
	log.restoring.Lock()
	defer log.restoring.Unlock()
	lost, err := r.lost(ctx, slot, log)
	if err != nil || !lost {
		return err
	}
	return r.restoreNow(ctx, slot, log)
}

func (r *Engine) lost(ctx context.Context, slot string, log *slotLog) (bool, error) {
	log.mu.Lock()
	seen := log.seen
	log.mu.Unlock()
	known, err := r.conn.CallInt(ctx, r.conn.Scripts.Beat, r.conn.Keys.Slot(slot), []any{r.replica, seen})
	return known == 0, err
}

func (r *Engine) restoreNow(ctx context.Context, slot string, log *slotLog) error {
	r.slots.Forget(slot)
	if err := r.slots.Name(ctx, slot); err != nil {
		return err
	}
	log.mu.Lock()
	seen, recent := log.seen, slices.Clone(log.recent)
	log.mu.Unlock()
	entries := make([]quota.Entry, len(recent))
	for i, settled := range recent {
		settlement, err := settled.settlement()
		if err != nil {
			return fmt.Errorf("read the row of reservation %s again: %w", settled.id, err)
		}
		entries[i].Row = new(quota.SettledRow(settlement, settled.admittedAt, settled.at.UTC()))
	}
	if len(entries) > 0 {
		if err := r.record.Append(ctx, entries); err != nil {
			return fmt.Errorf("record %d settlements that Redis may have lost: %w", len(entries), err)
		}
	}
	if err := r.streams.RecordUnrecorded(ctx, slot); err != nil {
		return err
	}
	items, err := r.restoreItems(slot, recent)
	if err != nil {
		return err
	}
	if err := r.pots.DropAllowances(ctx, slot); err != nil {
		return err
	}
	lost, err := r.sendItems(ctx, slot, seen, items)
	if err != nil {
		return fmt.Errorf("restore %s: %w", slot, err)
	}
	r.options.Logger.WarnContext(ctx, "redis had lost data",
		slog.String("slot", slot), slog.Int("sent", len(items)), slog.Any("restored", lost))
	return nil
}

// sendItems sends the number that ends the restoration with the last batch only.
func (r *Engine) sendItems(ctx context.Context, slot string, seen int64, items [][3]any) (lost int64, err error) {
	for {
		n := min(len(items), restoreBatch)
		number := int64(0)
		if n == len(items) {
			number = seen
		}
		args := []any{r.conn.Clock(), r.replica, number, quota.Lifetime.Microseconds(), quota.Remembered.Microseconds()}
		for _, item := range items[:n] {
			args = append(args, item[:]...)
		}
		found, err := r.conn.CallInt(ctx, r.conn.Scripts.Restore, r.conn.Keys.Slot(slot), args)
		lost += found
		items = items[n:]
		if err != nil || len(items) == 0 {
			return lost, err
		}
	}
}

// restoreItems are id, reservation and row of everything in the slot, as restore.lua takes them.
func (r *Engine) restoreItems(slot string, recent []*recentSettlement) (items [][3]any, err error) {
	add := func(held *heldReservation, used *quota.Settlement, row string) error {
		text, err := r.restoreText(held, used)
		items = append(items, [3]any{held.request.ID, text, row})
		return err
	}
	for _, settled := range recent {
		if settled.old(time.Now()) {
			continue // behind one that is kept longer
		}
		if err := add(settled.held(), &quota.Settlement{Tokens: settled.usedTokens, Cost: settled.usedCost}, settled.row); err != nil {
			return nil, err
		}
	}
	for _, held := range r.heldIn(slot) {
		if err := add(held, nil, ""); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func (r *Engine) heldIn(slot string) (found []*heldReservation) {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, held := range r.held {
		if held.request.Slot == slot && now.Sub(held.alive) < heldKept {
			found = append(found, held)
		}
	}
	return found
}

// packedReservation is a reservation as reserve.lua packs it.
type packedReservation struct {
	At         int64          `json:"at"`
	Output     int64          `json:"output"`
	Tokens     int64          `json:"tokens"`
	Cost       int64          `json:"cost"`
	Input      int64          `json:"input"`
	InputCost  int64          `json:"input_cost"`
	Scopes     []quota.Scope  `json:"scopes"`
	Seconds    []int64        `json:"seconds"`
	Budgets    []packedBudget `json:"budgets"`
	About      string         `json:"about"`
	Row        string         `json:"row"`
	UsedTokens *int64         `json:"used_tokens,omitempty"`
	UsedCost   *int64         `json:"used_cost,omitempty"`
}

type packedBudget struct {
	Key        string `json:"key"`
	Period     int    `json:"period"`
	Generation string `json:"generation"`
	Thresholds []any  `json:"thresholds"`
}

func (r *Engine) restoreText(held *heldReservation, used *quota.Settlement) (string, error) {
	request, decision := held.request, held.decision
	about, err := script.PackBudgets(request.Budgets)
	if err != nil {
		return "", fmt.Errorf("describe the budgets of reservation %s: %w", request.ID, err)
	}
	packed := packedReservation{
		At: quota.Micros(decision.At), Output: decision.OutputTokens, Tokens: decision.Tokens, Cost: int64(decision.Cost),
		Input: request.InputTokens, InputCost: int64(request.InputCost), About: string(about), Row: string(script.PackRow(request.Row)),
		Scopes: []quota.Scope{}, Seconds: []int64{}, Budgets: []packedBudget{},
	}
	for _, window := range request.Windows {
		packed.Scopes, packed.Seconds = append(packed.Scopes, window.Scope), append(packed.Seconds, decision.At.Unix())
	}
	for i, budget := range request.Budgets {
		packed.Budgets = append(packed.Budgets, r.packBudget(budget, request.Slot, decision.Budgets[i].Period))
	}
	if used != nil {
		cost := int64(used.Cost)
		packed.UsedTokens, packed.UsedCost = &used.Tokens, &cost
	}
	text, err := json.Marshal(packed)
	return string(text), err
}

func (r *Engine) packBudget(budget quota.Budget, slot string, period quota.Period) packedBudget {
	packed := packedBudget{
		Key: r.conn.Keys.Counter(budget.Scope, slot, period), Thresholds: []any{},
		Generation: strconv.FormatInt(budget.Generation, 10),
	}
	for i, candidate := range budget.Periods {
		if candidate == period {
			packed.Period = i
		}
	}
	if r.conn.Keys.IsPot(budget) {
		return packed // its home tells people
	}
	for _, threshold := range budget.Thresholds {
		packed.Thresholds = append(packed.Thresholds, script.ShareText(threshold.Share), int64(threshold.At))
	}
	return packed
}

// Beat asks, for every slot in which this process holds or has just settled something, whether
// Redis still knows of it, and restores what it does not.
func (r *Engine) Beat(ctx context.Context) error {
	var errs []error
	if r.options.StrictRecovery || !r.options.Manual {
		_, err := r.attend(ctx)
		errs = append(errs, err)
	}
	errs = append(errs, r.payAll(ctx))
	if !r.conn.Clustered() && errors.Join(errs...) != nil {
		return errors.Join(errs...)
	}
	for _, slot := range r.activeSlots(time.Now()) { // on a Cluster one server that is away keeps nobody from the others
		errs = append(errs, r.restore(ctx, slot))
	}
	errs = append(errs, r.pots.Beat(ctx))
	return errors.Join(errs...)
}

func (r *Engine) activeSlots(now time.Time) (slots []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	holding := make(map[string]bool)
	for id, held := range r.held {
		if now.Sub(held.alive) > quota.Remembered {
			delete(r.held, id)
			continue
		}
		holding[held.request.Slot] = true
	}
	for slot, log := range r.logs {
		if log.active(now) || holding[slot] || r.streams.Has(slot) {
			slots = append(slots, slot)
		}
	}
	return slots
}

func (r *Engine) beatLoop(ctx context.Context) {
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	for away := false; ; away = r.watch(ctx, away) {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := r.Beat(ctx); err != nil && ctx.Err() == nil && !away {
			r.options.Logger.Warn("ask Redis what it has lost", slog.Any("error", err))
		}
		r.forgetSeen(time.Now())
	}
}
