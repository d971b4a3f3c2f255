// Package escrow lets requests of several slots spend from one budget on a Redis Cluster.
//
// The counters of different slots are on different servers, and no script reaches two of them. A budget
// that requests of several slots are spent from, a pot, therefore has a home that grants allowances, and in every
// slot a counter that spends its allowance without asking. What was granted never adds up to more than the limit:
//
//   - A grant is counted at the home first and told to the slot after that; a slot gives back by lowering its own
//     allowance first and telling the home after that. A gateway that dies in between leaves the home counting too much.
//   - Both sides number what they tell. A number that is not newer changes nothing, so everything may be told twice,
//     late, or by another gateway.
//   - Allowances belong to an epoch of the home. A home that has lost data begins a new one, under which every slot
//     first has no more than it has spent and reserved.
//
// The scripts escrow_*.lua are the atomic steps. It must never know how a request is decided.
package escrow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/drain"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/script"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/seed"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/slots"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/wire"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const (
	// fetchLimit is how often one request fetches allowance before it takes a refusal for an answer:
	// others may spend what it has fetched.
	fetchLimit = 64
	// potIdle is how long a slot keeps an allowance that it does not use.
	potIdle = time.Minute
	// potSweep is how often one of the gateways looks at all slots of a pot.
	potSweep = 10 * time.Second
	// potKept is how long a gateway looks after a pot that it has not used.
	potKept = time.Hour
	// nobodysTerms make a slot ask its home before it spends again.
	nobodysTerms = ""
	// neverIdle makes a look at a slot not change it.
	neverIdle = 1 << 52
)

// Options are what [Pots] need.
type Options struct {
	Conn    *wire.Conn
	Slots   *slots.List
	Streams *drain.Streams
	Filler  *seed.Filler
	Record  quota.Record
	// Replica names this process among the gateways.
	Replica string
	Logger  *slog.Logger
	// Manual: this gateway sweeps whenever it is asked to, for tests.
	Manual bool
	// BeforeStep is asked before each step of a transfer between a pot's home and a slot, for tests.
	BeforeStep func(step string) error
}

// Pots are the pots that this process has used. Without a Redis Cluster there are none.
type Pots struct {
	options Options
	conn    *wire.Conn

	mu sync.Mutex
	// byHome are the pots by the keys of their homes.
	byHome map[string]*pot
}

// New returns pots of which none was used yet.
func New(options Options) *Pots {
	return &Pots{options: options, conn: options.Conn, byHome: make(map[string]*pot)}
}

// pot is what this process knows of one period of a pot. It exists on a Redis Cluster only.
type pot struct {
	home string

	mu     sync.Mutex
	budget quota.Budget
	period quota.Period
	// epoch is the home's as this process was last told.
	epoch int64
	// seen is the highest version of the home that this process was told.
	seen int64
	// settled and held are what the home has last said of all slots, own what it was told of each.
	settled, held money.Nano
	own           map[string]slotFigures
	// dirty are the slots that have spent since the home was told.
	dirty map[string]bool
	used  time.Time

	recalling sync.Mutex
	// recalls counts the recalls that were begun.
	recalls int64
}

// slotFigures is how a slot of a pot stands, in the words of escrow_recall.lua.
type slotFigures struct {
	epoch, number            int64
	allowance, settled, held money.Nano
	at                       int64
}

