package redis

import (
	"context"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/drain"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/recovery"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/script"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/wire"
)

// settleCall is one settlement's part of a group that settle.lua books.
type settleCall struct {
	asked
	settlement quota.Settlement
	// counters are those of the budgets that it is spent from, where this gateway made the reservation.
	counters []string
	// row is the ledger row as JSON, but for when the request was admitted and settled.
	row []byte
	// now is when the group was booked, and order which of its slot's decisions this one is.
	now   time.Time
	order int64
}

// askSettle has Redis book a settlement, together with whoever settles at the same time.
func (r *Engine) askSettle(ctx context.Context, settlement quota.Settlement, held *recovery.Held, row []byte) (*settleCall, error) {
	breaker := r.conn.BreakerOf(ctx, r.conn.Keys.Slot(settlement.Slot))
	trial := breaker.Open()
	if !breaker.Allows(time.Now()) {
		return nil, wire.ErrOpen
	}
	call := &settleCall{asked: newAsked(trial), settlement: settlement, counters: held.Counters(r.conn.Keys), row: row}
	r.settles.ask(settlement.Slot, call)
	return call, r.wait(ctx, breaker, &call.asked)
}

// answerSettles lets Redis book a group.
func (r *Engine) answerSettles(slot string, group []*settleCall) {
	breaker := r.conn.BreakerOf(context.Background(), r.conn.Keys.Slot(slot))
	if group = present(breaker, group); len(group) == 0 {
		return
	}
	answers, err := r.bookGroup(breaker, slot, group)
	finish(group, answers, err)
}

// endingOf says how settle.lua has to end a reservation.
func endingOf(settlement *quota.Settlement) (ending int) {
	if settlement.Unsent {
		ending++
	}
	if settlement.Summed {
		ending += 2
	}
	return ending
}

func (r *Engine) bookGroup(breaker *wire.Breaker, slot string, group []*settleCall) ([][]any, error) {
	list := make([]any, 0, 5*len(group))
	for _, call := range group {
		settlement := &call.settlement
		list = append(list, settlement.ID, settlement.Tokens, int64(settlement.Cost), endingOf(settlement), call.row)
	}
	args := []any{r.conn.Clock(), r.replica, 0, 0, quota.Remembered.Microseconds(), script.Pack(list)}
	log := r.book.Log(slot)
	number := log.Number(args)
	answer, err := r.conn.CallGroup(breaker, r.conn.Scripts.Settle, r.conn.Keys.Slot(slot), args, len(group))
	if err != nil {
		r.streams.MarkDirty(slot) // it may have been booked all the same
		return nil, err
	}
	answers, err := script.GroupAnswers(answer, len(group))
	if err != nil || len(answers) != len(group) || !answer.More() {
		return answers, err
	}
	if slices.ContainsFunc(answers, func(a []any) bool { return script.StatusOf(a) == "settled" }) {
		log.Applied(number)
	}
	now, entry := quota.TimeOf(answer.Int()), answer.Text()
	for i, call := range group {
		call.now, call.order = now, orderOf(now, i)
	}
	together, apart := writtenBy(group, answers)
	settled := 0
	for _, call := range group {
		if !call.settlement.Summed {
			settled++
		}
	}
	r.streams.NoteWritten(slot, entry, together, apart, len(together) == settled)
	return answers, answer.Err
}

// writtenBy are the rows of a group's settlements: those in the one entry which the script wrote for all of them, and
// those in entries of their own, beside alerts. What an earlier call has written is among neither.
func writtenBy(group []*settleCall, answers [][]any) (together, apart []drain.Row) {
	together = make([]drain.Row, 0, len(group))
	for i, call := range group {
		answer := script.NewReply(answers[i])
		if answer.Text() != "settled" {
			continue
		}
		at := answer.Int()
		if call.settlement.Summed {
			continue
		}
		row := drain.Row{Row: quota.SettledRow(call.settlement, quota.TimeOf(max(at, -at)), call.now), Counters: call.counters}
		if at < 0 {
			apart = append(apart, row)
			continue
		}
		together = append(together, row)
	}
	return together, apart
}
