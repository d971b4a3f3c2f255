package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
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

Stop it with SIGTERM or Ctrl-C: it takes no new requests and lets running ones end.`
}

// gcPercent lets garbage grow to one and a half times what is in use before it is collected, unless GOGC says
// otherwise: a gateway holds little and makes much, and collecting was a tenth of what one under load computed.
// More would cost more memory than it is worth. With Redis more is in use, the settlements of the last ten seconds, and it is a third of that.
const (
	gcPercent          = 150
	gcPercentWithRedis = 50
)

// Run serves until ctx ends.
func (c serveCommand) Run(ctx context.Context) (err error) {
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
	lines := newLogBuffer(os.Stdout)
	defer func() { err = errors.Join(err, lines.Flush()) }()
	logger := slog.New(slog.NewJSONHandler(lines, nil))
	gateway, err := app.New(ctx, app.Options{Config: settings, Logger: logger, Version: version})
	if err != nil {
		return err
	}
	// What starting took is of no more use; pools give it back with the second collection.
	runtime.GC()
	debug.FreeOSMemory()
	return gateway.Run(ctx)
}
