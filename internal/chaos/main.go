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
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// shortest is a run in which every fault happens once.
const shortest = 2 * time.Minute

func main() {
	minutes := flag.Float64("minutes", 5, "how long to keep breaking things")
	flag.Parse()
	length := time.Duration(*minutes * float64(time.Minute))
	os.Exit(testenv.MainPostgres(program{max(length, shortest)}))
}

// program is one run, in the form that lets testenv end PostgreSQL after it.
type program struct{ length time.Duration }

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
	s, err := startStage(ctx, out)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
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
