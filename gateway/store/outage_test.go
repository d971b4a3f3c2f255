package store_test

import (
	"context"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// wire carries connections to a server and can be cut.
type wire struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

func newWire(t *testing.T, target string) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: listener, target: target}
	go w.run()
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		w.set(true)
	})
	return w
}

func (w *wire) run() {
	for {
		near, err := w.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", w.target)
		if err != nil || !w.keep(near, far) {
			near.Close()
			continue
		}
		go carry(near, far)
		go carry(far, near)
	}
}

func carry(from, to net.Conn) {
	defer to.Close()
	_, _ = io.Copy(to, from)
}

// keep remembers a pair of connections, unless the wire is cut.
func (w *wire) keep(near, far net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut {
		far.Close()
		return false
	}
	w.conns = append(w.conns, near, far)
	return true
}

// set cuts all connections and lets none through, or mends the wire.
func (w *wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	for _, conn := range w.conns {
		conn.Close()
	}
	w.conns = nil
}

func TestPostgres_awayAndBack(t *testing.T) {
	address, err := url.Parse(testenv.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	w := newWire(t, address.Host)
	address.Host = w.listener.Addr().String()
	clock := newClock()
	s := open(t, address.String(), clock)
	must(s.CreateTeam(t.Context(), alice, api.NewTeam("t1")))(t)

	calls := map[string]func(ctx context.Context) error{
		"ping":   s.Ping,
		"read":   func(ctx context.Context) error { _, err := s.Team(ctx, "t1"); return err },
		"list":   func(ctx context.Context) error { _, _, err := s.Keys(ctx, api.KeyFilter{}); return err },
		"verify": func(ctx context.Context) error { _, err := s.VerifyAudit(ctx, api.AuditMark{}); return err },
		"write": func(ctx context.Context) error {
			_, err := s.UpdateTeam(ctx, alice, "t1", 0, func(*api.Team) error { return nil })
			return err
		},
		"append": func(ctx context.Context) error {
			return s.AppendLedger(ctx, []api.LedgerRow{newRow("1", clock.Now(), 1)}, nil)
		},
	}
	w.set(true)
	for name, call := range calls {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		if err := call(ctx); api.CodeOf(err) != api.StoreUnavailable {
			t.Errorf("%s while it is away: %v", name, err)
		}
		cancel()
	}
	w.set(false)
	for name, call := range calls {
		if err := call(t.Context()); err != nil {
			t.Errorf("%s when it is back: %v", name, err)
		}
	}
}

func TestPostgres_goneInTheMiddleOfAChange(t *testing.T) {
	address, err := url.Parse(testenv.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	w := newWire(t, address.Host)
	address.Host = w.listener.Addr().String()
	s := open(t, address.String(), newClock())
	err = s.Transaction(t.Context(), func(ctx context.Context) error {
		if _, err := s.CreateTeam(ctx, alice, api.NewTeam("t1")); err != nil {
			t.Error(err)
		}
		w.set(true)
		_, err := s.CreateTeam(ctx, alice, api.NewTeam("t2"))
		return err
	})
	wantCode(t, err, api.StoreUnavailable)
	w.set(false)
	if ids := must(s.AllTeamIDs(t.Context()))(t); len(ids) != 0 {
		t.Errorf("half a change was stored: %v", ids)
	}
	must(s.CreateTeam(t.Context(), alice, api.NewTeam("t1")))(t)
}
