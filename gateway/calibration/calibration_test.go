package calibration_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/calibration"
	"github.com/bursarhq/terraform-provider-bursar/gateway/tokens"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// record is a record in memory.
type record struct {
	mu   sync.Mutex
	rows []api.TokenReports
	away bool
}

var errAway = errors.New("away")

func (r *record) PutTokenReports(_ context.Context, learned []api.TokenReports) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away {
		return errAway
	}
	for _, l := range learned {
		l.UpdatedAt = time.Now()
		r.rows = slices.DeleteFunc(r.rows, func(row api.TokenReports) bool {
			return row.Deployment == l.Deployment && row.Model == l.Model && row.Kind == l.Kind && row.Gateway == l.Gateway
		})
		r.rows = append(r.rows, l)
	}
	return nil
}

func (r *record) TokenReports(_ context.Context, since time.Time) ([]api.TokenReports, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away {
		return nil, errAway
	}
	var rows []api.TokenReports
	for _, row := range r.rows {
		if !row.UpdatedAt.Before(since) {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func (r *record) PurgeTokenReports(_ context.Context, before time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows = slices.DeleteFunc(r.rows, func(row api.TokenReports) bool { return row.UpdatedAt.Before(before) })
	return nil
}

func (r *record) setAway(away bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away = away
}

func (r *record) size() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.rows)
}

var (
	place   = calibration.Place{Deployment: "d", Model: "acme-1"}
	quiet   = slog.New(slog.NewTextHandler(io.Discard, nil))
	nothing = tokens.Learned{}
)

// running starts a gateway's book, which ends with the test or when stop is called.
func running(t *testing.T, r *record) (book *calibration.Book, stop func()) {
	t.Helper()
	book = calibration.New(calibration.Options{Record: r, Logger: quiet})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); book.Run(ctx) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return book, stop
}

func start(t *testing.T, r *record) *calibration.Book {
	t.Helper()
	book, _ := running(t, r)
	return book
}

func teach(book *calibration.Book, kind string, ratios ...float64) {
	for _, ratio := range ratios {
		book.Report(place, kind, "key", ratio)
		time.Sleep(time.Millisecond) // reports of one moment are one; in a bubble this takes no time
	}
}

func expect(t *testing.T, what string, book *calibration.Book, kind string, want tokens.Learned) {
	t.Helper()
	if got := book.Learned(place, kind); got != want {
		t.Errorf("%s: %+v, want %+v", what, got, want)
	}
}

func TestBook_isSharedWithinHalfAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &record{}
		one, other := start(t, r), start(t, r)
		teach(one, "latin", 1.3, 1.4)
		want := tokens.Learned{Reports: 2, Highest: 1.4}
		expect(t, "itself", one, "latin", want)
		expect(t, "another one at once", other, "latin", nothing)
		time.Sleep(30 * time.Second)
		expect(t, "another one later", other, "latin", want)
		teach(other, "latin", 1.35)
		time.Sleep(30 * time.Second)
		want.Reports = 3
		expect(t, "what both have learned", one, "latin", want)
		expect(t, "another kind", one, "alphabet", tokens.Learned{Elsewhere: 1.4})
		if got := one.Learned(calibration.Place{Deployment: "d", Model: "acme-2"}, "latin"); got != nothing {
			t.Errorf("the deployment serves another model: %+v", got)
		}
	})
}

func TestBook_kindsThatAreAkin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := start(t, &record{})
		teach(book, "latin compound short", 0.6, 0.7)
		teach(book, "latin figures short", 0.5, 0.5, 0.5)
		teach(book, "latin", 0.9, 0.9)
		expect(t, "of their script and length", book, "latin short", tokens.Learned{Elsewhere: 0.9, AkinReports: 5, AkinHighest: 0.7})
		expect(t, "of another script", book, "alphabet short", tokens.Learned{Elsewhere: 0.9})
	})
}

func TestBook_outlivesItsGateway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &record{}
		first, stop := running(t, r)
		teach(first, "latin", 1.3, 1.4)
		stop()
		next := start(t, r)
		synctest.Wait()
		expect(t, "the next one", next, "latin", tokens.Learned{Reports: 2, Highest: 1.4})
	})
}

func TestBook_recordAwayLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &record{}
		one, other := start(t, r), start(t, r)
		r.setAway(true)
		teach(one, "latin", 1.3, 1.4)
		time.Sleep(2 * time.Minute)
		expect(t, "itself", one, "latin", tokens.Learned{Reports: 2, Highest: 1.4})
		r.setAway(false)
		time.Sleep(30 * time.Second)
		expect(t, "another one", other, "latin", tokens.Learned{Reports: 2, Highest: 1.4})
	})
}

func TestBook_forgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &record{}
		book := start(t, r)
		teach(book, "latin", 1.3, 1.4)
		time.Sleep(tokens.ReportAge + 2*time.Hour)
		expect(t, "after a week", book, "latin", nothing)
		if r.size() != 0 {
			t.Errorf("the record still has %d rows", r.size())
		}
	})
}

func TestBook_aloneWithoutARecord(t *testing.T) {
	book := calibration.New(calibration.Options{})
	book.Run(t.Context())
	book.Report(place, "latin", "a", 1.3)
	book.Report(place, "latin", "b", 1.4)
	expect(t, "itself", book, "latin", tokens.Learned{Reports: 2, Highest: 1.4})
}
