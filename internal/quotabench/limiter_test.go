package quotabench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/quotabench/meter"
)

// faults are what is wrong with a limiter; the zero one is exact.
type faults struct {
	// clockWindows counts by the minutes of the clock, ownWindows by minutes that begin with a call.
	clockWindows, ownWindows bool
	// perReplica lets every replica count for itself.
	perReplica bool
	// looksFirst checks, and counts a moment later.
	looksFirst bool
	// forgets loses what it has counted when it is killed.
	forgets bool
	// keeps never gives back the half that it reserves too much.
	keeps bool
	// freeWhenBroken charges nothing for streams that a client leaves.
	freeWhenBroken bool
	// twice charges everything twice.
	twice bool
	// stale goes by limits that are up to half a minute old.
	stale bool
	// cuts allows ten tokens an answer.
	cuts bool
}

// limiter is a small gateway of one or more replicas.
type limiter struct {
	faults   faults
	provider http.Handler

	mu   sync.Mutex
	pots map[string]*limitedPot
}

type limitedPot struct {
	limits  Limits
	before  Limits
	changed time.Time
	counts  map[int]*counts
}

type counts struct {
	log      []logged
	parallel int64
	spent    money.Nano
}

type logged struct {
	at     time.Time
	tokens int64
}

func (l *limiter) Version(context.Context) (string, error) { return "a limiter of the test", nil }

func (l *limiter) Open(_ context.Context, scenario string, limits Limits, keys int) (Pot, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	pot := Pot{ID: scenario, Limits: limits}
	for number := range keys {
		pot.Keys = append(pot.Keys, fmt.Sprintf("%s/%d", scenario, number))
	}
	l.pots[scenario] = &limitedPot{limits: limits, counts: map[int]*counts{}}
	return pot, nil
}

func (l *limiter) Change(_ context.Context, pot Pot, limits Limits) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	changed := l.pots[pot.ID]
	changed.before, changed.limits, changed.changed = changed.limits, limits, time.Now()
	return nil
}

func (l *limiter) Spent(_ context.Context, pot Pot) (spent money.Nano, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, counted := range l.pots[pot.ID].counts {
		spent += counted.spent
	}
	return spent, nil
}

// forget is what a crash does to its counters.
func (l *limiter) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, pot := range l.pots {
		for _, counted := range pot.counts {
			counted.parallel = 0
			if l.faults.forgets {
				*counted = counts{}
			}
		}
	}
}

// replica serves as one of them.
func (l *limiter) replica(number int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { l.serve(number, w, r) })
}

func (l *limiter) serve(number int, w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var asked struct {
		Stream   bool                       `json:"stream"`
		Answer   int64                      `json:"max_tokens"`
		Messages []struct{ Content string } `json:"messages"`
	}
	if err := json.Unmarshal(body, &asked); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	prompt := meter.Order{ID: "id", Words: promptWords, Answer: asked.Answer}.PromptTokens()
	whole := cost(prompt, asked.Answer)
	l.mu.Lock()
	pot := l.pots[strings.Split(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), "/")[0]]
	l.mu.Unlock()
	if !l.faults.perReplica {
		number = 0
	}
	if l.faults.looksFirst {
		if !l.admits(pot, number, prompt+asked.Answer, whole, false) {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		time.Sleep(5 * time.Millisecond)
		l.admits(pot, number, prompt+asked.Answer, whole, true)
	} else if !l.admits(pot, number, prompt+asked.Answer, whole, true) {
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	if l.faults.cuts {
		body = bytes.Replace(body, []byte(`"max_tokens":60`), []byte(`"max_tokens":10`), 1)
	}
	events := &counting{ResponseWriter: w}
	r.Body = io.NopCloser(bytes.NewReader(body))
	l.provider.ServeHTTP(events, r)
	l.settle(pot, number, asked.Stream, whole, cost(prompt, events.events))
}

func cost(prompt, answer int64) money.Nano {
	return meter.Entry{Prompt: prompt, Completion: answer}.Cost()
}

func (l *limiter) admits(pot *limitedPot, number int, tokens int64, whole money.Nano, count bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, limits := time.Now(), pot.limits
	if l.faults.stale && now.Sub(pot.changed) < 30*time.Second {
		limits = pot.before
	}
	counted := pot.counts[number]
	if counted == nil {
		counted = &counts{}
		pot.counts[number] = counted
	}
	requests, used := counted.since(l.windowStart(counted, now))
	exceeded := limits.RequestsPerMinute > 0 && requests+1 > limits.RequestsPerMinute ||
		limits.TokensPerMinute > 0 && used+tokens > limits.TokensPerMinute ||
		limits.ParallelRequests > 0 && counted.parallel+1 > limits.ParallelRequests ||
		limits.Budget > 0 && counted.spent+whole > limits.Budget
	if exceeded && !(l.faults.looksFirst && count) {
		return false
	}
	if count {
		counted.log = append(counted.log, logged{now, tokens})
		counted.parallel++
		counted.spent += whole
		if l.faults.keeps {
			counted.spent += whole / 2
		}
	}
	return true
}

func (l *limiter) windowStart(counted *counts, now time.Time) time.Time {
	switch {
	case l.faults.clockWindows:
		return now.Truncate(time.Minute).Add(-1)
	case l.faults.ownWindows:
		start := now
		for _, one := range counted.log {
			if start.After(one.at) || one.at.Sub(start) >= time.Minute {
				start = one.at
			}
		}
		if now.Sub(start) >= time.Minute {
			return now.Add(-1)
		}
		return start.Add(-1)
	default:
		return now.Add(-time.Minute)
	}
}

func (c *counts) since(start time.Time) (requests, tokens int64) {
	for _, one := range c.log {
		if one.at.After(start) {
			requests++
			tokens += one.tokens
		}
	}
	return requests, tokens
}

func (l *limiter) settle(pot *limitedPot, number int, stream bool, reserved, used money.Nano) {
	l.mu.Lock()
	defer l.mu.Unlock()
	counted := pot.counts[number]
	counted.parallel--
	if l.faults.forgets && counted.spent == 0 {
		return
	}
	if stream && l.faults.freeWhenBroken {
		used = 0
	}
	if stream {
		counted.spent += used - reserved
	}
	if l.faults.twice {
		counted.spent += reserved
	}
}

// counting counts the events of a stream that hold words.
type counting struct {
	http.ResponseWriter
	events int64
}

func (c *counting) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(`"content":" hello"`)) {
		c.events++
	}
	return c.ResponseWriter.Write(p)
}

// Unwrap lets the provider flush.
func (c *counting) Unwrap() http.ResponseWriter { return c.ResponseWriter }
