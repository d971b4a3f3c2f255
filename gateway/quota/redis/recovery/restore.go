package recovery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/escrow"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/drain"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/script"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/seed"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/slots"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/wire"
)

// restoreBatch is how many reservations one script restores, so that Redis is never busy for long.
const restoreBatch = 100

// Recovery tells Redis what the Book knows. All its fields are needed.
type Recovery struct {
	Book    *Book
	Conn    *wire.Conn
	Slots   *slots.List
	Streams *drain.Streams
	Filler  *seed.Filler
	Pots    *escrow.Pots
	Record  quota.Record
	// Replica names this process among the gateways.
	Replica string
	Logger  *slog.Logger
}

// RestoreAll asks, for every slot in which this process holds or has just settled something, whether
// Redis still knows of it, and restores what it does not.
func (r *Recovery) RestoreAll(ctx context.Context) error {
	var errs []error
	for _, slot := range r.Book.activeSlots(time.Now(), r.Streams.Has) { // on a Cluster one server that is away keeps nobody from the others
		errs = append(errs, r.Restore(ctx, slot))
	}
	return errors.Join(errs...)
}

// SettleLost settles a reservation that Redis has lost: the row goes to the record and the counters are filled from there.
func (r *Recovery) SettleLost(ctx context.Context, settlement quota.Settlement, held *Held) error {
	r.Book.Remember(settlement, held)
	return r.restoreNow(ctx, settlement.Slot, r.Book.Log(settlement.Slot))
}

// Restore tells Redis again what it has lost of this process's doing, unless another call just did.
func (r *Recovery) Restore(ctx context.Context, slot string) error {
	log := r.Book.Log(slot)
	log.restoring.Lock()
	defer log.restoring.Unlock()
	lost, err := r.lost(ctx, slot, log)
	if err != nil || !lost {
		return err
	}
	return r.restoreNow(ctx, slot, log)
}

func (r *Recovery) lost(ctx context.Context, slot string, log *Log) (bool, error) {
	log.mu.Lock()
	seen := log.seen
	log.mu.Unlock()
	known, err := r.Conn.CallInt(ctx, r.Conn.Scripts.Beat, r.Conn.Keys.Slot(slot), []any{r.Replica, seen})
	return known == 0, err
}

func (r *Recovery) restoreNow(ctx context.Context, slot string, log *Log) error {
	r.Slots.Forget(slot)
	if err := r.Slots.Name(ctx, slot); err != nil {
		return err
	}
	log.mu.Lock()
	seen, recent := log.seen, slices.Clone(log.recent)
	log.mu.Unlock()
	entries := make([]quota.Entry, 0, len(recent))
	for _, settled := range recent {
		if settled.summed {
			continue
		}
		settlement, err := settled.settlement()
		if err != nil {
			return fmt.Errorf("read the row of reservation %s again: %w", settled.id, err)
		}
		entries = append(entries, quota.Entry{Row: new(quota.SettledRow(settlement, settled.admittedAt, settled.at.UTC()))})
	}
	if len(entries) > 0 {
		if err := r.Record.Append(ctx, entries); err != nil {
			return fmt.Errorf("record %d settlements that Redis may have lost: %w", len(entries), err)
		}
	}
	counters, err := r.Streams.RecordUnrecorded(ctx, slot)
	if err != nil {
		return err
	}
	if err := r.Pots.RefillSpent(ctx, slot, counters); err != nil {
		return err
	}
	items, err := r.restoreItems(slot, log, recent)
	if err != nil {
		return err
	}
	if err := r.Pots.DropAllowances(ctx, slot); err != nil {
		return err
	}
	lost, err := r.sendItems(ctx, slot, seen, items)
	if err != nil {
		return fmt.Errorf("restore %s: %w", slot, err)
	}
	r.tellOf(ctx, slot, len(items), lost)
	return nil
}

// tellOf says what Redis lacked. After a mere pause it is told again what it may not have heard, and mostly has it.
func (r *Recovery) tellOf(ctx context.Context, slot string, sent int, lacked int64) {
	about := slog.Group("", slog.String("slot", slot), slog.Int("sent", sent), slog.Int64("lacked", lacked))
	if lacked == 0 {
		r.Logger.InfoContext(ctx, "redis was told again what is under way and was settled lately, and lacked nothing of it", about)
		return
	}
	r.Logger.WarnContext(ctx, "redis lacked what is under way or was settled lately, and has it again", about)
}

// sendItems sends the number that ends the restoration with the last batch only.
func (r *Recovery) sendItems(ctx context.Context, slot string, seen int64, items [][3]any) (lost int64, err error) {
	for {
		n := min(len(items), restoreBatch)
		number := int64(0)
		if n == len(items) {
			number = seen
		}
		args := []any{r.Conn.Clock(), r.Replica, number, quota.Lifetime.Microseconds(), quota.Remembered.Microseconds()}
		for _, item := range items[:n] {
			args = append(args, item[:]...)
		}
		found, err := r.Conn.CallInt(ctx, r.Conn.Scripts.Restore, r.Conn.Keys.Slot(slot), args)
		lost += found
		items = items[n:]
		if err != nil || len(items) == 0 {
			return lost, err
		}
	}
}

// restoreItems are id, reservation and row of everything in the slot, as restore.lua takes them.
func (r *Recovery) restoreItems(slot string, log *Log, recent []*recentSettlement) (items [][3]any, err error) {
	add := func(held *Held, used *quota.Settlement, row string) error {
		text, err := r.restoreText(held, used)
		items = append(items, [3]any{held.Request.ID, text, row})
		return err
	}
	for _, settled := range recent {
		if log.old(settled, time.Now()) {
			continue // behind one that is kept longer
		}
		if err := add(settled.held(), &quota.Settlement{Tokens: settled.usedTokens, Cost: settled.usedCost}, settled.row); err != nil {
			return nil, err
		}
	}
	for _, held := range r.Book.heldIn(slot) {
		if err := add(held, nil, ""); err != nil {
			return nil, err
		}
	}
	return items, nil
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
	From       int64  `json:"from,omitempty"`
}

func (r *Recovery) restoreText(held *Held, used *quota.Settlement) (string, error) {
	request, decision := held.Request, held.Decision
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

func (r *Recovery) packBudget(budget quota.Budget, slot string, period quota.Period) packedBudget {
	packed := packedBudget{
		Key: r.Conn.Keys.Counter(budget.Scope, slot, period), Thresholds: []any{},
		Generation: strconv.FormatInt(budget.Generation, 10),
	}
	if budget.Refuses() {
		packed.From = quota.Micros(budget.EnforcedFrom)
	}
	for i, candidate := range budget.Periods {
		if candidate == period {
			packed.Period = i
		}
	}
	if r.Conn.Keys.IsPot(budget) {
		return packed // its home tells people
	}
	for _, threshold := range budget.Thresholds {
		packed.Thresholds = append(packed.Thresholds, script.ShareText(threshold.Share), int64(threshold.At))
	}
	return packed
}
