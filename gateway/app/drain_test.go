package app_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// steady calls one gateway until it refuses connections, and counts what came of its calls.
type steady struct {
	address, request string
	// keeps: it sends the next call on the same connection while it may.
	keeps          bool
	served, failed int
	failure        string
	kept, goodbyes int
}

func (c *steady) run(ctx context.Context) {
	var conn net.Conn
	var answers *bufio.Reader
	defer func() {
		if conn != nil {
			_ = conn.Close()
		}
	}()
	for ctx.Err() == nil {
		if conn == nil {
			var err error
			if conn, err = net.DialTimeout("tcp", c.address, 10*time.Second); errors.Is(err, syscall.ECONNREFUSED) {
				return // a balancer asks the next gateway
			} else if err != nil {
				c.fail("connect: %v", err)
				return
			}
			answers = bufio.NewReader(conn)
		} else {
			c.kept++
		}
		if _, err := io.WriteString(conn, c.request); err != nil {
			c.fail("send: %v", err)
			return
		}
		response, err := http.ReadResponse(answers, nil)
		if err != nil {
			c.fail("no answer: %v", err)
			return
		}
		body, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK {
			c.fail("%d %s, %v", response.StatusCode, body, err)
			return
		}
		c.served++
		if response.Close {
			c.goodbyes++
		}
		if !c.keeps || response.Close {
			_ = conn.Close()
			conn = nil
		}
	}
}

func (c *steady) fail(format string, args ...any) {
	c.failed++
	c.failure = fmt.Sprintf(format, args...)
}

// A gateway that is told to stop says so first and goes on to serve. Whoever connects, with each call anew or
// once for many, has every call answered that it could send, or is refused before it has sent one.
func TestDrain_noCallThatWasSentFails(t *testing.T) {
	t.Parallel()
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	c.DrainDelay = 2 * time.Second
	log := &logBuffer{}
	a, err := app.New(t.Context(), app.Options{Config: c, Logger: slog.New(slog.NewJSONHandler(log, nil)), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{App: a, t: t, log: log}
	told, tell := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(told, t.Context()) }()
	key := g.newKey(`{}`)

	callers := make([]*steady, 16)
	var calling sync.WaitGroup
	for i := range callers {
		callers[i] = &steady{address: a.Addr(), keeps: i%2 == 0, request: fmt.Sprintf(
			"POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			key, len(hello), hello)}
		calling.Go(func() { callers[i].run(t.Context()) })
	}
	await(t, awaitLong, "calls to be served", func() bool { return strings.Count(log.String(), `"msg":"request"`) > 100 })
	saidTo := time.Now()
	tell()
	await(t, awaitLong, "readiness to say no", func() bool {
		status, _, body := g.do("GET", "/health/readiness", "", "")
		return status == http.StatusServiceUnavailable && strings.Contains(body, `"status":"draining"`)
	})
	calling.Wait()
	if served := time.Since(saidTo); served < c.DrainDelay {
		t.Errorf("calls were taken for %s after the gateway was told to stop, want %s", served, c.DrainDelay)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for i, caller := range callers {
		if caller.failed > 0 || caller.served == 0 {
			t.Errorf("caller %d: %d calls served, then: %s", i, caller.served, caller.failure)
		}
		if caller.keeps && (caller.kept == 0 || caller.goodbyes == 0) {
			t.Errorf("caller %d keeps its connection: %d calls on an open one, told %d times that it closes", i, caller.kept, caller.goodbyes)
		}
	}
}

func TestDrain_hurryEndsIt(t *testing.T) {
	t.Parallel()
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	c.DrainDelay = time.Hour
	a, err := app.New(t.Context(), app.Options{Config: c, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	told, tell := context.WithCancel(t.Context())
	hurry, now := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(told, hurry) }()
	tell()
	now()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("it still drains")
	}
}

func TestStayFor(t *testing.T) {
	at := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return at.Add(-d) }
	for name, test := range map[string]struct {
		others []time.Time
		want   time.Duration
	}{
		"alone":                  {nil, 0},
		"an old one":             {[]time.Time{ago(time.Hour)}, -1},
		"a new one":              {[]time.Time{ago(4 * time.Second)}, 8 * time.Second},
		"a new one, an old one":  {[]time.Time{ago(time.Second), ago(time.Minute)}, -1},
		"two new ones":           {[]time.Time{ago(time.Second), ago(3 * time.Second)}, 9 * time.Second},
		"a clock that is ahead":  {[]time.Time{at.Add(time.Hour)}, 12 * time.Second},
		"a clock that is behind": {[]time.Time{ago(24 * time.Hour)}, -1},
	} {
		t.Run(name, func(t *testing.T) {
			got := app.StayFor(test.others, at)
			if got != test.want && !(test.want < 0 && got < 0) {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
