package app_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// Redis is emptied while callers at three gateways spend a budget. The counters come back from the ledger
// and from what the gateways know to be under way; nothing is spent twice or beyond the cap.
func TestPromise_T8_emptiedCountersComeBack(t *testing.T) {
	t.Parallel()
	const limit = 40 * money.USD
	i := install(t, 3)
	key := i.team("marketing", `,"max_budget":40`)
	half := make(chan struct{})
	spree := &spree{halfway: 30, half: half}
	var workers sync.WaitGroup
	for number := range 12 {
		workers.Go(func() { spree.spend(t, i.gateways[number%3].URL(), key, number) })
	}
	select {
	case <-half:
		flush(t, i.redis)
	case <-t.Context().Done():
	}
	workers.Wait()

	rows := i.awaitLedger("marketing")
	booked := map[string]money.Nano{}
	for _, row := range rows {
		booked[row.RequestID] += row.Cost
	}
	for _, o := range spree.served {
		if booked[o.id] == 0 {
			t.Errorf("%s was answered in full and is not in the ledger", o.id)
		}
	}
	spent := costOf(rows)
	if spent > limit {
		t.Errorf("%s of %s was spent", spent, limit)
	}
	if left := limit - spent; left >= mostReserved {
		t.Errorf("%s of %s is left, a call needs no more than %s", left, limit, mostReserved)
	}
	if bill := i.upstream.Billed(); money.Nano(bill.PromptTokens+bill.CompletionTokens)*cent != spent {
		t.Errorf("the model server bills %+v, the ledger says %s", bill, spent)
	}
	t.Logf("%d calls answered, %d refused for a moment, %s of %s spent", len(spree.served), spree.refused, spent, limit)
}

func flush(t *testing.T, server *testenv.RedisServer) {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer client.Close()
	if err := client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
}

// spree is several callers who spend until they are refused for good.
type spree struct {
	mu      sync.Mutex
	served  []outcome
	refused int
	// half is closed when halfway calls were served.
	halfway int
	half    chan struct{}
}

// spend calls until the budget is spent. A refusal that passes, 503, is followed by another try.
func (s *spree) spend(t *testing.T, url, key string, number int) {
	random := rand.New(rand.NewPCG(8, uint64(number)))
	for call := range 10_000 {
		o := try(t.Context(), url, key, fmt.Sprintf("t8-%d-%d", number, call), chat(1+random.IntN(50), "delay_ms=20"))
		switch {
		case o.served():
			s.note(o)
		case o.status == http.StatusForbidden:
			return
		case o.status == http.StatusServiceUnavailable:
			s.mu.Lock()
			s.refused++
			s.mu.Unlock()
		default:
			t.Errorf("call %s: %d %s %v", o.id, o.status, o.body, o.interrupted)
			return
		}
	}
}

func (s *spree) note(o outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.served = append(s.served, o)
	if len(s.served) == s.halfway {
		close(s.half)
	}
}
