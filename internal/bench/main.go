// Command bench compares the gateway with what it costs to go without it: the upstream asked directly, and
// a Go reverse proxy that does nothing else.
//
// It promises that all targets are asked in turn within one run, so that the machine's mood is everybody's,
// that every answer is checked, and that it only prints: being slow is no failure. It must never know how
// the gateway works inside.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

// The roles that this program plays in processes of their own.
const (
	roleUpstream     = "upstream"
	roleSlowUpstream = "slow-upstream"
	roleProxy        = "reverse-proxy"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "make bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 2 && args[0] == roleUpstream {
		return serveUpstream(args[1])
	}
	if len(args) == 4 && args[0] == roleSlowUpstream {
		return serveSlowUpstream(args[1], args[2], args[3])
	}
	if len(args) == 3 && args[0] == roleProxy {
		return serveReverseProxy(args[1], args[2])
	}
	if len(args) != 1 {
		return errors.New("usage: bench PATH_OF_BURSAR")
	}
	plan, err := planFromEnvironment()
	if err != nil {
		return err
	}
	return compare(ctx, args[0], plan)
}

// plan says how much is measured.
type plan struct {
	rounds      int
	connections int
	// load is how long a round keeps all connections busy, paced how long it keeps to a rate.
	load, paced time.Duration
	// rate is in requests per second over all connections, streams the same of streamed answers.
	rate, streams int
	// slow is how many connections ask the provider that takes its time; 0 leaves it out.
	slow int
	// calls and keys are what the gateway with a filled record has behind it; without calls there is none.
	calls, keys int
	// only, when set, names the target that is put under full load and nothing else, for a profiler's sake.
	only string
}

// most is the largest number that a plan may have.
const most = 10_000_000

func planFromEnvironment() (plan, error) {
	p := plan{rounds: 5, connections: 64, load: 2 * time.Second, paced: 2 * time.Second, rate: 1000, streams: 200, slow: 1000, only: os.Getenv("BENCH_TARGET")}
	for name, target := range map[string]*int{
		"BENCH_ROUNDS": &p.rounds, "BENCH_CONNECTIONS": &p.connections, "BENCH_RATE": &p.rate, "BENCH_STREAMS": &p.streams,
		"BENCH_SLOW": &p.slow, "BENCH_FILL_CALLS": &p.calls, "BENCH_FILL_KEYS": &p.keys,
	} {
		value := os.Getenv(name)
		if value == "" {
			continue
		}
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > most {
			return p, fmt.Errorf("%s is %q; it must be a whole number from 1 to %d", name, value, most)
		}
		*target = n
	}
	return p, nil
}
