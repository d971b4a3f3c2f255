package app_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/quotatest"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// redisClient talks to the installation's Redis past the gateways.
func (i *installation) redisClient() *redis.Client {
	client := redis.NewClient(&redis.Options{Addr: i.redis.Addr()})
	i.t.Cleanup(func() { _ = client.Close() })
	return client
}

// spenders are callers at all gateways that spend until they are told to stop.
type spenders struct {
	*installation
	running sync.WaitGroup
	stop    chan struct{}

	mu     sync.Mutex
	served []outcome
	more   chan struct{}
}

func startSpenders(i *installation, key string, callers int) *spenders {
	s := &spenders{installation: i, stop: make(chan struct{}), more: make(chan struct{})}
	for number := range callers {
		s.running.Go(func() { s.spend(key, number) })
	}
	return s
}

func (s *spenders) spend(key string, number int) {
	random := rand.New(rand.NewPCG(6, uint64(number)))
	for call := 0; ; call++ {
		select {
		case <-s.stop:
			return
		default:
		}
		url := s.gateways[(number+call)%len(s.gateways)].URL()
		o := try(s.t.Context(), url, key, fmt.Sprintf("spender-%d-%d", number, call), chat(1+random.IntN(50), "delay_ms=10"))
		switch {
		case o.served():
			s.note(o)
		case o.status == http.StatusServiceUnavailable:
			<-time.After(20 * time.Millisecond) // as a client does that is told to try again
		default:
			s.t.Errorf("call %s: %d %s %v", o.id, o.status, o.body, o.interrupted)
			return
		}
	}
}

func (s *spenders) note(o outcome) {
	s.mu.Lock()
	s.served = append(s.served, o)
	s.mu.Unlock()
	select {
	case s.more <- struct{}{}:
	default:
	}
}

// awaitMore waits until n more calls were served while somebody waited.
func (s *spenders) awaitMore(n int) {
	s.t.Helper()
	patience := time.After(30 * time.Second)
	for range n {
		select {
		case <-s.more:
		case <-patience:
			s.t.Fatal("no more calls are served")
		}
	}
}

// check stops the callers and wants every answered call in the ledger once, and nothing else than the model server bills.
func (s *spenders) check(team string, others ...string) {
	s.t.Helper()
	close(s.stop)
	s.running.Wait()
	rows := s.awaitLedger(team)
	booked := map[string]int{}
	for _, row := range rows {
		if row.Cost > 0 {
			booked[row.RequestID]++
		}
	}
	lost, doubled := 0, 0
	for _, o := range s.served {
		switch n := booked[o.id]; {
		case n == 0:
			lost++
		case n > 1:
			doubled++
		}
	}
	if lost > 0 || doubled > 0 {
		s.t.Errorf("of %d answered calls %d are not in the ledger and %d are twice", len(s.served), lost, doubled)
	}
	spent := costOf(rows)
	for _, other := range others {
		spent += costOf(s.awaitLedger(other))
	}
	if bill := s.upstream.Billed(); money.Nano(bill.PromptTokens+bill.CompletionTokens)*cent != spent {
		s.t.Errorf("the model server bills %+v, the ledger says %s", bill, spent)
	}
	s.t.Logf("%d calls answered, %d lost, %d doubled, %s spent", len(s.served), lost, doubled, costOf(rows))
}

// Redis is killed as kill -9 does, under load, and comes back with its append-only file.
func TestPromise_T6_killedRedisLosesNoCall(t *testing.T) {
	t.Parallel()
	i := install(t, 3)
	s := startSpenders(i, i.team("marketing", `,"max_budget":100000`), 9)
	for range 3 {
		s.awaitMore(30)
		i.redis.Kill()
		i.redis.Restart(t)
	}
	s.awaitMore(30)
	s.check("marketing")
}

// A replica is stopped, so that it lags. The primary is killed and the replica promoted; gateways find it at the
// address they know. What it had not received is told to it again, before any of it can be spent twice.
func TestPromise_T9_failoverToALaggingReplica(t *testing.T) {
	t.Parallel()
	primary := testenv.StartRedis(t)
	replica := testenv.StartRedis(t, "--replicaof", "127.0.0.1", fmt.Sprint(primary.Port), "--repl-diskless-sync-delay", "0")
	proxy := quotatest.StartProxy(t, primary.Addr())
	i := installAt(t, primary, proxy.Addr(), 0, 0, 0)
	const limit = 60 * money.USD
	s := startSpenders(i, i.team("marketing", `,"max_budget":100000`), 6)
	capped := i.team("capped", `,"max_budget":60`)
	s.awaitMore(40)
	client := i.redisClient()
	await(t, awaitLong, "the replica to be in line", func() bool { return replicaInLine(client) })

	resume := replica.Pause(t)
	before := len(s.answered())
	spree := &spree{half: make(chan struct{}), halfway: 10}
	var capping sync.WaitGroup
	for number := range 6 {
		capping.Go(func() { spree.spend(t, i.gateways[number%3].URL(), capped, number) })
	}
	<-spree.half
	s.awaitMore(30)
	lagged := len(s.answered()) - before
	primary.Kill()
	resume()
	i.redis = replica
	promoted := i.redisClient()
	await(t, awaitLong, "the promotion", func() bool { return promoted.ReplicaOf(t.Context(), "NO", "ONE").Err() == nil })
	proxy.Redirect(replica.Addr())

	s.awaitMore(30)
	capping.Wait()
	spent := costOf(i.awaitLedger("capped"))
	if spent > limit || limit-spent >= mostReserved {
		t.Errorf("%s of %s was spent", spent, limit)
	}
	s.check("marketing", "capped")
	t.Logf("%d calls were answered while the replica lagged; %s of %s spent", lagged, spent, limit)
}

func (s *spenders) answered() []outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.served
}

func replicaInLine(primary *redis.Client) bool {
	acknowledged, err := primary.Wait(context.Background(), 1, time.Second).Result()
	return err == nil && acknowledged == 1
}
