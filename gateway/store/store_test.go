package store_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store/storetest"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// fakeSealer keeps what it seals apart from clear text and from other places; it is no encryption.
type fakeSealer struct{ key string }

func (f fakeSealer) mask(place string, n int) []byte {
	mask := []byte{}
	for len(mask) < n {
		sum := sha256.Sum256([]byte(f.key + place))
		mask = append(mask, sum[:]...)
	}
	return mask
}

func (f fakeSealer) Seal(plain []byte, place string) ([]byte, error) {
	check := sha256.Sum256([]byte(place))
	sealed := check[:]
	for i, b := range f.mask(place, len(plain))[:len(plain)] {
		sealed = append(sealed, b^plain[i])
	}
	return sealed, nil
}

func (f fakeSealer) Open(sealed []byte, place string) ([]byte, error) {
	check := sha256.Sum256([]byte(place))
	if !bytes.HasPrefix(sealed, check[:]) {
		return nil, errors.New("sealed for another place")
	}
	sealed, err := f.Seal(sealed[len(check):], place)
	return sealed[len(check):], err
}

func (f fakeSealer) KeyID() [8]byte { return [8]byte(f.Derive("id")) }

func (f fakeSealer) Derive(purpose string) []byte {
	sum := sha256.Sum256([]byte(f.key + "/" + purpose))
	return sum[:]
}

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 22, 10, 0, 0, 123e6, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// open opens a store as a gateway does.
func open(t *testing.T, address string, clock *clock) *store.Store {
	t.Helper()
	return openAs(t, address, clock, true)
}

// dropped counts the rows that any test's store did not book because their day was gone.
var dropped atomic.Int64

// openShared opens a store that may be opened again at the same time.
func openShared(t *testing.T, address string, clock *clock) *store.Store {
	t.Helper()
	return openAs(t, address, clock, false)
}

func openAs(t *testing.T, address string, clock *clock, journal bool) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), address, store.Options{
		Sealer: fakeSealer{key: "one"}, Now: clock.Now, Logger: slog.New(slog.DiscardHandler), Journal: journal,
		OnDropped: func() { dropped.Add(1) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func sqliteAddress(t *testing.T) string {
	return storetest.SQLite(t, t.TempDir())
}

// both runs a test on either database, with a clock that stands still unless moved.
func both(t *testing.T, test func(t *testing.T, s *store.Store, clock *clock)) {
	t.Run(store.SQLite, func(t *testing.T) {
		clock := newClock()
		test(t, open(t, sqliteAddress(t), clock), clock)
	})
	t.Run(store.Postgres, func(t *testing.T) {
		clock := newClock()
		test(t, open(t, storetest.Postgres(t), clock), clock)
	})
}

func TestMain(m *testing.M) { os.Exit(testenv.MainPostgres(m)) }

var alice = api.Change{
	Actor: "alice", Address: "192.0.2.1", Reason: "ticket 7", RequestID: "req-1", UserAgent: "terraform/1",
	Credential: api.Credential{Kind: api.CredentialAdminKey, ID: "adminkey_alice"},
}

func must[T any](value T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func wantCode(t *testing.T, err error, code api.Code) {
	t.Helper()
	if api.CodeOf(err) != code {
		t.Fatalf("error is %v (%s), want %s", err, api.CodeOf(err), code)
	}
}

func apiError(t *testing.T, err error) *api.Error {
	t.Helper()
	var known *api.Error
	if !errors.As(err, &known) {
		t.Fatalf("%v is no error of the api", err)
	}
	return known
}
