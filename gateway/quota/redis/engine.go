// Package redis is the engine for any number of gateways: the counters are in Redis 7 or later, and every step is one script.
//
// It promises what package quota does, that a reply which is lost changes nothing twice, and that what a failover or
// an emptied Redis has lost is told to it again before anybody spends. The scripts are held to [quota.Memory].
// It must never know of HTTP, SQL, teams or prices.
package redis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oklog/ulid/v2"
	goredis "github.com/redis/go-redis/v9"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
)

var _ quota.Engine = (*Engine)(nil)

// Options adjust an [Engine]. The zero value is right for production.
type Options struct {
	// Prefix starts every key, so that several installations can share a Redis; "" is "bursar".
	Prefix string
	// Timeout bounds one trip to Redis, waiting for a connection included; 0 is 250 ms.
	Timeout time.Duration
	// Strict refuses a Redis that may lose counters: without AOF, or evicting. Otherwise it only warns.
	Strict bool
	// StrictRecovery keeps hard budgets closed after Redis has lost anything, by FLUSHALL, a restart or a failover,
	// until every gateway that lives has told it again what it knows. Without it a budget may be overshot meanwhile
	// by what was lost.
	StrictRecovery bool
	// MaxBacklog is how many entries of a slot may wait for the record before hard budgets close; 0 is 100,000.
	MaxBacklog int64
	// OnStoreDown says what happens to requests while Redis cannot be reached; the zero value refuses them.
	OnStoreDown OnStoreDown
	// OnAway is told when Redis goes out of reach and when it is back; nil is not.
	OnAway func(away bool)
	// Logger hears of what goes wrong in the background; nil is slog.Default.
	Logger *slog.Logger
	// Now replaces the clock of Redis, for tests.
	Now func() time.Time
	// Manual leaves Reap and Drain to the caller, for tests.
	Manual bool

	rewrite func(script string) string
	// dial replaces how the servers of a Cluster are connected to.
	dial func(ctx context.Context, network, address string) (net.Conn, error)
	// beforeStep is asked before each step of a transfer between a pot's home and a slot.
	beforeStep func(step string) error
}

// Redis is the engine for any number of gateways: the counters are in Redis 7 or later and every step is one script.
type Engine struct {
	client goredis.UniversalClient
	// cluster is the client when it speaks to a Redis Cluster, else nil.
	cluster *goredis.ClusterClient
	// scripter sends the scripts. Those of many calls go together, but not to a Cluster: a server that
	// does not answer would hold up what is meant for the others.
	scripter goredis.Scripter
	batch    *batch
	reserves *groups[*reserveCall]
	settles  *groups[*settleCall]
	record   quota.Record
	options  Options
	keys     keys
	scripts  scripts
	// replica names this process among the gateways.
	replica string
	pending *pending
	stop    context.CancelFunc
	done    sync.WaitGroup
	breaker breaker
	nodes   nodeBreakers

	// attending lets one call at a time tell Redis what it has lost.
	attending sync.Mutex

	mu    sync.Mutex
	epoch epoch
	alone alone
	// held are the reservations that this process made and has not settled.
	held map[string]*heldReservation
	// logs are what this process has changed lately, by slot.
	logs map[string]*slotLog
	// named is when this process told Redis of a slot.
	named map[string]time.Time
	// pots are those that this process has used on a Redis Cluster, by their homes.
	pots map[string]*pot
	// dirty are the slots whose stream has something to drain.
	dirty     map[string]bool
	dirtyWake chan struct{}
	// written are the settlements whose rows this process has put into streams and not yet into the record, by slot.
	written map[string]*written
	// unrecorded is how many these are.
	unrecorded atomic.Int64
	// recording lets one call at a time move them.
	recording sync.Mutex
}

// heldReservation is what a gateway knows of a reservation beyond what it sends when it settles.
type heldReservation struct {
	request  quota.Request
	decision quota.Decision
	// alive is when this process last reserved or renewed it, by its own clock.
	alive time.Time
	// alone: it was made without Redis, by this gateway's share.
	alone bool
	// order is the decision's among those of its slot, 0 of one without Redis.
	order int64
	// unheard: it has ended, and Redis has not answered to that.
	unheard bool
}

// Open connects to "redis://", "rediss://" or "unix://" (one server), "redis+sentinel://host:port?master_name=…&addr=…"
// or "redis+cluster://host:port,host:port", and checks that the servers can keep counters. Errors never hold the address, which may hold a password.
// Close the engine to stop its background work.
func Open(ctx context.Context, url string, record quota.Record, options Options) (*Engine, error) {
	options = options.withDefaults()
	client, err := newClient(url, options)
	if err != nil {
		return nil, err
	}
	if err := preflight(ctx, client, options); err != nil {
		_ = client.Close()
		return nil, err
	}
	background, stop := context.WithCancel(context.Background())
	r := &Engine{
		client: client, record: record, options: options, stop: stop,
		keys: keys{options.Prefix}, scripts: newScripts(options.rewrite), replica: ulid.Make().String(),
		scripter: client, batch: newBatch(client, 2*options.Timeout),
		pending: newPending(), alone: newAlone(),
		held: make(map[string]*heldReservation), logs: make(map[string]*slotLog), named: make(map[string]time.Time),
		pots:  make(map[string]*pot),
		dirty: make(map[string]bool), dirtyWake: make(chan struct{}, 1), written: make(map[string]*written),
	}
	r.reserves, r.settles = newGroups(r.answerReserves), newGroups(r.answerSettles)
	r.cluster, _ = client.(*goredis.ClusterClient)
	r.breaker.succeeded(time.Now())
	if r.cluster != nil {
		r.scripts.reserve = newScript(luaEscrowSlot+luaReserve, options.rewrite)
	} else {
		r.scripter = r.batch
	}
	if err := r.arrive(ctx); err != nil {
		stop()
		r.batch.close()
		return nil, errors.Join(err, r.alone.windows.Close(), client.Close())
	}
	if !options.Manual {
		r.done.Go(func() { r.beatLoop(background) })
		r.done.Go(func() { r.reapLoop(background) })
		r.done.Go(func() { r.drainLoop(background) })
	}
	return r, nil
}

