package quotabench

import (
	"context"
	"errors"
	"time"
)

func requestsPerMinute(ctx context.Context, s *stage, result *Result) error {
	result.Unit, result.Limit = Requests, s.pot.Limits.RequestsPerMinute
	if err := burstsAroundTheMinute(ctx, s, int(result.Limit)); err != nil {
		return err
	}
	admitted := admissions(s.outcomes, s.entries(), oneEach)
	result.Worst = worst(admitted, minute)
	result.FalseRefusals = falseRefusals(refusals(s.outcomes), admitted, result.Limit, 1, minute+grain)
	return nil
}

func tokensPerMinute(ctx context.Context, s *stage, result *Result) error {
	result.Unit, result.Limit = Tokens, s.pot.Limits.TokensPerMinute
	if err := burstsAroundTheMinute(ctx, s, int(result.Limit/likely.tokens())); err != nil {
		return err
	}
	admitted := admissions(s.outcomes, s.entries(), tokensOf)
	result.Worst = worst(admitted, minute)
	result.FalseRefusals = falseRefusals(refusals(s.outcomes), admitted, result.Limit, 2*likely.tokens(), minute+grain)
	return nil
}

// burstsAroundTheMinute finds windows that begin with the clock's minute, with the first call, or at any other moment:
// one call, then bursts of more than the limit shortly before and after a window's turn, wherever that is.
func burstsAroundTheMinute(ctx context.Context, s *stage, limit int) error {
	if err := sleep(ctx, time.Until(time.Now().Truncate(minute).Add(minute))); err != nil {
		return err
	}
	began := time.Now()
	s.burst(ctx, 1, likely)
	for _, at := range []time.Duration{54 * time.Second, 63 * time.Second, 84 * time.Second, 111 * time.Second} {
		if err := sleep(ctx, time.Until(began.Add(at))); err != nil {
			return err
		}
		s.burst(ctx, limit+limit/2, likely)
	}
	return nil
}

func parallelRequests(ctx context.Context, s *stage, result *Result) error {
	result.Unit, result.Limit = Parallel, s.pot.Limits.ParallelRequests
	for range 3 {
		s.burst(ctx, int(4*result.Limit), call{answer: likely.answer, pause: time.Second})
	}
	result.Worst = mostAtOnce(s.entries())
	return nil
}

// lowerLimit finds out how long an old limit lives on.
func lowerLimit(ctx context.Context, s *stage, result *Result) error {
	const between, watched = 50 * time.Millisecond, 70 * time.Second
	result.Unit = Requests
	for range 40 {
		s.send(ctx, likely)
		if err := sleep(ctx, between); err != nil {
			return err
		}
	}
	if len(s.outcomes) > 0 && !s.outcomes[len(s.outcomes)-1].ok() {
		return errors.New("calls are not answered under the limit of before")
	}
	if err := s.Gateway.Change(ctx, s.pot, Limits{RequestsPerMinute: 1}); err != nil {
		return err
	}
	confirmed := time.Now()
	last, quiet := confirmed, 0
	for time.Since(confirmed) < watched && quiet < 10*len(s.URLs) {
		one := s.send(ctx, likely)
		quiet++
		if one.ok() {
			last, quiet = one.sent, 0
		}
		if err := sleep(ctx, between); err != nil {
			return err
		}
	}
	holds := last.Sub(confirmed)
	result.HoldsAfter = &holds
	return nil
}
