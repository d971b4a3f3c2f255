package quota

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/every"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// tombstone remembers how a reservation ended.
type tombstone struct {
	until time.Time
	// estimate is the ledger row of a crash, which a late settlement may correct once; nil otherwise.
	estimate    *api.LedgerRow
	tokens      int64
	reservation *reservation
}

// Settle implements [Engine].
func (m *Memory) Settle(ctx context.Context, settlement Settlement) (Settled, error) {
	if err := settlement.Check(); err != nil {
		return Settled{}, err
	}
	m.recording.RLock()
	defer m.recording.RUnlock()
	settled, entry, err := m.settle(settlement)
	if err != nil {
		return Settled{}, fmt.Errorf("settle %s: %w", settlement.ID, err)
	}
	if settled.Duplicate {
		return settled, m.backlog.drain(ctx)
	}
	if entry.Row == nil && len(entry.Crossings) == 0 {
		return settled, nil
	}
	if err := m.record.Append(ctx, []Entry{entry}); err != nil {
		m.backlog.keep(entry)
		return settled, fmt.Errorf("record reservation %s: %w", settlement.ID, err)
	}
	return settled, nil
}

// settle is the atomic step: the difference goes back to where it was charged.
func (m *Memory) settle(settlement Settlement) (Settled, Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	key := reservationKey{settlement.Slot, settlement.ID}
	r := m.live[key]
	if r == nil {
		return m.settleEndedLocked(key, settlement, now)
	}
	m.endLocked(key, tombstone{until: now.Add(Remembered)})
	if settlement.Unsent {
		r.takeBack(now)
	}
	entry := Entry{Crossings: r.settle(settlement.Tokens, settlement.Cost, now)}
	if !settlement.Summed {
		entry.Row = new(SettledRow(settlement, r.at, now))
	}
	return r.settled(now), entry, nil
}

// settleEndedLocked answers for a reservation that is not live: it has been settled, or it was
// taken for crashed and the difference to the estimate is booked now.
func (m *Memory) settleEndedLocked(key reservationKey, settlement Settlement, now time.Time) (Settled, Entry, error) {
	stone := m.rememberedLocked(key, now)
	if stone == nil {
		return Settled{}, Entry{}, ErrUnknown
	}
	if stone.estimate == nil {
		return Settled{Duplicate: true}, Entry{}, nil
	}
	row := CorrectionRow(settlement, *stone.estimate, now)
	stone.estimate = nil
	r := stone.reservation
	for i, w := range r.windows {
		w.advance(now.Unix())
		w.adjust(r.seconds[i], settlement.Tokens-stone.tokens)
	}
	crossed := r.spend(row.Cost, now)
	return Settled{Corrected: true}, Entry{Row: &row, Crossings: crossed}, nil
}

// takeBack makes the request one that never was, as far as its windows go.
func (r *reservation) takeBack(now time.Time) {
	for i, w := range r.windows {
		w.advance(now.Unix())
		w.takeBack(r.seconds[i])
	}
}

// settle replaces what was reserved with what was used.
func (r *reservation) settle(tokens int64, cost money.Nano, now time.Time) []Crossing {
	for i, w := range r.windows {
		w.advance(now.Unix())
		w.release(r.seconds[i], r.tokens, tokens)
	}
	for _, s := range r.spending {
		s.reserved -= r.cost
	}
	return r.spend(cost, now)
}

// spend books a cost on the reservation's budgets and returns what people should be told.
func (r *reservation) spend(cost money.Nano, now time.Time) (crossed []Crossing) {
	for i, s := range r.spending {
		s.settled += cost
		budget := &r.request.Budgets[i]
		for _, threshold := range budget.Thresholds {
			watched := budget.WouldRefuseAt(threshold.Share, now)
			if s.settled < threshold.At || !s.tell(threshold.Share, budget.Generation, watched) {
				continue
			}
			crossed = append(crossed, budget.Crossed(threshold.Share, r.periods[i], s.settled, now))
		}
	}
	return crossed
}

func (r *reservation) settled(now time.Time) Settled {
	at := r.standing(r.windows, now)
	return Settled{Windows: at.windowStates(r.request.Windows), Budgets: at.budgets}
}