func (e *Pots) potOf(budget quota.Budget, period quota.Period) *pot {
	home := e.conn.Keys.Home(budget.Scope, period)
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.byHome[home]
	if p == nil {
		p = &pot{home: home, budget: budget, period: period, own: make(map[string]slotFigures), dirty: make(map[string]bool)}
		e.byHome[home] = p
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.used = time.Now()
	return p
}

// spentBy is potOf for a request: its budget is what the pot's allowances are granted and its alerts raised by.
func (e *Pots) spentBy(budget quota.Budget, period quota.Period) *pot {
	p := e.potOf(budget, period)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.budget = budget
	return p
}

// elsewhere is what other slots have spent and reserved, as far as this process knows.
func (p *pot) elsewhere(slot string) (settled, held money.Nano) {
	p.mu.Lock()
	defer p.mu.Unlock()
	own := p.own[slot]
	return p.settled - own.settled, p.held - own.held
}

// terms are what an allowance was granted under. When they change every slot asks its home again.
func potTerms(b quota.Budget) string {
	if !b.Refuses() {
		return "soft"
	}
	return strconv.FormatInt(int64(b.Limit), 10)
}

func potLimit(b quota.Budget) int64 {
	if !b.Refuses() {
		return quota.Unlimited
	}
	return int64(b.Limit)
}

// Args follow the other arguments of reserve.lua on a Cluster.
func (e *Pots) Args(args []any, request quota.Request, tried map[int64]string) []any {
	if !e.conn.Clustered() {
		return args
	}
	for i, budget := range request.Budgets {
		if !e.conn.Keys.IsPot(budget) {
			args = append(args, "")
			continue
		}
		var settled, held money.Nano
		if period, ok := budget.PeriodAt(e.conn.Now()); ok {
			settled, held = e.spentBy(budget, period).elsewhere(request.Slot)
		}
		args = append(args, "1", potTerms(budget), int64(settled), int64(held), tried[int64(i)])
	}
	return args
}

// Fetching is what one request has fetched so far, by the number of its budget.
type Fetching struct {
	Tried map[int64]string
	times map[int64]int
}

// NewFetching is what a request has fetched before it was decided: nothing.
func NewFetching() *Fetching { return &Fetching{Tried: map[int64]string{}, times: map[int64]int{}} }

// Fetch gets allowance for the pots that the slot lacks it of, or finds that there is none.
// list holds of each the budget's number, its period's, how the slot stands, and what is needed and wished for.
func (e *Pots) Fetch(ctx context.Context, request quota.Request, at int64, list []any, f *Fetching) error {
	answer := script.NewReply([]any{list})
	var failed error
	answer.Each(func(_ int, missing *script.Reply) {
		number := missing.Int()
		budget := request.Budgets[number]
		p := e.spentBy(budget, script.PeriodOf(budget, missing.Int()))
		own := slotFigures{
			epoch: missing.Int(), number: missing.Int(), allowance: money.Nano(missing.Int()),
			settled: money.Nano(missing.Int()), held: money.Nano(missing.Int()), at: at,
		}
		need, wish, terms := missing.Int(), missing.Int(), missing.Text()
		if missing.Err != nil || failed != nil {
			return
		}
		f.times[number]++
		got, err := e.fetchFor(ctx, p, homeCall{budget: budget, terms: terms, slot: request.Slot, own: own, need: need, wish: wish})
		f.Tried[number] = "fetched"
		if !got || f.times[number] >= fetchLimit {
			f.Tried[number] = "final"
			err = errors.Join(err, e.transferStep("refuse"))
		}
		failed = err
	})
	if failed != nil {
		return fmt.Errorf("fetch allowance of a pot for %s: %w", request.Slot, failed)
	}
	return answer.Err
}

// RefusedTooSoon says whether a pot that had no allowance left when it was asked has room by now, for others
// have settled for less meanwhile, and lets the request fetch once more.
func (e *Pots) RefusedTooSoon(request quota.Request, decision quota.Decision, f *Fetching) bool {
	again := false
	for i, budget := range request.Budgets {
		state, number := decision.Budgets[i], int64(i)
		refused := slices.IndexFunc(decision.Denials, func(d quota.Denial) bool { return d.Kind == quota.KindBudget && d.Scope == budget.Scope })
		fits := refused >= 0 && state.Settled+state.Reserved+money.Nano(decision.Denials[refused].Need) <= budget.Limit
		if e.conn.Keys.IsPot(budget) && f.Tried[number] == "final" && fits && f.times[number] < fetchLimit {
			delete(f.Tried, number)
			again = true
		}
	}
	return again
}

// fetchFor asks the home for allowance, and when it has none, for what other slots do not need.
// It says whether the slot was granted what it needs.
func (e *Pots) fetchFor(ctx context.Context, p *pot, call homeCall) (bool, error) {
	budget := call.budget
	for range wire.Attempts {
		p.mu.Lock()
		recalls := p.recalls
		p.mu.Unlock()
		answer, err := e.tellHome(ctx, p, call)
		if err != nil {
			return false, err
		}
		spentForGood := budget.Refuses() && answer.total+money.Nano(call.need) > budget.Limit
		switch answer.status {
		case "again":
		case "granted":
			err := e.accept(ctx, p, budget, call.slot, answer.own, call.terms)
			return err == nil, err
		case "short", "recall":
			if answer.status == "short" && (call.recalled || spentForGood) {
				return false, nil
			}
			if err := e.recall(ctx, p, 0, recalls); err != nil {
				return false, err
			}
			call.recalled = true
		default:
			return false, fmt.Errorf("answer of a script: status %q", answer.status)
		}
	}
	return false, fmt.Errorf("%w: the home of %s does not keep what it is told", quota.ErrUnavailable, budget.Scope)
}

// accept gives a slot what its home has granted, under the terms of the grant.
func (e *Pots) accept(ctx context.Context, p *pot, budget quota.Budget, slot string, granted slotFigures, terms string) error {
	if err := e.transferStep("accept"); err != nil {
		return err
	}
	key := e.conn.Keys.Counter(budget.Scope, slot, p.period)
	_, err := e.conn.CallInt(ctx, e.conn.Scripts.Accept, key, []any{granted.epoch, granted.number, int64(granted.allowance), terms})
	return err
}

// transferStep lets a test stop a transfer before one of its steps.
func (e *Pots) transferStep(name string) error {
	if e.options.BeforeStep == nil {
		return nil
	}
	return e.options.BeforeStep(name)
}

// homeCall is how a slot stands, and what is wanted for it. A negative need wants nothing.
type homeCall struct {
	budget quota.Budget
	// terms are [potTerms] as the slot sees them: other ones while the budget is only watched, see escrow_slot.lua.
	terms      string
	slot       string
	own        slotFigures
	need, wish int64
	recalled   bool
}

type homeAnswer struct {
	// status is "noted", "granted", "short", "recall", or "again" after the home was filled anew.
	status string
	own    slotFigures
	// total is what all slots have spent.
	total money.Nano
}

// tellHome makes a call, keeps what it says of other slots, and raises the alerts that are due.
func (e *Pots) tellHome(ctx context.Context, p *pot, call homeCall) (homeAnswer, error) {
	if err := e.transferStep("home"); err != nil {
		return homeAnswer{}, err
	}
	answer, err := e.conn.Call(ctx, e.conn.Scripts.Home, p.home, e.homeArgs(p, call))
	if err != nil {
		return homeAnswer{}, err
	}
	status, version, epoch := answer.Text(), answer.Int(), answer.Int()
	switch status {
	case "seed":
		return homeAnswer{status: "again"}, e.fillHome(ctx, p, 0)
	case "lost":
		return homeAnswer{status: "again"}, e.fillHome(ctx, p, epoch)
	}
	told := homeAnswer{status: status, own: slotFigures{epoch: epoch, number: answer.Int(), allowance: money.Nano(answer.Int())}}
	settled, held := money.Nano(answer.Int()), money.Nano(answer.Int())
	at, due := quota.TimeOf(answer.Int()), answer.List()
	told.total = money.Nano(answer.Int())
	if answer.Err != nil {
		return homeAnswer{}, answer.Err
	}
	p.know(call, version, epoch, settled, held)
	return told, e.tellThresholds(ctx, p, call.budget, due, told.total, at)
}

func (p *pot) know(call homeCall, version, epoch int64, settled, held money.Nano) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if version < p.seen {
		return // an older answer that arrives late
	}
	p.seen, p.epoch = version, epoch
	p.settled, p.held = settled+call.own.settled, held+call.own.held
	p.own[call.slot] = call.own
}

func (e *Pots) homeArgs(p *pot, call homeCall) []any {
	p.mu.Lock()
	seen := p.seen
	p.mu.Unlock()
	own := call.own
	args := []any{
		e.conn.Clock(), seen, call.slot, own.epoch, own.number, int64(own.allowance), int64(own.settled), int64(own.held), own.at,
		call.need, call.wish, potLimit(call.budget), call.terms, "", call.budget.Generation,
	}
	if call.recalled {
		args[13] = "1"
	}
	for _, threshold := range call.budget.Thresholds {
		args = append(args, script.MarkOf(threshold.Share, call.budget.WouldRefuseAt(threshold.Share, e.conn.Now())), int64(threshold.At))
	}
	return args
}

// Fetches is how often a request may fetch allowance beyond the usual attempts.
func (e *Pots) Fetches(request quota.Request) (n int) {
	for _, budget := range request.Budgets {
		if e.conn.Keys.IsPot(budget) {
			n += fetchLimit
		}
	}
	return n
}
