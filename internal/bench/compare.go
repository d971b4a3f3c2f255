package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// target is one way to reach the upstream.
type target struct {
	name string
	addr string
	// pid is the process whose cost is counted, 0 when it has none of its own.
	pid     int
	request request

	rounds []round
	// peakBytes is the most memory the process has held.
	peakBytes int64
}

// round is what one target did in one round.
type round struct {
	perSecond float64
	// cpu is the time that the process computed for one request.
	cpu                    time.Duration
	p50, p99               time.Duration
	firstByte, firstByte99 time.Duration
}

// compare asks all targets in turn, round by round, and prints what came of it.
func compare(ctx context.Context, program string, p plan) (err error) {
	s, err := openStage(ctx, program)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	fmt.Printf("%d rounds, %d connections, then %d requests/s, then %d streams, each target in turn\n",
		p.rounds, p.connections, p.rate, p.streams)
	for n := range p.rounds + 1 {
		for _, t := range s.targets {
			if !strings.Contains(t.name, p.only) {
				continue
			}
			if err := t.measure(ctx, p, n > 0); err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
		}
		if n > 0 {
			fmt.Fprintf(os.Stderr, "round %d of %d\n", n, p.rounds)
		}
	}
	if p.only != "" {
		return nil
	}
	printTable(os.Stdout, s.targets)
	return nil
}

// measure asks one target; the first round only warms it up.
func (t *target) measure(ctx context.Context, p plan, counts bool) error {
	var r round
	before := cpuTime(t.pid)
	busy, err := t.request.saturate(ctx, t.addr, p.connections, p.load)
	if err != nil {
		return fmt.Errorf("under full load: %w", err)
	}
	r.perSecond = float64(len(busy.latencies)) / busy.took.Seconds()
	if t.pid != 0 && len(busy.latencies) > 0 {
		r.cpu = (cpuTime(t.pid) - before) / time.Duration(len(busy.latencies))
	}
	if p.only != "" {
		fmt.Printf("%s: %.0f requests/s, %d us of CPU a request\n", t.name, r.perSecond, r.cpu.Microseconds())
		return nil
	}
	paced, err := t.request.pace(ctx, t.addr, p.connections, p.rate, p.paced)
	if err != nil {
		return fmt.Errorf("at a fixed rate: %w", err)
	}
	r.p50, r.p99 = paced.quantile(0.50), paced.quantile(0.99)
	streamed, err := t.request.streams(ctx, t.addr, p.streams)
	if err != nil {
		return fmt.Errorf("streaming: %w", err)
	}
	r.firstByte, r.firstByte99 = streamed.quantile(0.50), streamed.quantile(0.99)
	t.peakBytes = peakMemory(t.pid)
	if counts {
		t.rounds = append(t.rounds, r)
	}
	return nil
}
