package store_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func keepAnswer(t *testing.T, s *store.Store, once api.Once, answer string) {
	t.Helper()
	_, replayed, err := s.Idempotent(t.Context(), once, func(context.Context) ([]byte, error) { return []byte(answer), nil })
	if err != nil || replayed {
		t.Fatalf("first answer: replayed %v, %v", replayed, err)
	}
}

func TestIdempotent_givesTheFirstAnswerAgainForADay(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		once, runs := api.Once{Key: "k", Fingerprint: []byte("f")}, 0
		create := func(once api.Once) (string, bool, error) {
			answer, replayed, err := s.Idempotent(t.Context(), once, func(ctx context.Context) ([]byte, error) {
				runs++
				team, err := s.CreateTeam(ctx, alice, api.NewTeam("t"+strings.Repeat("1", runs)))
				return []byte(team.TeamID + "/" + canarySecret), err
			})
			return string(answer), replayed, err
		}
		for i := range 3 {
			answer, replayed, err := create(once)
			if answer != "t1/"+canarySecret || replayed != (i > 0) || err != nil {
				t.Errorf("call %d: %q, %v, %v", i, answer, replayed, err)
			}
		}
		_, _, err := create(api.Once{Key: "k", Fingerprint: []byte("another request")})
		wantCode(t, err, api.Conflict)
		if strings.Contains(err.Error(), canarySecret) || runs != 1 {
			t.Errorf("after %d runs: %v", runs, err)
		}
		clock.Advance(24*time.Hour - time.Millisecond)
		if _, replayed, err := create(once); !replayed || err != nil {
			t.Errorf("just within a day: %v, %v", replayed, err)
		}
		clock.Advance(time.Millisecond)
		if answer, replayed, err := create(once); answer != "t11/"+canarySecret || replayed || err != nil {
			t.Errorf("after a day: %q, %v, %v", answer, replayed, err)
		}
		if _, _, err := create(api.Once{Key: strings.Repeat("k", 256)}); api.CodeOf(err) != api.Invalid {
			t.Errorf("a key that is too long: %v", err)
		}
	})
}

func TestIdempotent_withoutAKeyRunsEachTime(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		for i := range 2 {
			answer, replayed, err := s.Idempotent(t.Context(), api.Once{}, func(context.Context) ([]byte, error) {
				return []byte{byte('0' + i)}, nil
			})
			if string(answer) != string(rune('0'+i)) || replayed || err != nil {
				t.Errorf("run %d: %q, %v, %v", i, answer, replayed, err)
			}
		}
	})
}

func TestIdempotent_failureLeavesNothing(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		once, failed := api.Once{Key: "k", Fingerprint: []byte("f")}, errors.New("failed")
		for name, end := range map[string]func(ctx context.Context) error{
			"own error": func(context.Context) error { return failed },
			"passed-over error": func(ctx context.Context) error {
				_, _ = s.CreateTeam(ctx, alice, api.NewTeam("t1"))
				return nil
			},
		} {
			_, _, err := s.Idempotent(t.Context(), once, func(ctx context.Context) ([]byte, error) {
				if _, err := s.CreateTeam(ctx, alice, api.NewTeam("t1")); err != nil {
					return nil, err
				}
				if _, err := s.Team(ctx, "t1"); err != nil {
					t.Errorf("%s: do does not see what it made: %v", name, err)
				}
				return []byte("answer"), end(ctx)
			})
			if err == nil {
				t.Errorf("%s: no error", name)
			}
			if _, err := s.Team(t.Context(), "t1"); api.CodeOf(err) != api.NotFound {
				t.Errorf("%s: the team was made: %v", name, err)
			}
		}
		keepAnswer(t, s, once, "kept")
		if check := must(s.VerifyAudit(t.Context(), api.AuditMark{}))(t); !check.OK() || check.Rows != 0 {
			t.Errorf("audit log: %+v", check)
		}
	})
}

func TestIdempotent_atTheSameTimeMakesOne(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		var runs, replays atomic.Int64
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				answer, replayed, err := s.Idempotent(t.Context(), api.Once{Key: "k", Fingerprint: []byte("f")},
					func(ctx context.Context) ([]byte, error) {
						runs.Add(1)
						team, err := s.CreateTeam(ctx, alice, api.NewTeam("t1"))
						return []byte(team.TeamID), err
					})
				if string(answer) != "t1" || err != nil {
					t.Errorf("answer %q, %v", answer, err)
				}
				if replayed {
					replays.Add(1)
				}
			})
		}
		all.Wait()
		if runs.Load() != 1 || replays.Load() != 19 {
			t.Errorf("%d runs and %d replays", runs.Load(), replays.Load())
		}
	})
}