// tellRefusedLocked notes, once per period and generation, that a hard budget refuses requests for good.
func (m *Memory) tellRefusedLocked(request *Request, at standing, denials []Denial) {
	if !request.Final {
		return
	}
	for i, budget := range request.Budgets {
		refused := slices.IndexFunc(denials, func(d Denial) bool { return d.Scope == budget.Scope && d.ForGood() })
		if refused < 0 {
			continue
		}
		share := budget.RefusalShare()
		if denials[refused].TooDear() {
			share = -share
		}
		if !at.spending[i].tell(share, budget.Generation, false) {
			continue
		}
		crossing := budget.Crossed(share, at.budgets[i].Period, at.spending[i].settled, at.now)
		crossing.Refused = money.Nano(denials[refused].Need)
		m.backlog.keep(Entry{Crossings: []Crossing{crossing}})
	}
}

// Renew implements [Engine]. Reservations that have ended are passed over.
func (m *Memory) Renew(ctx context.Context, checkpoints []Checkpoint) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	for _, checkpoint := range checkpoints {
		r := m.live[reservationKey{checkpoint.Slot, checkpoint.ID}]
		if r == nil {
			continue
		}
		r.expires, r.checkpoint = now.Add(Lifetime), checkpoint
	}
	return ctx.Err()
}

// Reap ends the reservations that nobody has renewed, at what they are known to have cost,
// and returns how many there were.
func (m *Memory) Reap(ctx context.Context) (int, error) {
	m.recording.RLock()
	defer m.recording.RUnlock()
	entries := m.reap()
	if len(entries) == 0 {
		return 0, nil
	}
	if err := m.record.Append(ctx, entries); err != nil {
		m.backlog.keep(entries...)
		return len(entries), fmt.Errorf("record %d crashed requests: %w", len(entries), err)
	}
	return len(entries), nil
}

func (m *Memory) reap() (entries []Entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	var expired []reservationKey
	for key, r := range m.live {
		if !r.expires.After(now) {
			expired = append(expired, key)
		}
	}
	slices.SortFunc(expired, func(a, b reservationKey) int {
		return cmp.Or(strings.Compare(a.slot, b.slot), m.live[a].expires.Compare(m.live[b].expires), strings.Compare(a.id, b.id))
	})
	for _, key := range expired {
		entries = append(entries, m.estimateLocked(key, now))
	}
	m.forgetLocked(now)
	return entries
}

// estimateLocked books a crashed request at its last checkpoint, at least at its prompt.
func (m *Memory) estimateLocked(key reservationKey, now time.Time) Entry {
	r := m.live[key]
	tokens := max(r.checkpoint.Tokens, r.request.InputTokens)
	cost := max(r.checkpoint.Cost, r.request.InputCost)
	row := EstimateRow(r.request.Row, key.id, tokens, r.request.InputTokens, cost, r.at, now)
	m.endLocked(key, tombstone{until: now.Add(Remembered), estimate: &row, tokens: tokens, reservation: r})
	return Entry{Row: &row, Crossings: r.settle(tokens, cost, now)}
}

func (m *Memory) endLocked(key reservationKey, stone tombstone) {
	delete(m.live, key)
	m.ended[key] = &stone
	if stone.estimate != nil {
		m.crashed = append(m.crashed, key)
		return
	}
	m.settled = append(m.settled, key)
	if len(m.settled) > rememberedInMemory {
		m.settled = m.forgetFirstLocked(m.settled)
	}
}

func (m *Memory) forgetFirstLocked(keys []reservationKey) []reservationKey {
	delete(m.ended, keys[0])
	return keys[1:]
}

func (m *Memory) forgetOldLocked(keys []reservationKey, now time.Time) []reservationKey {
	for len(keys) > 0 && m.rememberedLocked(keys[0], now) == nil {
		keys = m.forgetFirstLocked(keys)
	}
	return keys
}

// rememberedLocked returns how a reservation ended, nil when that is not known or too long ago.
func (m *Memory) rememberedLocked(key reservationKey, now time.Time) *tombstone {
	stone := m.ended[key]
	if stone == nil || !stone.until.After(now) {
		return nil
	}
	return stone
}

// forgetLocked drops what no answer depends on any more.
func (m *Memory) forgetLocked(now time.Time) {
	m.settled = m.forgetOldLocked(m.settled, now)
	m.crashed = m.forgetOldLocked(m.crashed, now)
	idle := now.Add(-time.Hour)
	for key, w := range m.windows {
		if w.Live == 0 && w.second < idle.Unix() {
			delete(m.windows, key)
		}
	}
	for key, s := range m.spending {
		if s.reserved == 0 && key.end != 0 && key.end < idle.UnixMicro() {
			delete(m.spending, key)
		}
	}
}

func (m *Memory) reapLoop(ctx context.Context) {
	every.Do(ctx, m.options.ReapEvery, func(ctx context.Context) {
		if _, err := m.Reap(ctx); err != nil {
			m.options.Logger.Error("reap", slog.Any("error", err))
		}
	})
}
