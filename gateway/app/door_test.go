package app

import (
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
)

// closedBefore is a listener that somebody closed a moment ago: its server still waits for a connection.
type closedBefore struct {
	net.Listener
	waiting chan struct{}
	ends    chan struct{}
	begun   sync.Once
}

func (l *closedBefore) Accept() (net.Conn, error) {
	l.begun.Do(func() { close(l.waiting) })
	<-l.ends
	return nil, net.ErrClosed
}

func (l *closedBefore) Close() error {
	close(l.ends)
	return l.Listener.Close()
}

// Draining closes the listener first. That the server closes it again is no failure of a stop.
func TestDoor_shutdownAfterDraining(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	closed := &closedBefore{Listener: listener, waiting: make(chan struct{}), ends: make(chan struct{})}
	d := &door{listener: httpx.Listener{Listener: closed}, server: &http.Server{ReadHeaderTimeout: readHeaderTimeout}}
	served := make(chan error, 1)
	go func() { served <- d.server.Serve(d.listener) }()
	<-closed.waiting
	if err := d.shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}
