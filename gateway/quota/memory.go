package quota

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

var _ Engine = (*Memory)(nil)

const (
	// Lifetime is how long a reservation lives without being renewed.
	Lifetime = 15 * time.Second
	// Remembered is how long the end of a reservation is remembered.
	Remembered = 15 * time.Minute
	// rememberedInMemory bounds how many settled reservations a process remembers. It loses no replies,
	// so that only a caller's mistake settles twice; the ledger's unique ids hold beyond that.
	rememberedInMemory = 1 << 12
)

// MemoryOptions adjust a [Memory]. The zero value is right for one gateway.
type MemoryOptions struct {
	// Now is the engine's clock; nil is time.Now.
	Now func() time.Time
	// ReapEvery is how often reservations of crashed requests are looked for;
	// 0 is every second, negative is never: the owner calls Reap.
	ReapEvery time.Duration
	// MaxBacklog is how many alert events may wait for the record before requests are refused; 0 is 100,000. No request
	// is admitted while a ledger row waits: its answer could not be given out either.
	MaxBacklog int64
	// Logger hears of entries that could not be recorded; nil is slog.Default.
	Logger *slog.Logger
}

// Memory is the in-process engine for one gateway, and the specification of the other engines.
// One lock makes every step atomic; nobody waits for the record while holding it.
type Memory struct {
	record  Record
	options MemoryOptions
	backlog *backlog
	// recording is held, shared, from a settlement until its row is in the record or the backlog.
	recording sync.RWMutex
	stop      context.CancelFunc
	done      sync.WaitGroup

	mu       sync.Mutex
	windows  map[windowKey]*window
	spending map[spendingKey]*spending
	live     map[reservationKey]*reservation
	ended    map[reservationKey]*tombstone
	settled  []reservationKey // of ended, oldest first
	crashed  []reservationKey // of ended, oldest first
	policy   map[string]int64
	charged  map[Scope]spendingKey // where the latest request was charged
	looks    []window              // room for windows as they will stand, see lookLocked
}

type windowKey struct {
	slot  string
	scope Scope
}

type reservationKey struct{ slot, id string }

// reservation is a request that was admitted and has not ended.
type reservation struct {
	request    Request
	at         time.Time
	expires    time.Time
	output     int64
	tokens     int64
	cost       money.Nano
	checkpoint Checkpoint
	windows    []*window
	seconds    []int64 // that the windows were charged on
	spending   []*spending
	periods    []Period
}

// NewMemory returns an engine that keeps its counters in the process. Close it to stop its background work.
func NewMemory(record Record, options MemoryOptions) *Memory {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	if options.ReapEvery == 0 {
		options.ReapEvery = time.Second
	}
	if options.MaxBacklog == 0 {
		options.MaxBacklog = DefaultMaxBacklog
	}
	ctx, stop := context.WithCancel(context.Background())
	m := &Memory{
		record: record, options: options, stop: stop,
		backlog:  newBacklog(record, options.MaxBacklog, options.Logger),
		windows:  make(map[windowKey]*window),
		spending: make(map[spendingKey]*spending),
		live:     make(map[reservationKey]*reservation),
		ended:    make(map[reservationKey]*tombstone),
		policy:   make(map[string]int64),
		charged:  make(map[Scope]spendingKey),
	}
	m.done.Go(func() { m.backlog.run(ctx) })
	if options.ReapEvery > 0 {
		m.done.Go(func() { m.reapLoop(ctx) })
	}
	return m
}

// Close stops the background work and records what is left to record.
func (m *Memory) Close() error {
	m.stop()
	m.done.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return m.Drain(ctx)
}

// Ping always succeeds: the counters are here.
func (m *Memory) Ping(ctx context.Context) error { return ctx.Err() }

// Drain waits until everything that should be recorded is.
func (m *Memory) Drain(ctx context.Context) error { return m.backlog.drain(ctx) }

// Reserve implements [Engine].
func (m *Memory) Reserve(ctx context.Context, request Request) (Decision, error) {
	request, err := request.Normalized()
	if err != nil {
		return Decision{}, err
	}
	if err := m.backlog.refuses(); err != nil {
		return Decision{}, err
	}
	for {
		decision, unseeded, err := m.reserve(&request)
		if err != nil || len(unseeded) == 0 {
			return decision, err
		}
		if err := m.seed(ctx, unseeded); err != nil {
			return Decision{}, err
		}
	}
}

