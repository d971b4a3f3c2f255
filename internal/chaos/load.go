package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	// servedPause and refusedPause are how long a caller waits before its next call. Callers are rude: they
	// ignore Retry-After.
	servedPause  = 100 * time.Millisecond
	refusedPause = 250 * time.Millisecond
	// callTimeout is longer than any call should take.
	callTimeout = 60 * time.Second
	// chunkEvery is how often a stream says a token.
	chunkEvery = 100 * time.Millisecond
	// failEvery makes the model server fail one of so many calls.
	failEvery = 50
)

// load is what all callers did.
type load struct {
	mu    sync.Mutex
	calls []call
}

// call is one call and how it ended for its client.
type call struct {
	id      string
	team    string
	gateway int
	stream  bool
	started time.Time
	ended   time.Time
	// whole: the client has the complete answer.
	whole bool
	// refusal is why there was none, in a word: the limit, or what was out of reach.
	refusal string
	// held: it was told to come back in two seconds, when others have used less than they reserved.
	held bool
}

func (l *load) add(c call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, c)
}

// all returns what has ended so far.
func (l *load) all() []call {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]call(nil), l.calls...)
}

// run lets all callers of all teams call until ctx ends, and returns when the last call has ended.
func (s *stage) run(ctx context.Context) {
	var callers sync.WaitGroup
	for _, t := range s.teams {
		for number := range t.callers {
			callers.Go(func() {
				c := &caller{stage: s, team: t, number: number, stream: number < t.streams, client: &http.Client{Timeout: callTimeout}}
				c.run(ctx)
			})
		}
	}
	callers.Wait()
}

// caller makes one call after the other.
type caller struct {
	stage  *stage
	team   *team
	number int
	stream bool
	client *http.Client
}

func (c *caller) run(ctx context.Context) {
	random := rand.New(rand.NewPCG(c.stage.seed, uint64(100*len(c.team.id)+c.number)))
	for n := 0; ctx.Err() == nil; n++ {
		id := fmt.Sprintf("%s-%d-%d", c.team.id, c.number, n)
		made := c.call(id, (c.number+n)%gateways, c.body(id, n, random))
		c.stage.load.add(made)
		if made.whole {
			pause(ctx, servedPause)
		} else {
			pause(ctx, refusedPause)
		}
	}
}

// body is a call whose first line is its id, by which the model server's bill is found.
func (c *caller) body(id string, n int, random *rand.Rand) string {
	tokens, instructions := 1+random.IntN(50), fmt.Sprintf("delay_ms=%d", random.IntN(200))
	if c.stream {
		tokens, instructions = 10+random.IntN(70), fmt.Sprintf("chunk_delay_ms=%d", chunkEvery.Milliseconds())
	}
	if n%failEvery == failEvery-1 {
		instructions += " fail=500"
	}
	return fmt.Sprintf(`{"model":"gpt-4.1-mini","stream":%t,"max_tokens":100,"messages":[{"role":"user","content":"%s\nfake: prompt_tokens=5 completion_tokens=%d %s"}]}`,
		c.stream, id, tokens, instructions)
}

// call sees one call to its end; it outlives ctx, so that what was begun is finished.
func (c *caller) call(id string, gateway int, body string) (made call) {
	made = call{id: id, team: c.team.id, gateway: gateway, stream: c.stream, started: time.Now()}
	defer func() { made.ended = time.Now() }()
	request, err := http.NewRequest(http.MethodPost, c.stage.gateways[gateway].url+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		made.refusal = "not sent"
		return made
	}
	request.Header.Set("Authorization", "Bearer "+c.team.key)
	request.Header.Set("X-Request-Id", id)
	response, err := c.client.Do(request)
	if err != nil {
		made.refusal = unanswered(err)
		return made
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	made.whole = err == nil && response.StatusCode == http.StatusOK &&
		(!c.stream || strings.HasSuffix(string(data), "data: [DONE]\n\n"))
	if !made.whole {
		made.refusal = refusal(response, err)
		made.held = strings.Contains(string(data), `"reason":"held"`) || response.Header.Get("Retry-After") == "2" || response.Header.Get("Retry-After") == "1"
	}
	return made
}

func unanswered(err error) string {
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return "timed out"
	}
	return "gateway gone"
}

// statusUnavailable is the refusal of a gateway that does not reach its stores.
const statusUnavailable = "503"

func refusal(response *http.Response, broken error) string {
	by := response.Header.Get("x-bursar-denied-by")
	switch {
	case by != "":
		return by
	case response.StatusCode == http.StatusOK:
		return "answer broken off"
	case broken != nil:
		return "gateway gone"
	default:
		return fmt.Sprint(response.StatusCode)
	}
}
