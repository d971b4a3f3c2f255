package quotabench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/quotabench/meter"
)

// outcome is what a client saw of its call.
type outcome struct {
	id             string
	sent, answered time.Time
	// status is 0 when no answer came.
	status int
}

func (o outcome) ok() bool { return o.status >= 200 && o.status < 300 }

// refused says that a limit spoke: gateways answer 429, 402, 403 or 400 for one.
func (o outcome) refused() bool { return o.status >= 400 && o.status < 500 }

func countCalls(outcomes []outcome) (calls Calls) {
	calls.Sent = len(outcomes)
	for _, one := range outcomes {
		switch {
		case one.ok():
			calls.Answered++
		case one.refused():
			calls.Refused++
		default:
			calls.Failed++
		}
	}
	return calls
}

// call is what a scenario sends.
type call struct {
	answer int64
	pause  time.Duration
	// stopAfter is after how many events the client hangs up; 0 for a plain call.
	stopAfter int
}

// likely is the call of most scenarios.
var likely = call{answer: 60}

const promptWords = 40

func (c call) order(id string) meter.Order {
	return meter.Order{ID: id, Words: promptWords, Answer: c.answer, Pause: c.pause}
}

func (c call) cost() int64   { return int64(c.order("id").Cost()) }
func (c call) tokens() int64 { return c.order("id").PromptTokens() + c.answer }

// stage is a scenario under way.
type stage struct {
	*Bench
	name string
	pot  Pot

	mu       sync.Mutex
	outcomes []outcome
}

func (s *stage) entries() []meter.Entry { return s.Meter.Entries(s.name + "-") }

// burst sends calls at the same time, by turns to each replica and with each key, and returns when all have ended.
func (s *stage) burst(ctx context.Context, count int, c call) {
	var group sync.WaitGroup
	for range count {
		group.Go(func() { s.send(ctx, c) })
	}
	group.Wait()
}

// send sends a call and notes what became of it.
func (s *stage) send(ctx context.Context, c call) outcome {
	s.mu.Lock()
	number := len(s.outcomes)
	s.outcomes = append(s.outcomes, outcome{id: fmt.Sprintf("%s-%d", s.name, number), sent: time.Now()})
	one := s.outcomes[number]
	s.mu.Unlock()

	status, err := s.post(ctx, s.URLs[number%len(s.URLs)], s.pot.Keys[number/len(s.URLs)%len(s.pot.Keys)], c, one.id)
	if err != nil {
		status = 0
	}
	one.status, one.answered = status, time.Now()
	s.mu.Lock()
	s.outcomes[number] = one
	s.mu.Unlock()
	return one
}

func (s *stage) post(ctx context.Context, url, key string, c call, id string) (int, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	body, err := json.Marshal(map[string]any{
		"model": s.Model, "stream": c.stopAfter > 0, "max_tokens": c.answer,
		"messages": []any{map[string]any{"role": "user", "content": c.order(id).Prompt()}},
	})
	if err != nil {
		return 0, fmt.Errorf("write the call: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(url, "/")+"/v1/chat/completions", bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("make the request: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+key)
	response, err := (&http.Client{Transport: s.Transport}).Do(request)
	if err != nil {
		return 0, fmt.Errorf("call the gateway: %w", err)
	}
	defer response.Body.Close()
	if c.stopAfter > 0 && response.StatusCode == http.StatusOK {
		return response.StatusCode, readEvents(response.Body, c.stopAfter)
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return 0, fmt.Errorf("read the answer: %w", err)
	}
	return response.StatusCode, nil
}

// readEvents reads so many events of a stream.
func readEvents(body io.Reader, count int) error {
	lines := bufio.NewScanner(body)
	for count > 0 && lines.Scan() {
		if strings.HasPrefix(lines.Text(), "data:") {
			count--
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the stream: %w", err)
	}
	if count > 0 {
		return errors.New("the stream ended early")
	}
	return nil
}

// compareMoney waits until the gateway reports what the provider charged, reports the same for long, or the bench is
// out of patience.
func (s *stage) compareMoney(ctx context.Context) (*Money, error) {
	const longTheSame = 30 * time.Second
	now := time.Now()
	last, since := money.Nano(-1), now
	for deadline := now.Add(s.Patience); ; {
		reported, err := s.Gateway.Spent(ctx, s.pot)
		if errors.Is(err, ErrCannot) {
			return nil, nil //nolint:nilnil // nothing to compare with
		}
		late := time.Now().After(deadline)
		if err != nil && late {
			return nil, fmt.Errorf("ask what was spent: %w", err)
		}
		if err == nil {
			if reported != last {
				last, since = reported, time.Now()
			}
			if told := s.charged(reported); late || told.Metered == reported || time.Since(since) > longTheSame {
				return &told, nil
			}
		}
		if err := sleep(ctx, time.Second); err != nil {
			return nil, err
		}
	}
}

func (s *stage) charged(reported money.Nano) Money {
	told := Money{Reported: reported}
	ended := map[string]outcome{}
	for _, one := range s.outcomes {
		ended[one.id] = one
	}
	for _, entry := range s.entries() {
		told.Metered += entry.Cost()
		if one := ended[entry.ID]; one.ok() {
			told.Received += entry.CostBy(one.answered)
		}
	}
	return told
}

func sleep(ctx context.Context, length time.Duration) error {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
