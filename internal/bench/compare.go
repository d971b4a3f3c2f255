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
	// pid is the process whose cost is counted, 0 when it has none of its own, and redis that of its counters.
	pid, redis int
	// slow: it leads to the provider that takes its time.
	slow    bool
	request request

	rounds []round
	// peakBytes is the most memory the process has held.
	peakBytes int64
}

// round is what one target did in one round.
type round struct {
	perSecond float64
	// busy is what one request cost under full load, paced at the fixed rate, and streamed what a stream did.
	busy, paced, streamed cost
	p50, p99              time.Duration
	firstByte             time.Duration
}

// cost is what was computed for one request: by the target, by its Redis, and by load generator and upstream together.
type cost struct{ target, redis, around time.Duration }

// compare asks all targets in turn, round by round, and prints what came of it.
func compare(ctx context.Context, program string, p plan) (err error) {
	s, err := openStage(ctx, program, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	fmt.Printf("%d rounds, %d connections, then %d requests/s, then %d streams/s, each target in turn\n",
		p.rounds, p.connections, p.rate, p.streams)
	for n := range p.rounds + 1 {
		for _, t := range s.targets {
			if !strings.Contains(t.name, p.only) {
				continue
			}
			if err := s.measure(ctx, t, p, n > 0); err != nil {
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
	printTables(os.Stdout, s.targets, p)
	return nil
}

// measure asks one target; the first round only warms it up.
func (s *stage) measure(ctx context.Context, t *target, p plan, counts bool) (err error) {
	var r round
	connections := p.connections
	if t.slow {
		connections = p.slow
	}
	var busy sample
	r.busy, err = s.costOf(t, func() (sample, error) {
		busy, err = t.request.saturate(ctx, t.addr, connections, p.load)
		return busy, err
	})
	if err != nil {
		return fmt.Errorf("under full load: %w", err)
	}
	r.perSecond = float64(len(busy.latencies)) / busy.took.Seconds()
	if p.only != "" {
		fmt.Printf("%s: %.0f requests/s, %d us of CPU a request\n", t.name, r.perSecond, r.busy.target.Microseconds())
		return nil
	}
	if !t.slow {
		if err := s.measurePaced(ctx, t, p, &r); err != nil {
			return err
		}
	}
	t.peakBytes = peakMemory(t.pid)
	if counts {
		t.rounds = append(t.rounds, r)
	}
	return nil
}

// measurePaced asks at fixed rates, for plain and for streamed answers.
func (s *stage) measurePaced(ctx context.Context, t *target, p plan, r *round) (err error) {
	r.paced, err = s.costOf(t, func() (sample, error) {
		paced, err := t.request.pace(ctx, t.addr, p.connections, p.rate, p.paced)
		r.p50, r.p99 = paced.quantile(0.50), paced.quantile(0.99)
		return paced, err
	})
	if err != nil {
		return fmt.Errorf("at a fixed rate: %w", err)
	}
	r.streamed, err = s.costOf(t, func() (sample, error) {
		streamed, err := t.request.streams(ctx, t.addr, p.connections, p.streams, p.paced)
		r.firstByte = streamed.quantile(0.50)
		return streamed, err
	})
	if err != nil {
		return fmt.Errorf("streaming: %w", err)
	}
	return nil
}

// costOf loads a target and says what that cost for each answer.
func (s *stage) costOf(t *target, load func() (sample, error)) (c cost, err error) {
	target, redis, around := cpuTime(t.pid), cpuTime(t.redis), s.around()
	done, err := load()
	if n := time.Duration(len(done.latencies)); err == nil && n > 0 {
		c = cost{(cpuTime(t.pid) - target) / n, (cpuTime(t.redis) - redis) / n, (s.around() - around) / n}
	}
	return c, err
}

// around is what load generator and upstream have computed so far.
func (s *stage) around() time.Duration { return cpuTime(os.Getpid()) + cpuTime(s.upstream) }
