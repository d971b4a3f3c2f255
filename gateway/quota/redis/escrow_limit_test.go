package redis_test

import (
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// A new cap is in force for the next request of every team.
func TestEscrow_followsItsLimit(t *testing.T) {
	b := newPotBench(t, 2, 1000*money.USD, nil)
	for _, team := range potTeams {
		b.spend(b.engines[0], team, money.USD)
	}
	b.limit = 7 * money.USD // the teams hold allowances of more under the old one
	for number, team := range potTeams {
		if number == 0 {
			b.spend(b.engines[1], team, money.USD)
		}
		b.refused(b.engines[number%2], team, 1)
	}
	b.limit = 8 * money.USD
	b.spend(b.engines[1], "legal", money.USD)
	b.refused(b.engines[0], "marketing", 1)
	b.hard = false
	b.spend(b.engines[0], "marketing", 100*money.USD)
	b.hard, b.limit = true, 200*money.USD
	b.refused(b.engines[1], "research", 93*money.USD)
	b.spend(b.engines[1], "research", 92*money.USD)
	b.want(b.engines[0], 200*money.USD, 0)
}

// A team that holds more than a lowered cap allows, and needs it no longer, must not spend it either.
func TestEscrow_followsItsLimit_whereItWasHeld(t *testing.T) {
	b := newPotBench(t, 1, 1000*money.USD, nil)
	held, _ := b.reserve(b.engines[0], "marketing", 31*money.USD)
	b.limit = 2 * money.USD
	b.refused(b.engines[0], "legal", 2*money.USD)
	b.settle(b.engines[0], held, 0)
	b.spend(b.engines[0], "marketing", 0)
	b.refused(b.engines[0], "marketing", 9*money.USD)
	b.spend(b.engines[0], "marketing", 2*money.USD)
	b.want(b.engines[0], 2*money.USD, 0)
}
