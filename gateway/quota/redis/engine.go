// Package redis is the engine for any number of gateways: the counters are in Redis 7 or later, and every step is one script.
//
// It promises what package quota does, that a reply which is lost changes nothing twice, and that what a failover or
// an emptied Redis has lost is told to it again before anybody spends. The scripts are held to [quota.Memory].
// It must never know of HTTP, SQL, teams or prices.
package redis

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/escrow"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/drain"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/recovery"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/seed"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/slots"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/wire"
)

var _ quota.Shared = (*Engine)(nil)

// Options adjust an [Engine]. The zero value is right for production.
type Options struct {
	// Prefix starts every key, so that several installations can share a Redis; "" is "bursar".
	Prefix string
	// Timeout bounds one trip to Redis, waiting for a connection included; 0 is a second: a Redis that
	// only pauses, to fork or to fail over, is waited for, and nobody is refused.
	Timeout time.Duration
	// Strict refuses a Redis that may lose counters: without AOF, or evicting. Otherwise it only warns.
	Strict bool
	// StrictRecovery keeps hard budgets closed after Redis has lost anything, by FLUSHALL, a restart or a failover,
	// until every gateway that lives has told it again what it knows. Without it a budget may be overshot meanwhile
	// by what was lost.
	StrictRecovery bool
	// MaxBacklog is how many entries of a slot may wait for the record before hard budgets close; 0 is 100,000.
	MaxBacklog int64
	// DataDir is where rows that the record lacks are kept while it is away, for a gateway that dies meanwhile; "" keeps
	// them in memory and in Redis only.
	DataDir string
	// OnAway is told when Redis goes out of reach and when it is back, and how many gateways there were; nil is not.
	OnAway func(ctx context.Context, away bool, gateways int)
	// Logger hears of what goes wrong in the background; nil is slog.Default.
	Logger *slog.Logger
	// Now replaces the clock of Redis, for tests.
	Now func() time.Time
	// Manual leaves Reap and Drain to the caller, for tests.
	Manual bool

	rewrite func(script string) string
	// settledKept is how long a settlement can be told to Redis again; 0 is [recovery.RecentKept].
	settledKept time.Duration
	// dial replaces how the servers of a Cluster are connected to.
	dial func(ctx context.Context, network, address string) (net.Conn, error)
	// beforeStep is asked before each step of a transfer between a pot's home and a slot.
	beforeStep func(step string) error
}

// Engine is one gateway's part of what all gateways count together.
type Engine struct {
	options Options
	record  quota.Record
	// replica names this process among the gateways.
	replica string

	conn     *wire.Conn
	slots    *slots.List
	streams  *drain.Streams
	filler   *seed.Filler
	pots     *escrow.Pots
	book     *recovery.Book
	recovery *recovery.Recovery
	gateways *recovery.Gateways

	reserves *groups[*reserveCall]
	settles  *groups[*settleCall]
	pending  *pending

	stop context.CancelFunc
	done sync.WaitGroup
}

// Open connects to "redis://", "rediss://" or "unix://" (one server), "redis+sentinel://host:port?master_name=…&addr=…"
// or "redis+cluster://host:port,host:port", and checks that the servers can keep counters. Errors never hold the address, which may hold a password.
// Close the engine to stop its background work.
func Open(ctx context.Context, url string, record quota.Record, options Options) (*Engine, error) {
	options = options.withDefaults()
	conn, err := wire.Open(ctx, url, wire.Options{
		Timeout: options.Timeout, Strict: options.Strict, Logger: options.Logger, Now: options.Now, Dial: options.dial,
		Prefix: options.Prefix, Rewrite: options.rewrite,
	})
	if err != nil {
		return nil, err
	}
	r := newEngine(conn, record, options)
	background, stop := context.WithCancel(context.Background())
	r.stop = stop
	if err := r.streams.TakeOver(ctx); err != nil {
		options.Logger.WarnContext(ctx, "rows that a process has left in the data directory wait for the record", slog.Any("error", err))
	}
	if err := r.gateways.Arrive(ctx); err != nil {
		stop()
		return nil, errors.Join(err, conn.Close())
	}
	if !options.Manual {
		r.done.Go(func() { r.beatLoop(background) })
		r.done.Go(func() { r.reapLoop(background) })
		r.done.Go(func() { r.drainLoop(background) })
	}
	return r, nil
}

// newEngine puts the parts together.
func newEngine(conn *wire.Conn, record quota.Record, options Options) *Engine {
	r := &Engine{options: options, record: record, replica: ulid.Make().String(), conn: conn, pending: &pending{}}
	r.slots = slots.New(conn)
	r.streams = drain.New(conn, r.slots, record, r.replica, options.DataDir, options.Logger)
	r.filler = &seed.Filler{Conn: conn, Slots: r.slots, Streams: r.streams, Record: record}
	r.pots = escrow.New(escrow.Options{
		Conn: conn, Slots: r.slots, Streams: r.streams, Filler: r.filler, Record: record, Replica: r.replica,
		Logger: options.Logger, Manual: options.Manual, BeforeStep: options.beforeStep,
	})
	r.book = recovery.NewBook(conn.Keys, options.settledKept)
	r.recovery = &recovery.Recovery{
		Book: r.book, Conn: conn, Slots: r.slots, Streams: r.streams, Filler: r.filler, Pots: r.pots, Record: record,
		Replica: r.replica, Logger: options.Logger,
	}
	r.gateways = recovery.NewGateways(r.recovery, recovery.GatewayOptions{Strict: options.StrictRecovery, Manual: options.Manual})
	r.reserves, r.settles = newGroups(r.answerReserves), newGroups(r.answerSettles)
	return r
}

func (o Options) withDefaults() Options {
	if o.Prefix == "" {
		o.Prefix = "bursar"
	}
	if o.Timeout == 0 {
		o.Timeout = time.Second
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
func (r *Engine) Ping(ctx context.Context) error { return r.conn.Ping(ctx) }

// Close stops the background work, drains what this gateway settled and disconnects.
func (r *Engine) Close() error {
	r.reserves.close()
	r.settles.close()
	r.stop()
	r.done.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := errors.Join(r.recovery.PayAll(ctx), r.drainOwn(ctx), r.gateways.Leave(ctx), r.streams.Close())
	return errors.Join(err, r.conn.Close())
}
