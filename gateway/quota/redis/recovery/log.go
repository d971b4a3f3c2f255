package recovery

import (
	"slices"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/script"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const (
	// RecentKept is how long a settlement can be told to Redis again. A failover loses less than that,
	// and no reservation that it brings back has expired by then.
	RecentKept = 10 * time.Second
	// windowKept is that for one that Redis never heard of: after that it has left every window.
	windowKept = quota.WindowSeconds * time.Second
	// recentLimit bounds what is kept per slot.
	recentLimit = 5000
)

// Log is what this process has changed in a slot lately: numbers that show a loss, and what repairs it.
type Log struct {
	mu         sync.Mutex
	last, seen int64
	recent     []*recentSettlement
	restoring  sync.Mutex
	// kept is how long a settlement can be told to Redis again.
	kept time.Duration
}

// recentSettlement is what has to be known of a settlement and its reservation to tell Redis of it again. There are
// thousands of them, so it has nothing else.
type recentSettlement struct {
	id, slot   string
	usedTokens int64
	usedCost   money.Nano
	row        string // packed
	at         time.Time
	adopted    bool
	summed     bool

	admittedAt            time.Time
	input, output, tokens int64
	inputCost, cost       money.Nano
	windows               []quota.Window
	budgets               []quota.Budget
	standing              []quota.BudgetState
}

func newRecentSettlement(settlement quota.Settlement, held *Held, now time.Time) *recentSettlement {
	return &recentSettlement{
		id: settlement.ID, slot: settlement.Slot, usedTokens: settlement.Tokens, usedCost: settlement.Cost,
		row: string(script.PackRow(settlement.Row)), at: now, adopted: held.Adopted, summed: settlement.Summed,
		admittedAt: held.Decision.At, input: held.Request.InputTokens, output: held.Decision.OutputTokens, tokens: held.Decision.Tokens,
		inputCost: held.Request.InputCost, cost: held.Decision.Cost,
		windows: held.Request.Windows, budgets: held.Request.Budgets, standing: held.Decision.Budgets,
	}
}

// held is the reservation as it was, but for its row.
func (s *recentSettlement) held() *Held {
	return &Held{Reservation: quota.Reservation{
		Adopted: s.adopted,
		Request: quota.Request{
			ID: s.id, Slot: s.slot, InputTokens: s.input, InputCost: s.inputCost, Windows: s.windows, Budgets: s.budgets,
		},
		Decision: quota.Decision{At: s.admittedAt, OutputTokens: s.output, Tokens: s.tokens, Cost: s.cost, Budgets: s.standing},
	}}
}

// settlement is what it was settled with.
func (s *recentSettlement) settlement() (quota.Settlement, error) {
	row, err := script.UnpackRow(s.row)
	return quota.Settlement{ID: s.id, Slot: s.slot, Tokens: s.usedTokens, Cost: s.usedCost, Row: row}, err
}

// Log is what this process has changed in a slot.
func (b *Book) Log(slot string) *Log {
	b.mu.Lock()
	defer b.mu.Unlock()
	log := b.logs[slot]
	if log == nil {
		log = &Log{kept: b.recentKept}
		b.logs[slot] = log
	}
	return log
}

// Number puts the next number and the highest that was seen applied into a script's arguments.
func (l *Log) Number(args []any) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	args[2], args[3] = l.last, l.seen
	return l.last
}

// Applied notes that Redis has applied the change of a number.
func (l *Log) Applied(number int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = max(l.seen, number)
}

// old says whether a settlement need not be told again. One that Redis never heard of concerns its windows
// for as long as they are.
func (l *Log) old(settled *recentSettlement, now time.Time) bool {
	if settled.adopted {
		return now.Sub(settled.at) > windowKept
	}
	return now.Sub(settled.at) > l.kept
}

// samePeriods says whether budgets stood in the same periods, which is all that a restoration asks of them.
func samePeriods(a, b []quota.BudgetState) bool {
	return slices.EqualFunc(a, b, func(a, b quota.BudgetState) bool { return a.Period == b.Period })
}

// active says whether there is anything that a loss could take, and forgets what is old.
func (l *Log) active(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	old := 0
	for old < len(l.recent) && (l.old(l.recent[old], now) || len(l.recent)-old > recentLimit) {
		old++
	}
	clear(l.recent[:old])
	l.recent = l.recent[old:]
	return len(l.recent) > 0
}

// Remember keeps a settlement for a while, in case Redis loses it.
func (b *Book) Remember(settlement quota.Settlement, held *Held) {
	if held == nil {
		return
	}
	now := time.Now()
	log := b.Log(settlement.Slot)
	settled := newRecentSettlement(settlement, held, now)
	log.mu.Lock()
	if n := len(log.recent); n > 0 && samePeriods(log.recent[n-1].standing, settled.standing) {
		settled.standing = log.recent[n-1].standing // thousands are of one period
	}
	log.recent = append(log.recent, settled)
	log.mu.Unlock()
	log.active(now)
}