func (o Options) withDefaults() Options {
	if o.Prefix == "" {
		o.Prefix = "bursar"
	}
	if o.Timeout == 0 {
		o.Timeout = 250 * time.Millisecond
	}
	if o.MaxBacklog == 0 {
		o.MaxBacklog = quota.DefaultMaxBacklog
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// Ping implements [quota.Engine].
func (r *Engine) Ping(ctx context.Context) error {
	bounded, cancel := r.deadline(ctx)
	defer cancel()
	return r.noted(ctx, r.eachMaster(bounded, func(ctx context.Context, client goredis.Cmdable) error {
		return client.Ping(ctx).Err()
	}))
}

// Close stops the background work, drains what this gateway settled and disconnects.
func (r *Engine) Close() error {
	r.reserves.close()
	r.settles.close()
	r.stop()
	r.done.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := errors.Join(r.payAll(ctx), r.drainDirty(ctx), r.leave(ctx))
	r.batch.close()
	err = errors.Join(err, r.client.Close())
	return errors.Join(err, r.alone.windows.Close())
}

// call runs one script and reads its answer.
func (r *Engine) call(ctx context.Context, script *goredis.Script, key string, args []any) (*reply, error) {
	breaker := r.breakerOf(ctx, key)
	if !breaker.allows(time.Now()) {
		return nil, errOpen
	}
	bounded, cancel := r.deadline(ctx)
	defer cancel()
	values, err := script.Run(bounded, r.scripter, []string{key}, args...).Slice()
	if err := r.notedBy(ctx, breaker, err); err != nil {
		return nil, err
	}
	return &reply{values: values}, nil
}

// callInt is call for scripts that answer one integer.
func (r *Engine) callInt(ctx context.Context, script *goredis.Script, key string, args []any) (int64, error) {
	breaker := r.breakerOf(ctx, key)
	if !breaker.allows(time.Now()) {
		return 0, errOpen
	}
	bounded, cancel := r.deadline(ctx)
	defer cancel()
	n, err := script.Run(bounded, r.scripter, []string{key}, args...).Int64()
	return n, r.notedBy(ctx, breaker, err)
}

// deadline bounds a call together with the driver's second try. Trying again is
// harmless: every step is recognised by its id.
func (r *Engine) deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, 2*r.options.Timeout)
}

// noted turns the driver's errors into ErrUnavailable and remembers whether Redis answered.
func (r *Engine) noted(ctx context.Context, err error) error { return r.notedBy(ctx, &r.breaker, err) }

func (r *Engine) notedBy(ctx context.Context, breaker *breaker, err error) error {
	if err == nil {
		breaker.succeeded(time.Now())
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	breaker.failed(time.Now())
	if r.cluster != nil {
		r.cluster.ReloadState(ctx) // a slot may have a new master
	}
	return fmt.Errorf("%w: %w", quota.ErrUnavailable, err)
}

// clock is what scripts take as the time: nothing, so that Redis decides, or the test's clock.
func (r *Engine) clock() string {
	if r.options.Now == nil {
		return ""
	}
	return fmt.Sprint(r.options.Now().UnixMicro())
}

// name tells Redis of the slot, so that other gateways reap and drain it when this one dies.
func (r *Engine) name(ctx context.Context, slot string) error {
	now := time.Now()
	r.mu.Lock()
	named, known := r.named[slot]
	r.mu.Unlock()
	if known && now.Sub(named) < time.Hour {
		return nil
	}
	if !r.breaker.allows(time.Now()) {
		return errOpen
	}
	bounded, cancel := r.deadline(ctx)
	defer cancel()
	if err := r.noted(ctx, r.nameNow(bounded, now, slot)); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.named[slot] = now
	return nil
}

func (r *Engine) nameNow(ctx context.Context, now time.Time, slot string) error {
	if r.cluster != nil {
		return r.nameOnCluster(ctx, now, slot)
	}
	return r.client.ZAdd(ctx, r.keys.slots(), goredis.Z{Score: float64(now.Unix()), Member: slot}).Err()
}

// slots lists the slots that any gateway has named, in order.
func (r *Engine) slots(ctx context.Context) ([]string, error) {
	if r.cluster != nil {
		slots, err := r.slotsOnCluster(ctx)
		return slots, r.noted(ctx, err)
	}
	slots, err := r.client.ZRangeByLex(ctx, r.keys.slots(), &goredis.ZRangeBy{Min: "-", Max: "+"}).Result()
	return slots, r.noted(ctx, err)
}
