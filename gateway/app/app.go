// Package app is the gateway as a whole: it makes the parts, joins them and runs them.
//
// It promises that what New returned can be started, served and stopped in any program, tests
// included, that nothing is lost by Stop, and that a store that cannot be reached is named before
// the first request. It must never decide anything that one of the parts could decide.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/trace"
)

// Options are what a gateway is made of.
type Options struct {
	Config config.Config
	// Logger gets one line per request and what operators should know; nil is slog.Default.
	Logger *slog.Logger
	// Version is answered by health checks and in the User-Agent of alerts.
	Version string
	// Now is the gateway's clock, which finds the periods of budgets; nil is time.Now.
	Now func() time.Time
	// Tracer traces calls; nil does not. It is closed with the gateway.
	Tracer *trace.Tracer
	// CounterNow replaces the clock of the counters, for tests; nil is Redis' own, or this machine's.
	CounterNow func() time.Time
}

// App is a gateway.
type App struct {
	options Options
	parts   *parts
	// doors are the models', and that of the admin API if it has one of its own.
	doors   []*door
	serving sync.WaitGroup
	failed  chan error
	// background runs from Start to the end of Stop.
	background context.Context
	quiet      context.CancelFunc
	// draining: it was told to stop and still takes calls.
	draining atomic.Bool
	traffic  traffic
	// reloading is held by the one that reads the configuration again.
	reloading sync.Mutex
}

const (
	// cutTimeout is how long calls that are cut off may take to be settled and to tell their clients.
	cutTimeout = 15 * time.Second
	// closeTimeout is how long writing what is left may take.
	closeTimeout      = 30 * time.Second
	readHeaderTimeout = 5 * time.Second
	// requestTimeout is how long a client may take to send its request, key or no key: without it, slow
	// bodies would hold connections for ever. Handlers that answer for longer lift it once they have read.
	requestTimeout = 30 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 16 << 10
)

// New opens the stores, puts the declared objects in place and binds the listener, but serves nothing yet.
// Its errors name the store or the setting at fault, never a secret.
func New(ctx context.Context, options Options) (*App, error) {
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	for _, warning := range options.Config.Warnings {
		options.Logger.Warn(warning)
	}
	if err := os.MkdirAll(options.Config.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	parts, err := assemble(ctx, options)
	if err != nil {
		return nil, err
	}
	doors, err := openDoors(ctx, options.Config, options.Logger)
	if err != nil {
		return nil, errors.Join(err, parts.close(ctx))
	}
	a := &App{options: options, parts: parts, doors: doors, failed: make(chan error, len(doors))}
	a.background, a.quiet = context.WithCancel(context.WithoutCancel(ctx))
	for i, handler := range a.handlers() {
		doors[i].serve(handler, options.Logger)
	}
	return a, nil
}

// Addr is the address that the gateway listens on, with the port it was given.
func (a *App) Addr() string { return a.doors[0].listener.Addr().String() }

// URL is the address as clients use it.
func (a *App) URL() string { return a.doors[0].url() }

// AdminURL is the address of the admin API, which may be a door of its own.
func (a *App) AdminURL() string { return a.doors[len(a.doors)-1].url() }

// Start begins to serve.
func (a *App) Start() { a.start(append(a.parts.background(), a.parts.tellers()...)) }

// start is Start with the loops that run along with the servers.
func (a *App) start(loops []func(context.Context)) {
	for _, run := range loops {
		a.serving.Go(func() { run(a.background) })
	}
	for _, d := range a.doors {
		a.serving.Go(func() {
			err := d.server.Serve(d.listener)
			if !errors.Is(err, http.ErrServerClosed) && !a.draining.Load() {
				a.failed <- fmt.Errorf("serve: %w", err)
			}
		})
	}
	a.options.Logger.Info("serving", slog.String("address", a.Addr()), slog.String("admin_url", a.AdminURL()), slog.String("version", a.options.Version),
		slog.String("record", a.parts.store.Kind()), slog.String("counters", a.parts.counters))
}

// Stop takes no new requests, lets running ones end within the drain timeout, settles those that do not at what is
// known of them, writes what is left to write and closes the stores. A second Stop does nothing.
func (a *App) Stop(ctx context.Context) error {
	return a.stop(ctx, time.Now().Add(a.options.Config.DrainTimeout))
}

// stop is Stop with the time at which calls that have not ended are cut off.
func (a *App) stop(ctx context.Context, cutOff time.Time) error {
	ctx = context.WithoutCancel(ctx)
	err := a.endCalls(ctx, cutOff)
	closeDoors(a.doors) // for a gateway that was never started; else the servers have done so
	a.quiet()
	a.serving.Wait()
	closing, done := context.WithTimeout(ctx, closeTimeout)
	defer done()
	return errors.Join(err, a.parts.close(closing))
}

// endCalls returns when no call is under way any more.
func (a *App) endCalls(ctx context.Context, cutOff time.Time) error {
	ending, cancel := context.WithDeadline(ctx, cutOff)
	defer cancel()
	err := a.shutdown(ending)
	if !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	cutting, done := context.WithTimeout(ctx, cutTimeout)
	defer done()
	calls, err := a.parts.proxy.Cut(cutting)
	a.options.Logger.Warn("calls were cut off after the drain timeout and settled at what is known of them",
		slog.Int64("timeout_ms", a.options.Config.DrainTimeout.Milliseconds()), slog.Int("calls", calls))
	if err == nil {
		err = a.shutdown(cutting) // until their clients have been told
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.Join(err, a.closeServers())
	}
	return err
}

// Run serves until ctx ends or serving fails, and stops. Between the two it goes on to serve until balancers
// have had the time to send their calls elsewhere, or until hurry ends.
func (a *App) Run(ctx, hurry context.Context) error {
	a.Start()
	select {
	case <-ctx.Done():
		cutOff := a.drain(hurry)
		a.options.Logger.Info("stopping")
		return a.stop(ctx, cutOff)
	case failure := <-a.failed:
		return errors.Join(failure, a.Stop(ctx))
	}
}
