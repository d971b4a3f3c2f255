package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/trace"
)

// serveCommand runs the gateway until it is told to stop.
type serveCommand struct {
	Config string `help:"Path of gateway.yaml. Without it the environment alone configures the gateway." type:"path" env:"BURSAR_CONFIG"`
}

// Help explains what the flags alone do not.
func (serveCommand) Help() string {
	return `Settings come from the file and from the environment, which wins:
  BURSAR_ADMIN_KEY     opens the admin API (required)
  BURSAR_LISTEN        host and port, 127.0.0.1:4000
  BURSAR_DATA_DIR      embedded stores and generated secret key, ./data
  BURSAR_DATABASE_URL  postgres://…, else SQLite in the data directory
  BURSAR_REDIS_URL     redis://…, else counters in this process
  BURSAR_SECRET_KEY    encrypts stored secrets; required with PostgreSQL

Each of them with _FILE behind it, such as BURSAR_ADMIN_KEY_FILE, names a file that holds the value instead; so may the
variables that stand as ${NAME} in the file.

SIGTERM stops it: readiness says no, for drain_delay (5s, BURSAR_DRAIN_DELAY) it goes on to take calls, then it lets
running ones end. Ctrl-C, or a second SIGTERM, does not wait for load balancers.
SIGHUP reads the file again: models, prices, teams, budgets, alert routes and workloads. What needs a restart is said in the log;
a file that cannot be used changes nothing.`
}

// gcPercent lets garbage grow to one and a half times what is in use before it is collected, unless GOGC says
// otherwise: a gateway holds little and makes much, and collecting was a tenth of what one under load computed.
// More would cost more memory than it is worth. With Redis more is in use, the settlements of the last ten seconds, and it is a third of that.
const (
	gcPercent          = 150
	gcPercentWithRedis = 50
)

// settled is how long after a start its last pieces have run: what is kept in step in the background has been once.
const settled = 10 * time.Second

// Run serves until ctx ends.
func (c serveCommand) Run(ctx context.Context) error { return c.serve(ctx, os.Stdout) }

func (c serveCommand) serve(ctx context.Context, out io.Writer) (err error) {
	hangUp := make(chan os.Signal, 1)
	signal.Notify(hangUp, syscall.SIGHUP) // from the beginning: it must never end the program
	defer signal.Stop(hangUp)
	releaseProgram() // packages that only other commands use were initialized too
	settings, err := config.Load(c.Config, os.Getenv)
	if err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		percent := gcPercent
		if settings.RedisURL != "" {
			percent = gcPercentWithRedis
		}
		debug.SetGCPercent(percent)
	}
	lines := newLogBuffer(out)
	defer func() { err = errors.Join(err, lines.Flush()) }()
	logger := newLogger(lines, person(out))
	tracer, err := trace.Open(ctx, os.Getenv, version, logger)
	if err != nil {
		return err
	}
	gateway, err := app.New(ctx, app.Options{Config: settings, Logger: logger, Version: version, Tracer: tracer})
	if err != nil {
		return err
	}
	// What starting took is of no more use; pools give it back with the second collection.
	runtime.GC()
	debug.FreeOSMemory()
	releaseProgram()
	hurry, stop := whenHurried(ctx)
	defer stop()
	var reloading sync.WaitGroup
	defer reloading.Wait()
	ctx, end := context.WithCancel(ctx)
	defer end()
	systemd := supervisor{logger}
	reloading.Go(func() { c.reload(ctx, gateway, hangUp, systemd) })
	defer context.AfterFunc(ctx, systemd.stopping)()
	if person(out) {
		if err := greet(out, gateway.URL(), gateway.AdminURL(), settings); err != nil {
			return errors.Join(err, gateway.Stop(ctx))
		}
	}
	defer time.AfterFunc(settled, releaseProgram).Stop()
	systemd.ready() // the listener is bound: calls that come now are answered
	return gateway.Run(ctx, hurry)
}

// reload reads the configuration again for every signal, until ctx ends. What cannot be used changes nothing.
func (c serveCommand) reload(ctx context.Context, gateway *app.App, hangUp <-chan os.Signal, systemd supervisor) {
	for {
		select {
		case <-hangUp:
		case <-ctx.Done():
			return
		}
		systemd.reloading()
		settings, err := config.Load(c.Config, os.Getenv)
		if err == nil {
			err = gateway.Reload(ctx, settings)
		}
		systemd.ready()
		if err != nil {
			systemd.logger.Error("the configuration was not read again; the gateway goes on with what it has", slog.String("error", err.Error()))
		}
	}
}

// whenHurried ends with Ctrl-C, which somebody waits for, and with whatever tells to stop a second time.
func whenHurried(ctx context.Context) (context.Context, context.CancelFunc) {
	hurry, stop := context.WithCancel(context.WithoutCancel(ctx))
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		defer signal.Stop(signals)
		for told := 0; told < 2; told++ {
			select {
			case got := <-signals:
				if got == os.Interrupt {
					told++
				}
			case <-hurry.Done():
				return
			}
		}
		stop()
	}()
	return hurry, stop
}