// reserve is the atomic step. It returns the counters that have to be filled from the ledger first, if any.
func (m *Memory) reserve(request *Request) (Decision, []spendingKey, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	key := reservationKey{request.Slot, request.ID}
	if known := m.live[key]; known != nil {
		return m.repeatLocked(known, now), nil, nil
	}
	if m.rememberedLocked(key, now) != nil {
		return Decision{}, nil, fmt.Errorf("reserve %s: %w", request.ID, ErrEnded)
	}
	if err := m.checkPolicyLocked(request.Slot, request.PolicyVersion, now); err != nil {
		return Decision{}, nil, err
	}
	at, unseeded, err := m.standingLocked(request, now)
	if err != nil || len(unseeded) > 0 {
		return Decision{}, unseeded, err
	}
	output, denials := decide(request, &at)
	if len(denials) > 0 {
		m.tellRefusedLocked(request, at, denials)
		return refusal(request, at, denials), nil, nil
	}
	r := &reservation{
		request: *request, at: now, expires: now.Add(Lifetime),
		output: output, tokens: request.InputTokens + output, cost: request.Cost(output),
		windows: at.counted, spending: at.spending, periods: at.periods(),
	}
	would := wouldRefuse(request, &at)
	r.charge(now)
	m.live[key] = r
	at.windows = r.windows
	decision := r.decision(at)
	decision.WouldRefuse = would
	return decision, nil, nil
}

// standingLocked looks up what the request meets and moves it to now.
func (m *Memory) standingLocked(request *Request, now time.Time) (standing, []spendingKey, error) {
	at := standing{now: now}
	m.chargeOnLocked(request.Budgets, now)
	spending, states, unseeded, err := m.budgetsLocked(request.Budgets, now)
	if err != nil || len(unseeded) > 0 {
		return at, unseeded, err
	}
	at.spending, at.budgets = spending, states
	at.counted = m.windowsLocked(request.Slot, request.Windows)
	at.windows = m.lookLocked(at.counted, now)
	at.rpm = make([]int64, len(request.Windows))
	for i, limits := range request.Windows {
		at.rpm[i] = ThrottledRPM(limits, request.Budgets, states, now)
	}
	return at, nil, nil
}

func (m *Memory) windowsLocked(slot string, limits []Window) []*window {
	found := make([]*window, len(limits))
	for i := range limits {
		key := windowKey{slot, limits[i].Scope}
		found[i] = m.windows[key]
		if found[i] == nil {
			found[i] = &window{}
			m.windows[key] = found[i]
		}
	}
	return found
}

// lookLocked shows windows as they stand at now without moving them, so that a refusal leaves no
// trace, not even on a clock that goes back afterwards. What it returns is good until the next look.
func (m *Memory) lookLocked(windows []*window, now time.Time) []*window {
	if len(m.looks) < len(windows) {
		m.looks = make([]window, len(windows))
	}
	shown := make([]*window, len(windows))
	for i, w := range windows {
		shown[i] = w
		if w.second < now.Unix() {
			m.looks[i] = *w
			shown[i] = &m.looks[i]
			shown[i].advance(now.Unix())
		}
	}
	return shown
}

// budgetsLocked finds the budgets' counters for the period that t lies in.
func (m *Memory) budgetsLocked(budgets []Budget, t time.Time) ([]*spending, []BudgetState, []spendingKey, error) {
	found := make([]*spending, len(budgets))
	states := make([]BudgetState, len(budgets))
	var unseeded []spendingKey
	for i := range budgets {
		budget := &budgets[i]
		period, ok := budget.PeriodAt(t)
		if !ok {
			return nil, nil, nil, fmt.Errorf("%s at %s: %w", budget.Scope, t.Format(time.RFC3339), ErrNoPeriod)
		}
		key := keyOf(budget.Scope, period)
		found[i] = m.spending[key]
		if found[i] == nil || found[i].behind {
			unseeded = append(unseeded, key)
			continue
		}
		states[i] = found[i].stateOf(budget, period)
	}
	return found, states, unseeded, nil
}

