package quotabench

import (
	"context"
	"sync"
	"time"
)

// spendBudget presses against a cap. A call costs the same each time, so the whole budget can be spent.
func spendBudget(ctx context.Context, s *stage, result *Result) error {
	s.burst(ctx, 3*int(int64(s.pot.Limits.Budget)/likely.cost()), likely)
	if err := spendTheRest(ctx, s); err != nil {
		return err
	}
	return s.judgeBudget(ctx, result)
}

// spendTheRest calls one by one until three in a row were refused.
func spendTheRest(ctx context.Context, s *stage) error {
	most := 3 * int(int64(s.pot.Limits.Budget)/likely.cost())
	for refused := 0; refused < 3 && most > 0; most-- {
		if s.send(ctx, likely).refused() {
			refused++
		} else {
			refused = 0
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) judgeBudget(ctx context.Context, result *Result) (err error) {
	result.Unit, result.Limit = NanoUSD, int64(s.pot.Limits.Budget)
	if result.Money, err = s.compareMoney(ctx); err != nil {
		return err
	}
	admitted := admissions(s.outcomes, s.entries(), nanoUSDOf)
	result.Worst = sum(admitted)
	result.FalseRefusals = falseRefusals(refusals(s.outcomes), admitted, result.Limit, 2*likely.cost(), forever)
	return nil
}

// breakStreams compares money only: how much of an answer flowed before a client left is the provider's to say.
func breakStreams(ctx context.Context, s *stage, result *Result) (err error) {
	s.burst(ctx, 40, call{answer: 50, pause: 20 * time.Millisecond, stopAfter: 5})
	result.Unit, result.Limit = NanoUSD, int64(s.pot.Limits.Budget)
	if result.Money, err = s.compareMoney(ctx); err != nil {
		return err
	}
	result.Worst = sum(admissions(s.outcomes, s.entries(), nanoUSDOf))
	return nil
}

func killGateway(ctx context.Context, s *stage, result *Result) error {
	return s.kill(ctx, s.Crash, result)
}

func killStore(ctx context.Context, s *stage, result *Result) error {
	return s.kill(ctx, s.StoreCrash, result)
}

// kill kills in the middle of steady calls: half the budget is asked for before all is quiet again, and the rest after.
func (s *stage) kill(ctx context.Context, victim Process, result *Result) error {
	slow := call{answer: likely.answer, pause: 200 * time.Millisecond}
	var calling sync.WaitGroup
	for range 8 {
		calling.Go(func() {
			for range callsInLimit / 8 {
				s.send(ctx, slow)
			}
		})
	}
	err := sleep(ctx, 700*time.Millisecond)
	if err == nil {
		err = victim.Kill(ctx)
	}
	if err == nil {
		err = sleep(ctx, time.Second)
	}
	if err == nil {
		err = victim.Start(ctx)
	}
	calling.Wait()
	if err != nil {
		return err
	}
	// What the crash left open is booked, at the latest, when the gateway's reservations lapse.
	if _, err := s.compareMoney(ctx); err != nil {
		return err
	}
	if err := spendTheRest(ctx, s); err != nil {
		return err
	}
	return s.judgeBudget(ctx, result)
}
