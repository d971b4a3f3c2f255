package redis_test

import (
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// A watched pot lets slots spend beyond its limit. When it begins to refuse, what another slot has left of an allowance
// from before is spent as well, and everybody is refused at once.
func TestEscrow_refusesEverybodyWhenAWatchedPotIsEnforced(t *testing.T) {
	b := newPotBench(t, 2, 1000*money.USD, nil)
	b.from = b.clock.Now().Add(10 * time.Second)
	b.spend(b.engines[0], "marketing", money.USD) // is granted more than that
	b.spend(b.engines[1], "research", 900*money.USD)
	request, decision := b.reserve(b.engines[1], "research", 200*money.USD)
	if !decision.Admitted || len(decision.WouldRefuse) != 1 {
		t.Fatalf("beyond the limit of a watched pot: %+v, want it admitted and told that it would be refused", decision)
	}
	b.settle(b.engines[1], request, 200*money.USD)

	b.clock.Advance(10 * time.Second)
	for _, team := range []string{"marketing", "research", "product"} {
		if _, decision := b.reserve(b.engines[0], team, money.USD); decision.Admitted {
			t.Errorf("%s spends from a pot that is spent, as it begins to refuse", team)
		}
	}
}