// chargeOnLocked notes the periods that the budgets are charged on from now on. Counters that may lack what was
// charged on others before are behind.
func (m *Memory) chargeOnLocked(budgets []Budget, now time.Time) {
	for _, budget := range budgets {
		period, ok := budget.PeriodAt(now)
		if key := keyOf(budget.Scope, period); ok && m.charged[budget.Scope] != key {
			m.lookBackLocked(key, now)
			m.charged[budget.Scope] = key
		}
	}
}

// lookBackLocked finds out whether a counter is behind.
func (m *Memory) lookBackLocked(key spendingKey, now time.Time) {
	charged, known := m.charged[key.scope]
	if counter := m.spending[key]; counter != nil && known && charged != key && counter.missed(charged, now) {
		counter.behind = true
	}
}

// seed fills missing counters from the ledger. A counter is set once and never added to, however many requests
// ask for it at the same time; only one that is behind is set again.
func (m *Memory) seed(ctx context.Context, keys []spendingKey) error {
	for _, key := range keys {
		if m.isBehind(key) {
			if err := m.refill(ctx, key); err != nil {
				return err
			}
			continue
		}
		spent, err := m.record.Spend(ctx, key.scope, key.period())
		if err != nil {
			return fmt.Errorf("read what %s has spent: %w", key.scope, err)
		}
		m.mu.Lock()
		if m.spending[key] == nil {
			m.spending[key] = &spending{settled: spent, filled: m.now()}
		}
		m.mu.Unlock()
	}
	return nil
}

// repeatLocked answers a reservation that is live as it was answered the first time.
func (m *Memory) repeatLocked(r *reservation, now time.Time) Decision {
	decision := r.decision(r.standing(m.lookLocked(r.windows, now), now))
	decision.Duplicate = true
	return decision
}

// charge books the reservation on everything it is counted on.
func (r *reservation) charge(now time.Time) {
	r.seconds = make([]int64, len(r.windows))
	for i, w := range r.windows {
		w.advance(now.Unix())
		r.seconds[i] = w.charge(r.tokens)
	}
	for _, s := range r.spending {
		s.reserved += r.cost
	}
}

// standing is where the reservation's own limits stand.
func (r *reservation) standing(windows []*window, now time.Time) standing {
	at := standing{
		now: now, windows: windows, spending: r.spending,
		budgets: make([]BudgetState, len(r.spending)), rpm: make([]int64, len(windows)),
	}
	for i := range at.budgets {
		at.budgets[i] = r.spending[i].stateOf(&r.request.Budgets[i], r.periods[i])
	}
	for i := range at.rpm {
		at.rpm[i] = ThrottledRPM(r.request.Windows[i], r.request.Budgets, at.budgets, now)
	}
	return at
}

func (r *reservation) decision(at standing) Decision {
	return Decision{
		Admitted: true, At: r.at, OutputTokens: r.output, Tokens: r.tokens, Cost: r.cost,
		Windows: at.windowStates(r.request.Windows), Budgets: at.budgetStates(r.request.Budgets),
	}
}

func refusal(request *Request, at standing, denials []Denial) Decision {
	return Decision{
		At: at.now, Denials: denials, RetryAfter: LongestWait(denials),
		Windows: at.windowStates(request.Windows), Budgets: at.budgets,
	}
}

func (at standing) windowStates(limits []Window) []WindowState {
	states := make([]WindowState, len(limits))
	for i := range limits {
		states[i] = at.windows[i].State(limits[i], at.rpm[i], at.now)
	}
	return states
}

// budgetStates reads the counters again, after they were changed.
func (at standing) budgetStates(budgets []Budget) []BudgetState {
	for i := range budgets {
		at.budgets[i] = at.spending[i].stateOf(&budgets[i], at.budgets[i].Period)
	}
	return at.budgets
}

func (at standing) periods() []Period {
	periods := make([]Period, len(at.budgets))
	for i := range at.budgets {
		periods[i] = at.budgets[i].Period
	}
	return periods
}

// now is the engine's time, in the precision that all engines share.
func (m *Memory) now() time.Time { return m.options.Now().UTC().Truncate(time.Microsecond) }
