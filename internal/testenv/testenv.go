// Package testenv starts the outside world for tests and for the demo: a fake model
// server, a webhook receiver, and the real databases.
//
// It promises that everything listens on 127.0.0.1 only, behaves the same on every run,
// and ends with the test or with Close. It must never know of the gateway or the provider.
package testenv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// server is an HTTP server on a loopback port. net/http/httptest is not used because it
// adds command-line flags to every program that links it.
type server struct {
	listener net.Listener
	http     *http.Server
	done     chan struct{}
	closing  sync.Once
}

func startServer(addr string, handler http.Handler) (*server, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	s := &server{
		listener: listener,
		// Clients open connections in advance; one that closes while its first request comes would be a failure by chance.
		http: &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Minute},
		done: make(chan struct{}),
	}
	go func() {
		defer close(s.done)
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			panic(fmt.Sprintf("serve on %s: %s", addr, err))
		}
	}()
	return s, nil
}

func (s *server) address() string { return s.listener.Addr().String() }

// close ends all connections at once, those under way included.
func (s *server) close() error {
	var err error
	s.closing.Do(func() {
		err = s.http.Close()
		<-s.done
	})
	return err
}

// signal lets goroutines await a condition over state that a mutex guards.
// The zero value is ready.
type signal struct {
	waiting chan struct{}
}

// notifyLocked wakes everybody who awaits; the guarding mutex is held.
func (s *signal) notifyLocked() {
	if s.waiting != nil {
		close(s.waiting)
		s.waiting = nil
	}
}

// await blocks until the condition, called with the mutex held, is true or the context ends.
func (s *signal) await(ctx context.Context, mu sync.Locker, condition func() bool) error {
	for {
		mu.Lock()
		if condition() {
			mu.Unlock()
			return nil
		}
		if s.waiting == nil {
			s.waiting = make(chan struct{})
		}
		changed := s.waiting
		mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// pause waits and says whether it did so in full.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
