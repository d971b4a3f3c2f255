// Package wire is the way to Redis: one server, the master that Sentinel names, or a Redis Cluster.
//
// It promises that every trip ends in time, that a server which does not answer costs its callers nothing until it is
// back, and that the scripts of many callers go in one trip. It must never know what a script does.
package wire

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis/script"
)

// Attempts is how often a call is repeated to fill counters and to restore what was lost: once
// each, and again when a period starts or something is settled meanwhile.
const Attempts = 8

// Options adjust a [Conn].
type Options struct {
	// Timeout bounds one trip, waiting for a connection included.
	Timeout time.Duration
	// Strict refuses a server that may lose counters; otherwise logger is warned.
	Strict bool
	Logger *slog.Logger
	// Prefix starts every key.
	Prefix string
	// Rewrite, when not nil, puts bugs into the scripts, for tests.
	Rewrite func(script string) string
	// Now replaces the clock of Redis, for tests.
	Now func() time.Time
	// Dial replaces how the servers of a Cluster are connected to, for tests.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Conn is the way to one Redis server, to the master that Sentinel names, or to a Redis Cluster.
type Conn struct {
	Client goredis.UniversalClient
	// cluster is the client when it speaks to a Redis Cluster, else nil.
	cluster *goredis.ClusterClient
	// scripter sends the scripts. Those of many calls go together, but not to a Cluster: a server that
	// does not answer would hold up what is meant for the others.
	scripter goredis.Scripter
	batch    *batch
	Breaker  Breaker
	nodes    nodeBreakers
	Options  Options

	// Keys are those that the scripts make, and Scripts what can be called.
	Keys    script.Keys
	Scripts script.Set
}

// Open connects and checks that the servers can keep counters. Errors never hold the address, which may hold a password.
func Open(ctx context.Context, url string, options Options) (*Conn, error) {
	client, err := newClient(url, options)
	if err != nil {
		return nil, err
	}
	if err := preflight(ctx, client, options); err != nil {
		_ = client.Close()
		return nil, err
	}
	c := &Conn{Client: client, scripter: client, batch: newBatch(client, 2*options.Timeout), Options: options}
	c.cluster, _ = client.(*goredis.ClusterClient)
	if c.cluster == nil {
		c.scripter = c.batch
	}
	c.Keys = script.Keys{Prefix: options.Prefix, Clustered: c.Clustered()}
	c.Scripts = script.New(c.Clustered(), options.Rewrite)
	c.Breaker.Succeeded(time.Now())
	return c, nil
}

// Clustered says whether the counters are on several servers.
func (c *Conn) Clustered() bool { return c.cluster != nil }

// Close disconnects. Who calls later is told that the client is closed.
func (c *Conn) Close() error {
	c.batch.close()
	return c.Client.Close()
}

// Ping says whether every server answers.
func (c *Conn) Ping(ctx context.Context) error {
	bounded, cancel := c.Deadline(ctx)
	defer cancel()
	return c.Noted(ctx, c.eachMaster(bounded, func(ctx context.Context, client goredis.Cmdable) error {
		return client.Ping(ctx).Err()
	}))
}

// Call runs one script and reads its answer.
func (c *Conn) Call(ctx context.Context, step *goredis.Script, key string, args []any) (*script.Reply, error) {
	breaker := c.BreakerOf(ctx, key)
	if !breaker.Allows(time.Now()) {
		return nil, ErrOpen
	}
	bounded, cancel := c.Deadline(ctx)
	defer cancel()
	values, err := step.Run(bounded, c.scripter, []string{key}, args...).Slice()
	if err := c.NotedBy(ctx, breaker, err); err != nil {
		return nil, err
	}
	return script.NewReply(values), nil
}

// CallInt is call for scripts that answer one integer.
func (c *Conn) CallInt(ctx context.Context, step *goredis.Script, key string, args []any) (int64, error) {
	breaker := c.BreakerOf(ctx, key)
	if !breaker.Allows(time.Now()) {
		return 0, ErrOpen
	}
	bounded, cancel := c.Deadline(ctx)
	defer cancel()
	n, err := step.Run(bounded, c.scripter, []string{key}, args...).Int64()
	return n, c.NotedBy(ctx, breaker, err)
}

// Deadline bounds a call together with the driver's second try. Trying again is
// harmless: every step is recognised by its id.
func (c *Conn) Deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, 2*c.Options.Timeout)
}

// Noted turns the driver's errors into [quota.ErrUnavailable] and remembers whether Redis answered.
func (c *Conn) Noted(ctx context.Context, err error) error { return c.NotedBy(ctx, &c.Breaker, err) }

// NotedBy is Noted for the server that the breaker belongs to.
func (c *Conn) NotedBy(ctx context.Context, breaker *Breaker, err error) error {
	if err == nil {
		breaker.Succeeded(time.Now())
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	breaker.Failed(time.Now())
	if c.cluster != nil {
		c.cluster.ReloadState(ctx) // a slot may have a new master
	}
	return fmt.Errorf("%w: %w", quota.ErrUnavailable, err)
}

// Clock is what scripts take as the time: nothing, so that Redis decides, or the test's clock.
func (c *Conn) Clock() string {
	if c.Options.Now == nil {
		return ""
	}
	return fmt.Sprint(c.Options.Now().UnixMicro())
}

// Now is the engine's time as this process reads it; it only decides which figures to show.
func (c *Conn) Now() time.Time {
	if c.Options.Now != nil {
		return c.Options.Now()
	}
	return time.Now()
}

// CallGroup runs a script for a group. It is bounded by itself: a caller that leaves takes nobody along.
func (c *Conn) CallGroup(breaker *Breaker, step *goredis.Script, key string, args []any, calls int) (*script.Reply, error) {
	background := context.Background()
	bounded, cancel := c.Deadline(background)
	defer cancel()
	values, err := step.Run(bounded, c.scripter, []string{key}, args...).Slice()
	if err = c.NotedBy(background, breaker, err); err != nil {
		for range calls - 1 { // each of them has waited in vain
			breaker.Failed(time.Now())
		}
		return nil, err
	}
	return script.NewReply(values), nil
}
