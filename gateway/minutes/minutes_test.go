package minutes_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/bursarhq/terraform-provider-bursar/gateway/minutes"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// record adds batches up as the real one does, once each.
type record struct {
	mu       sync.Mutex
	rows     map[api.LimitMinute]api.LimitMinute
	batches  map[string]int64
	deafAt   int // the answer of this write is lost, from 1
	away     bool
	writes   int
	purgedTo time.Time
}

func newRecord() *record {
	return &record{rows: map[api.LimitMinute]api.LimitMinute{}, batches: map[string]int64{}}
}

func (r *record) AddLimitMinutes(_ context.Context, gateway string, batch int64, rows []api.LimitMinute) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away {
		return errors.New("away")
	}
	r.writes++
	if batch > r.batches[gateway] {
		r.batches[gateway] = batch
		for _, row := range rows {
			place := api.LimitMinute{At: row.At, TeamID: row.TeamID, KeyID: row.KeyID, Model: row.Model, Limit: row.Limit}
			sum := r.rows[place]
			row.Calls, row.Tokens, row.Refused = row.Calls+sum.Calls, row.Tokens+sum.Tokens, row.Refused+sum.Refused
			if sum.Peak > row.Peak {
				row.Peak, row.Cap = sum.Peak, sum.Cap
			}
			r.rows[place] = row
		}
	}
	if r.writes == r.deafAt {
		return errors.New("the answer is lost")
	}
	return nil
}

func (r *record) PurgeLimitMinutes(_ context.Context, before time.Time) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.purgedTo = before
	return false, nil
}

func (r *record) all() []api.LimitMinute {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Values(r.rows))
}

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func newCounter(r *record, rows int) *minutes.Counter {
	return minutes.New(minutes.Options{
		Record: r, Rows: rows, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return noon.Add(90 * time.Second) },
	})
}

func served(key string, tokens, used int64) minutes.Call {
	return minutes.Call{
		At: noon.Add(30 * time.Second), TeamID: "t", KeyID: key, Model: "m", Tokens: tokens,
		Limits: []minutes.Limit{{Name: "team.requests", Used: used, Cap: 60}},
	}
}

func refused(key, by string) minutes.Call {
	return minutes.Call{At: noon, TeamID: "t", KeyID: key, Model: "m", Refused: by}
}

func write(t *testing.T, counters ...*minutes.Counter) {
	t.Helper()
	for _, counter := range counters {
		if err := counter.Write(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func check(t *testing.T, r *record, want ...api.LimitMinute) {
	t.Helper()
	byPlace := cmpopts.SortSlices(func(a, b api.LimitMinute) bool { return fmt.Sprint(a) < fmt.Sprint(b) })
	if diff := cmp.Diff(want, r.all(), byPlace); diff != "" {
		t.Error(diff)
	}
}

func TestCounter_addsUpOverGateways(t *testing.T) {
	r := newRecord()
	a, b := newCounter(r, 0), newCounter(r, 0)
	a.CallEnded(served("k", 10, 7))
	a.CallEnded(served("k", 5, 9))
	b.CallEnded(served("k", 1, 8))
	b.CallEnded(refused("k", "team.requests"))
	a.CallEnded(refused("k", "team.requests"))
	write(t, a, b)
	a.CallEnded(served("k", 4, 2))
	write(t, a, b)
	check(t, r,
		api.LimitMinute{At: noon, TeamID: "t", KeyID: "k", Model: "m", Calls: 4, Tokens: 20},
		api.LimitMinute{At: noon, TeamID: "t", KeyID: "k", Model: "m", Limit: "team.requests", Refused: 2},
		api.LimitMinute{At: noon, TeamID: "t", Limit: "team.requests", Peak: 9, Cap: 60},
	)
}

// A batch may be kept although its writer hears nothing of it.
func TestCounter_countsOnceWhenAnswersAreLost(t *testing.T) {
	r := newRecord()
	r.deafAt = 1
	c := newCounter(r, 0)
	c.CallEnded(refused("k", "key.tokens"))
	if err := c.Write(t.Context()); err == nil {
		t.Fatal("nobody heard of the lost answer")
	}
	c.CallEnded(refused("k", "key.tokens"))
	write(t, c)
	check(t, r, api.LimitMinute{At: noon, TeamID: "t", KeyID: "k", Model: "m", Limit: "key.tokens", Refused: 2})
}

// However many keys there are and however long the record is away, every call is counted.
func TestCounter_isBoundedAndLosesNoSum(t *testing.T) {
	r := newRecord()
	c := newCounter(r, 10)
	const calls = 1000
	for i := range calls {
		r.away = i > 300 && i < 600
		if i%100 == 0 && !r.away {
			write(t, c)
		}
		call := refused(fmt.Sprint("key-", i), "team.requests")
		if i%2 == 0 {
			call = served(fmt.Sprint("key-", i), 1, int64(i))
		}
		if r.away {
			_ = c.Write(t.Context())
		}
		c.CallEnded(call)
	}
	r.away = false
	write(t, c)
	var total int64
	for _, row := range r.all() {
		total += row.Calls + row.Refused
	}
	if rows := len(r.all()); total != calls || rows > 12 {
		t.Errorf("%d of %d calls in %d rows", total, calls, rows)
	}
}

func TestCounter_runsAndPurges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecord()
		c := minutes.New(minutes.Options{Record: r, Logger: slog.New(slog.DiscardHandler)})
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { c.Run(ctx) })
		c.CallEnded(served("k", 1, 1))
		time.Sleep(5 * time.Second)
		if len(r.all()) != 2 {
			t.Errorf("%+v", r.all())
		}
		if want := time.Now().Add(-minutes.DefaultKeep); r.purgedTo.IsZero() || r.purgedTo.After(want) {
			t.Errorf("purged to %s", r.purgedTo)
		}
		stop()
		running.Wait()
		c.CallEnded(refused("k", "team.requests"))
		if err := c.Close(t.Context()); err != nil || len(r.all()) != 3 {
			t.Errorf("%v, %+v", err, r.all())
		}
	})
}
