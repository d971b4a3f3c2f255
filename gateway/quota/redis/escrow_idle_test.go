package redis_test

import (
	"errors"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Nobody waits for what lies idle: it goes back by itself.
func TestEscrow_idleAllowancesGoBack(t *testing.T) {
	b := newPotBench(t, 1, 1000*money.USD, nil)
	for _, team := range potTeams {
		b.spend(b.engines[0], team, money.USD)
	}
	used := money.Nano(len(potTeams)) * money.USD
	b.drain(b.engines[0])
	if got := b.granted(); got <= used {
		t.Errorf("granted is %s, what is used by the minute was taken back", got)
	}
	b.clock.Advance(time.Minute)
	b.drain(b.engines[0])
	if got := b.granted(); got != used {
		t.Errorf("granted is %s, want what was spent, %s", got, used)
	}
}

// A gateway dies between the home's grant and the slot that it was for, and that slot asks no more: what was granted goes
// back by itself.
func TestEscrow_whatADeadGatewayFetchedGoesBack(t *testing.T) {
	for name, slotHasUsedAll := range map[string]bool{"to a slot with allowance left": false, "to a slot without": true} {
		t.Run(name, func(t *testing.T) {
			b := newPotBench(t, 1, 1000*money.USD, nil)
			dying, dead, died := false, false, errors.New("the gateway dies")
			mortal := b.open(func(options *redis.Options) {
				redis.BeforeStepForTest(options, func(step string) error {
					if dead = dead || dying && step == "accept"; dead {
						return died
					}
					return nil
				})
			})
			survivor, spent := b.engines[0], 2*money.USD
			for _, team := range potTeams[:2] {
				b.spend(survivor, team, money.USD)
			}
			if slotHasUsedAll {
				b.clock.Advance(time.Minute)
				for range 2 { // the slot gives back what it has left
					b.drain(survivor)
				}
			}
			dying = true
			if _, err := mortal.Reserve(t.Context(), b.request(potTeams[0], 400*money.USD)); !errors.Is(err, died) {
				t.Fatalf("reserve of a gateway that dies: %v", err)
			}
			if got := b.granted(); got < 400*money.USD {
				t.Fatalf("granted is %s, the home was not asked", got)
			}
			b.clock.Advance(time.Minute)
			for range 3 { // of sweeps there is one every ten seconds
				b.drain(survivor)
			}
			if got := b.granted(); got != spent {
				t.Errorf("granted is %s, want what was spent, %s", got, spent)
			}
			b.spend(survivor, potTeams[1], 998*money.USD)
			b.refused(survivor, potTeams[0], 1)
			b.want(survivor, 1000*money.USD, 0)
		})
	}
}

func (b *potBench) drain(engine *redis.Engine) {
	b.t.Helper()
	if err := engine.Drain(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

// granted is what the home has granted to all slots, or what they have spent where that is more.
func (b *potBench) granted() money.Nano {
	b.t.Helper()
	n, err := b.client.HGet(b.t.Context(), b.home(), "G").Int64()
	if err != nil {
		b.t.Fatal(err)
	}
	return money.Nano(n)
}
