package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
)

// fault is something that was done to the stage.
type fault struct {
	kind faultKind
	at   time.Time
	// until is when the stage was whole again.
	until time.Time
	// gateway is the one it was done to, -1 all.
	gateway int
	// losesFrom is when Redis began to lose what it had counted; zero when nothing was lost.
	losesFrom time.Time
}

type faultKind string

const (
	gatewayKilled  faultKind = "gateway killed"
	answersLost    faultKind = "answers lost"
	redisKilled    faultKind = "Redis killed"
	gatewayCutOff  faultKind = "gateway cut off"
	redisEmptied   faultKind = "Redis emptied"
	laggedPromoted faultKind = "lagging replica promoted"
	redisPaused    faultKind = "Redis paused again and again"
	gatewayStopped faultKind = "gateway stopped under calls"
	recordAway     faultKind = "record away, Redis emptied"
	diskFull       faultKind = "disk full"
)

// act is one kind of fault: how it is done, and how long the stage then needs to be calm.
type act struct {
	kind faultKind
	do   func(*stage, context.Context) error
	calm time.Duration
}

const (
	// releaseCalm is how long a killed gateway's reservations may be held, and a bit.
	releaseCalm = 18 * time.Second
	// reaperCalm is how long Redis has to have answered before reservations expire, and a bit.
	reaperCalm = 22 * time.Second
	shortCalm  = 5 * time.Second
	// raiseEvery is how soon the caps are raised while the stage is calm.
	raiseEvery = 5 * time.Second
)

// acts are done in turn. Gateways are killed after a calm: while Redis is away nothing expires, which is
// right, and would hide how soon reservations are released.
var acts = []act{
	{gatewayKilled, (*stage).killGateway, time.Second},
	{gatewayKilled, (*stage).killGateway, releaseCalm},
	{answersLost, (*stage).loseAnswers, shortCalm},
	{redisKilled, (*stage).killRedis, shortCalm},
	{gatewayCutOff, (*stage).cutOff, shortCalm},
	{redisEmptied, (*stage).emptyRedis, shortCalm},
	{laggedPromoted, (*stage).promoteLagging, reaperCalm},
	{redisPaused, (*stage).pauseRedis, shortCalm},
	{gatewayStopped, (*stage).stopGateway, shortCalm},
	{recordAway, (*stage).loseRecord, shortCalm},
	{diskFull, (*stage).fillDisk, time.Second},
}

// shortActs are those of a run that is too short for all: after them nobody has to be waited for.
var shortActs = []act{
	{redisPaused, (*stage).pauseRedis, shortCalm},
	{gatewayStopped, (*stage).stopGateway, shortCalm},
	{recordAway, (*stage).loseRecord, shortCalm},
	{answersLost, (*stage).loseAnswers, time.Second},
	{diskFull, (*stage).fillDisk, time.Second},
}

// order is that of the faults in this run: the first two belong together, the others come as the seed says.
func order(length time.Duration, seed uint64) []act {
	turns, fixed := slices.Clone(shortActs), 0
	if length >= whole {
		turns, fixed = slices.Clone(acts), 2
	}
	rand.New(rand.NewPCG(seed, 1)).Shuffle(len(turns)-fixed, func(i, j int) {
		turns[fixed+i], turns[fixed+j] = turns[fixed+j], turns[fixed+i]
	})
	return turns
}

// play runs the load and breaks things until the time is up.
func (s *stage) play(ctx context.Context, length time.Duration) error {
	loading, end := context.WithCancel(ctx)
	defer end()
	done := make(chan struct{})
	go func() { s.run(loading); close(done) }()
	began, turns, calm, rest := time.Now(), order(length, s.seed), shortCalm, shortCalm
	if length >= whole {
		calm, rest = reaperCalm, releaseCalm // gateways are killed first
	}
	deadline := began.Add(length - rest)
	s.out.say("Callers of %d teams begin; they ignore Retry-After.", len(s.teams))
	pause(ctx, calm)
	var err error
	for turn := 0; err == nil && ctx.Err() == nil && (turn < len(turns) || time.Now().Before(deadline)); turn++ {
		err = s.perform(ctx, turns[turn%len(turns)])
	}
	s.out.say("No more faults; the callers finish what they have begun.")
	end()
	<-done
	s.loaded = time.Since(began)
	return err
}

// perform does one fault, raises the caps, and waits until the stage is calm.
func (s *stage) perform(ctx context.Context, a act) error {
	s.faults = append(s.faults, fault{kind: a.kind, at: time.Now(), gateway: -1})
	if err := a.do(s, ctx); err != nil {
		return fmt.Errorf("%s: %w", a.kind, err)
	}
	s.current().until = time.Now()
	for calm := time.Duration(0); calm < a.calm && ctx.Err() == nil; calm += raiseEvery {
		pause(ctx, min(raiseEvery, a.calm-calm))
		for _, b := range s.budgets() {
			if err := s.raise(ctx, b); err != nil {
				s.out.say("The cap of %s could not be raised for sure: %v", b.name(), err)
			}
		}
	}
	return nil
}

