// Command chaos runs several real gateways under load, breaks what they stand on, and counts
// what became of every single call.
//
// It promises to judge by what clients, the model server and the ledger say, to print the
// figures behind its judgement, and to exit with 1 when a promise was broken. Everything it
// starts listens on loopback and ends with it. It must never know the gateway but as the
// program in bin/, its admin API, its ledger and, to see that nothing is left, its counters.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// whole is the shortest run in which every fault happens once. A shorter one has those that are over soon.
const whole = 3 * time.Minute

func main() {
	minutes := flag.Float64("minutes", 5, "how long to keep breaking things; below 3 only the faults that are over soon")
	seed := flag.Uint64("seed", 0, "which run: the order of the faults and what callers do; 0 is another one each time")
	flag.Parse()
	if *seed == 0 {
		*seed = rand.Uint64N(1_000_000) + 1
	}
	os.Exit(testenv.MainPostgres(program{length: time.Duration(*minutes * float64(time.Minute)), seed: *seed}))
}

// program is one run, in the form that lets testenv end PostgreSQL after it.
type program struct {
	length time.Duration
	seed   uint64
}

// Run returns the exit code: 0 all promises were kept, 1 one was broken or the run failed, 130 interrupted.
func (p program) Run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	broken, err := p.run(ctx)
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "\nStopped; everything that was started is gone.")
		return 130
	case err != nil:
		fmt.Fprintln(os.Stderr, "\nThe run failed:", err)
		return 1
	case broken > 0:
		return 1
	}
	return 0
}

func (p program) run(ctx context.Context) (broken int, err error) {
	out := newNarrator(os.Stdout)
	out.say("Seed %d; make chaos SEED=%d does the same things in the same order.", p.seed, p.seed)
	s, err := startStage(ctx, out)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	s.seed = p.seed
	if err := s.declare(ctx); err != nil {
		return 0, err
	}
	if err := s.play(ctx, p.length); err != nil {
		return 0, err
	}
	findings, err := s.judge(ctx)
	if err != nil {
		return 0, err
	}
	return findings.print(out), nil
}
