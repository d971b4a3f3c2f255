package escrow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/script"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/wire"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// recall takes back what no slot of the pot has used for the given time, and tells the home. after is how many
// recalls the caller knew of: if another call has begun one since, its result is as good.
func (e *Pots) recall(ctx context.Context, p *pot, idle time.Duration, after int64) error {
	p.recalling.Lock()
	defer p.recalling.Unlock()
	p.mu.Lock()
	done := p.recalls > after
	p.recalls++
	p.mu.Unlock()
	if done {
		return nil
	}
	slots, err := e.slotsOfPot(ctx, p)
	if err != nil {
		return err
	}
	return e.tellAll(ctx, p, slots, idle)
}

// slotsOfPot lists the slots that the home has granted anything to.
func (e *Pots) slotsOfPot(ctx context.Context, p *pot) (slots []string, err error) {
	names, err := e.conn.Client.HKeys(ctx, p.home).Result()
	if err := e.conn.NotedBy(ctx, e.conn.BreakerOf(ctx, p.home), err); err != nil {
		return nil, err
	}
	for _, name := range names {
		if slot, ok := strings.CutPrefix(name, "a:"); ok {
			slots = append(slots, slot)
		}
	}
	return slots, nil
}

// tellAll looks at the slots and tells the home of each how it stands. A look for what is idle ends transfers as well: what
// the home has granted to a slot by a gateway that died before it told the slot.
func (e *Pots) tellAll(ctx context.Context, p *pot, slots []string, idle time.Duration) error {
	budget := p.terms()
	figures, err := e.look(ctx, p, slots, 0, idle.Microseconds())
	if err != nil {
		return err
	}
	for _, slot := range slots {
		own, found := figures[slot]
		if !found {
			continue
		}
		answer, err := e.tellHome(ctx, p, homeCall{budget: budget, slot: slot, own: own, need: -1, wish: -1})
		if err != nil || answer.status == "again" {
			return err // a home that was just filled knows of all slots
		}
		if idle == potIdle && answer.own.epoch == own.epoch && answer.own.number > own.number {
			if err := e.accept(ctx, p, budget, slot, answer.own, nobodysTerms); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *pot) terms() quota.Budget {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.budget
}

// look reads how slots stand, in one trip per server, after lowering the allowances that were idle. Slots without a
// counter are left out. Counters that are empty are filled from the ledger first.
func (e *Pots) look(ctx context.Context, p *pot, slots []string, epoch, idle int64) (map[string]slotFigures, error) {
	budget := p.terms()
	found := make(map[string]slotFigures)
	for range wire.Attempts {
		answers, err := e.recallAll(ctx, p, slots, []any{e.conn.Clock(), epoch, idle})
		if err != nil {
			return nil, err
		}
		var again []string
		for i, answer := range answers {
			status, at := answer.Text(), answer.Int()
			switch status {
			case "ok":
				found[slots[i]] = slotFigures{
					at: at, epoch: answer.Int(), number: answer.Int(), allowance: money.Nano(answer.Int()),
					settled: money.Nano(answer.Int()), held: money.Nano(answer.Int()),
				}
			case "seed":
				again = append(again, slots[i])
				if err := e.options.Filler.Fill(ctx, budget, slots[i], p.period, answer.Text(), quota.TimeOf(at)); err != nil {
					return nil, err
				}
			}
			if answer.Err != nil {
				return nil, answer.Err
			}
		}
		if len(again) == 0 {
			return found, nil
		}
		slots = again
	}
	return nil, fmt.Errorf("%w: counters of %s do not keep what they are filled with", quota.ErrUnavailable, budget.Scope)
}

// recallAll runs escrow_recall.lua on the slots' counters.
func (e *Pots) recallAll(ctx context.Context, p *pot, slots []string, args []any) ([]*script.Reply, error) {
	answers, err := e.pipeRecall(ctx, p, slots, args)
	if err != nil && goredis.HasErrorPrefix(err, "NOSCRIPT") {
		if err := e.conn.Scripts.Recall.Load(ctx, e.conn.Client).Err(); err != nil {
			return nil, e.conn.Noted(ctx, err)
		}
		answers, err = e.pipeRecall(ctx, p, slots, args)
	}
	return answers, e.conn.Noted(ctx, err)
}

func (e *Pots) pipeRecall(ctx context.Context, p *pot, slots []string, args []any) ([]*script.Reply, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*e.conn.Options.Timeout+time.Duration(len(slots))*time.Millisecond)
	defer cancel()
	scope := p.terms().Scope
	commands := make([]*goredis.Cmd, len(slots))
	_, err := e.conn.Client.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
		for i, slot := range slots {
			commands[i] = e.conn.Scripts.Recall.EvalSha(ctx, pipe, []string{e.conn.Keys.Counter(scope, slot, p.period)}, args...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	answers := make([]*script.Reply, len(slots))
	for i, command := range commands {
		values, err := command.Slice()
		if err != nil {
			return nil, err
		}
		answers[i] = script.NewReply(values)
	}
	return answers, nil
}

// tellThresholds records the alerts that are due before it marks them as told: a gateway that dies in between leaves it to
// another one, and the record knows an alert that is raised twice by its id.
func (e *Pots) tellThresholds(ctx context.Context, p *pot, budget quota.Budget, due []any, settled money.Nano, at time.Time) error {
	var entries []quota.Entry
	var marks []any
	for _, threshold := range budget.Thresholds {
		for _, watched := range []bool{false, true} {
			mark := script.MarkOf(threshold.Share, watched)
			if !slices.Contains(due, any(mark)) {
				continue
			}
			crossing := budget.Crossed(threshold.Share, p.period, settled, at)
			crossing.Watched = watched
			entries = append(entries, quota.Entry{Crossings: []quota.Crossing{crossing}})
			marks = append(marks, fmt.Sprintf("m:%s:%d", mark, budget.Generation), 1)
		}
	}
	if len(entries) == 0 {
		return nil
	}
	if err := e.options.Record.Append(ctx, entries); err != nil {
		e.options.Logger.WarnContext(ctx, "alerts of a pot wait for the record", slog.Any("error", err))
		return nil
	}
	return e.conn.NotedBy(ctx, e.conn.BreakerOf(ctx, p.home), e.conn.Client.HSet(ctx, p.home, marks...).Err())
}

// NoteSpent notes that a slot's pots have to tell their homes what was spent.
func (e *Pots) NoteSpent(request quota.Request, states []quota.BudgetState) {
	if !e.conn.Clustered() {
		return
	}
	for i, budget := range request.Budgets {
		if !e.conn.Keys.IsPot(budget) || i >= len(states) {
			continue
		}
		p := e.potOf(budget, states[i].Period)
		p.mu.Lock()
		p.dirty[request.Slot] = true
		p.mu.Unlock()
	}
}

// TellAllHomes tells the homes of pots what this gateway has spent from them.
func (e *Pots) TellAllHomes(ctx context.Context) error {
	var errs []error
	for _, p := range e.known() {
		p.mu.Lock()
		var slots []string
		for slot := range p.dirty {
			slots = append(slots, slot)
		}
		clear(p.dirty)
		p.mu.Unlock()
		if len(slots) == 0 {
			continue
		}
		if err := e.tellAll(ctx, p, slots, neverIdle); err != nil {
			errs = append(errs, err)
			p.mu.Lock()
			for _, slot := range slots {
				p.dirty[slot] = true
			}
			p.mu.Unlock()
		}
	}
	return errors.Join(errs...)
}

func (e *Pots) known() (pots []*pot) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, p := range e.byHome {
		pots = append(pots, p)
	}
	return pots
}

// Sweep looks at all slots of all pots that this gateway knows: what gateways that died have spent becomes known,
// transfers that they began are ended, and allowances that lie idle go back. Of all gateways one does it at a time.
func (e *Pots) Sweep(ctx context.Context) error {
	var errs []error
	for _, p := range e.known() {
		mine, err := e.conn.Client.SetNX(ctx, p.home+":sweep", e.options.Replica, potSweep).Result()
		if err := e.conn.NotedBy(ctx, e.conn.BreakerOf(ctx, p.home), err); err != nil {
			errs = append(errs, err)
			continue
		}
		if mine || e.options.Manual {
			p.mu.Lock()
			recalls := p.recalls
			p.mu.Unlock()
			errs = append(errs, e.recall(ctx, p, potIdle, recalls))
		}
	}
	e.forgetIdle(time.Now())
	return errors.Join(errs...)
}

func (e *Pots) forgetIdle(now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for home, p := range e.byHome {
		p.mu.Lock()
		if now.Sub(p.used) > potKept && len(p.dirty) == 0 {
			delete(e.byHome, home)
		}
		p.mu.Unlock()
	}
}

// Beat asks the homes that this gateway has used lately whether they still know what they have told it.
func (e *Pots) Beat(ctx context.Context) error {
	var errs []error
	for _, p := range e.known() {
		p.mu.Lock()
		seen, idle := p.seen, time.Since(p.used) > time.Minute
		p.mu.Unlock()
		if idle || seen == 0 {
			continue
		}
		fields, err := e.conn.Client.HMGet(ctx, p.home, "z", "v", "e", "r").Result()
		if err := e.conn.NotedBy(ctx, e.conn.BreakerOf(ctx, p.home), err); err != nil {
			errs = append(errs, err)
			continue
		}
		refill := fields[3] != nil && fields[3] == fields[2]
		if version := script.FieldInt(fields[1]); fields[0] == nil || version < seen || refill {
			errs = append(errs, e.fillHome(ctx, p, script.FieldInt(fields[2])))
		}
	}
	return errors.Join(errs...)
}