func (s *stage) current() *fault { return &s.faults[len(s.faults)-1] }

// next is another gateway each time.
func (s *stage) next() *gateway { return s.gateways[len(s.faults)%gateways] }

func (s *stage) killGateway(ctx context.Context) error {
	g := s.next()
	s.out.say("kill -9 of gateway %d; it comes back in 3 s.", g.number)
	s.current().gateway = g.number
	g.kill()
	pause(ctx, 3*time.Second)
	return g.start(ctx)
}

// stopGateway ends a gateway as an operator does, under streams that are longer than it waits for them.
func (s *stage) stopGateway(ctx context.Context) error {
	g := s.next()
	s.out.say("SIGTERM to gateway %d, which waits a second for its calls; it comes back in 2 s.", g.number)
	s.current().gateway = g.number
	if err := g.stop(); err != nil {
		return err
	}
	pause(ctx, 2*time.Second)
	return g.start(ctx)
}

func (s *stage) pauseRedis(ctx context.Context) error {
	const times, length = 5, 600 * time.Millisecond
	s.out.say("Redis stops for %s, %d times.", length, times)
	for range times {
		if err := s.bench.attempt(func() {
			resume := s.primary.Pause(s.bench)
			pause(ctx, length)
			resume()
		}); err != nil {
			return err
		}
		pause(ctx, length)
	}
	return nil
}

// loseRecord empties Redis while the ledger lacks what was settled.
func (s *stage) loseRecord(ctx context.Context) error {
	s.out.say("PostgreSQL cannot be reached for 6 s; after 4 of them FLUSHALL.")
	s.recordLink.lead("127.0.0.1:1") // nobody listens there
	pause(ctx, 4*time.Second)
	s.current().losesFrom = time.Now()
	err := s.onRedis(ctx, s.primary, func(client *redis.Client) error { return client.FlushAll(ctx).Err() })
	pause(ctx, 2*time.Second)
	s.recordLink.lead(s.recordAddr)
	return err
}

func (s *stage) loseAnswers(ctx context.Context) error {
	s.out.say("Redis does what it is asked to, but one answer in 20 is lost, for 8 s.")
	for _, g := range s.gateways {
		g.link.lose(20)
	}
	pause(ctx, 8*time.Second)
	lost := 0
	for _, g := range s.gateways {
		lost += g.link.lose(0)
	}
	s.out.say("%d answers were lost.", lost)
	return nil
}

func (s *stage) killRedis(ctx context.Context) error {
	s.out.say("kill -9 of Redis; it comes back from its append-only file in 3 s.")
	s.primary.Kill()
	pause(ctx, 3*time.Second)
	return s.bench.attempt(func() { s.primary.Restart(s.bench) })
}

func (s *stage) cutOff(ctx context.Context) error {
	g := s.next()
	s.out.say("Gateway %d sends to Redis and hears nothing, for 5 s; then everything arrives late.", g.number)
	s.current().gateway = g.number
	g.link.hold()
	pause(ctx, 5*time.Second)
	g.link.release()
	return nil
}

func (s *stage) emptyRedis(ctx context.Context) error {
	s.out.say("FLUSHALL.")
	s.current().losesFrom = time.Now()
	return s.onRedis(ctx, s.primary, func(client *redis.Client) error { return client.FlushAll(ctx).Err() })
}

// promoteLagging loses what Redis acknowledged within a second: the replica does not get it any more, then
// Redis dies, then the replica takes over. Holding the replica's network and not its process makes sure
// that it does not read the rest from its own buffers when it wakes.
func (s *stage) promoteLagging(ctx context.Context) error {
	s.out.say("The replica lags by a second, Redis is killed with -9, the replica is promoted.")
	s.replication.hold()
	s.current().losesFrom = time.Now()
	pause(ctx, time.Second)
	s.primary.Kill()
	s.replication.cut()
	err := s.onRedis(ctx, s.replica, func(client *redis.Client) error { return client.ReplicaOf(ctx, "NO", "ONE").Err() })
	if err != nil {
		return fmt.Errorf("promote the replica: %w", err)
	}
	for _, g := range s.gateways {
		g.link.lead(s.replica.Addr())
	}
	s.primary, s.replica = s.replica, s.primary
	pause(ctx, shortCalm)
	if err := s.bench.attempt(func() { s.replica.Restart(s.bench) }); err != nil {
		return err
	}
	return s.follow(ctx)
}
