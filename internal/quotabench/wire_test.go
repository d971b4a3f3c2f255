package quotabench

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
)

// wire carries requests to handlers without a network, so that a test's clock is the only one.
type wire map[string]*host

// host is a program that can be killed.
type host struct {
	handler http.Handler

	mu    sync.Mutex
	alive context.Context
	kill  context.CancelFunc
}

var errAway = errors.New("connection refused")

func newHost(handler http.Handler) *host {
	h := &host{handler: handler}
	h.start()
	return h
}

func (h *host) start() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.alive, h.kill = context.WithCancel(context.Background())
}

func (h *host) running() context.Context {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.alive
}

// RoundTrip implements [http.RoundTripper].
func (w wire) RoundTrip(r *http.Request) (*http.Response, error) {
	host := w[r.URL.Host]
	alive := host.running()
	if alive.Err() != nil {
		return nil, errAway
	}
	ctx, stop := context.WithCancel(r.Context())
	context.AfterFunc(alive, stop)
	reader, writer := io.Pipe()
	context.AfterFunc(ctx, func() { _ = reader.CloseWithError(errAway) })
	answer := &answering{header: http.Header{}, begun: make(chan struct{}), body: writer}
	go func() {
		host.handler.ServeHTTP(answer, r.Clone(ctx))
		answer.WriteHeader(http.StatusOK)
		_ = writer.CloseWithError(ctx.Err())
		_ = writer.Close()
	}()
	select {
	case <-answer.begun:
	case <-ctx.Done():
		stop()
		return nil, errAway
	}
	return &http.Response{StatusCode: answer.status, Header: answer.header, Body: closing{reader, stop}, Request: r}, nil
}

type closing struct {
	*io.PipeReader
	stop func()
}

func (c closing) Close() error {
	c.stop()
	return c.PipeReader.Close()
}

type answering struct {
	header http.Header
	begun  chan struct{}
	once   sync.Once
	status int
	body   *io.PipeWriter
}

func (a *answering) Header() http.Header { return a.header }

func (a *answering) WriteHeader(status int) {
	a.once.Do(func() { a.status = status; close(a.begun) })
}

func (a *answering) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

// Flush implements [http.Flusher].
func (a *answering) Flush() { a.WriteHeader(http.StatusOK) }
