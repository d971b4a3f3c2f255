// Package meter is a provider of models that writes down what it was asked for: the bench's own yardstick.
//
// It promises to answer as much as a call asks for and no more than it may, to report that as usage, and to remember
// when each call came and what it was answered. It must never know of limits, nor of who stands between.
package meter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// What a token of the only model costs: 10 and 40 dollars a million.
const (
	PromptTokenNano     money.Nano = 10_000
	CompletionTokenNano money.Nano = 40_000
)

// besidesWords are the tokens that a prompt has besides its words.
const besidesWords = 7

// Order is what a call asks of the provider. It travels in the words of the prompt, so that any gateway hands it on.
type Order struct {
	// ID is the call's. A gateway that tries twice shows as one call that came twice.
	ID string
	// Words pad the prompt.
	Words int
	// Answer is how many tokens to answer, one an event where it streams.
	Answer int64
	// Pause is what a plain answer takes, and each event of a stream.
	Pause time.Duration
}

const orderMark = "quotabench"

// Prompt is the order in words.
func (o Order) Prompt() string {
	return fmt.Sprintf("%s %s %d %s%s", orderMark, o.ID, o.Answer, o.Pause, strings.Repeat(" hello", o.Words))
}

// PromptTokens are what the prompt counts.
func (o Order) PromptTokens() int64 { return int64(len(strings.Fields(o.Prompt()))) + besidesWords }

// Cost is what the call costs when it is answered in full.
func (o Order) Cost() money.Nano { return cost(o.PromptTokens(), o.Answer) }

func cost(prompt, completion int64) money.Nano {
	return money.Nano(prompt)*PromptTokenNano + money.Nano(completion)*CompletionTokenNano
}

func orderOf(prompt string) (Order, error) {
	words := strings.Fields(prompt)
	if len(words) < 4 || words[0] != orderMark {
		return Order{}, fmt.Errorf("the last message is no order of the bench: it begins with %q", fmt.Sprintf("%.20s", prompt))
	}
	answer, err := strconv.ParseInt(words[2], 10, 64)
	if err != nil {
		return Order{}, fmt.Errorf("read how much to answer: %w", err)
	}
	pause, err := time.ParseDuration(words[3])
	if err != nil {
		return Order{}, fmt.Errorf("read how long to take: %w", err)
	}
	return Order{ID: words[1], Words: len(words) - 4, Answer: answer, Pause: pause}, nil
}

// Entry is what became of a call here.
type Entry struct {
	ID                 string
	Arrived, Ended     time.Time
	Prompt, Completion int64
	// Events are when each token of a stream was sent; nil for a plain answer.
	Events []time.Time
	// Cut says that the gateway allowed less of an answer than the call asked for.
	Cut bool
}

// Tokens are all that was used.
func (e Entry) Tokens() int64 { return e.Prompt + e.Completion }

// Cost is what the provider charges.
func (e Entry) Cost() money.Nano { return cost(e.Prompt, e.Completion) }

// CostBy is the cost without what was sent after a moment.
func (e Entry) CostBy(moment time.Time) money.Nano {
	if e.Events == nil {
		return e.Cost()
	}
	sent := int64(0)
	for _, at := range e.Events {
		if !at.After(moment) {
			sent++
		}
	}
	return cost(e.Prompt, sent)
}

// Meter is the provider: an [http.Handler] for POST …/chat/completions in OpenAI's form.
type Meter struct {
	mu      sync.Mutex
	entries []Entry
}

// Entries are the calls of a scenario, whose ids begin with its name, in the order in which they came.
func (m *Meter) Entries(prefix string) []Entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []Entry
	for _, entry := range m.entries {
		if strings.HasPrefix(entry.ID, prefix) {
			found = append(found, entry)
		}
	}
	return found
}

type request struct {
	Model               string    `json:"model"`
	Messages            []message `json:"messages"`
	Stream              bool      `json:"stream"`
	MaxTokens           int64     `json:"max_tokens"`
	MaxCompletionTokens int64     `json:"max_completion_tokens"`
}

type message struct {
	Content json.RawMessage `json:"content"`
}

// text is the message's, also where a gateway made parts of it.
func (m message) text() string {
	var plain string
	if json.Unmarshal(m.Content, &plain) == nil {
		return plain
	}
	var parts []struct {
		Text string `json:"text"`
	}
	if json.Unmarshal(m.Content, &parts) != nil || len(parts) == 0 {
		return ""
	}
	return parts[0].Text
}

// ServeHTTP implements [http.Handler].
func (m *Meter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	arrived := time.Now()
	if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/chat/completions") {
		refuse(w, http.StatusNotFound, "this provider has POST /v1/chat/completions only")
		return
	}
	var asked request
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || len(asked.Messages) == 0 {
		refuse(w, http.StatusBadRequest, "the body is no chat completion")
		return
	}
	order, err := orderOf(asked.Messages[len(asked.Messages)-1].text())
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	entry := Entry{ID: order.ID, Arrived: arrived, Prompt: order.PromptTokens()}
	answer := order.Answer
	if allowed := max(asked.MaxTokens, asked.MaxCompletionTokens); allowed > 0 && allowed < answer {
		answer, entry.Cut = allowed, true
	}
	at := m.begin(entry)
	if asked.Stream {
		m.stream(w, r, at, order, asked.Model, answer)
	} else {
		m.plain(w, at, order, asked.Model, answer)
	}
	m.change(at, func(e *Entry) { e.Ended = time.Now() })
}

func (m *Meter) begin(entry Entry) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries = append(m.entries, entry)
	return len(m.entries) - 1
}

func (m *Meter) change(at int, change func(*Entry)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(&m.entries[at])
}

// plain charges the whole answer, whoever is left to hear it: a provider has worked it out by then.
func (m *Meter) plain(w http.ResponseWriter, at int, order Order, model string, answer int64) {
	m.change(at, func(e *Entry) { e.Completion = answer })
	time.Sleep(order.Pause)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"id": "chatcmpl-" + order.ID, "object": "chat.completion", "created": time.Now().Unix(), "model": model,
		"choices": []any{map[string]any{
			"index": 0, "finish_reason": "stop",
			"message": map[string]any{"role": "assistant", "content": strings.TrimSpace(strings.Repeat(" hello", int(answer)))},
		}},
		"usage": usageOf(order, answer),
	})
}

// stream charges what was sent before the other side hung up.
func (m *Meter) stream(w http.ResponseWriter, r *http.Request, at int, order Order, model string, answer int64) {
	w.Header().Set("Content-Type", "text/event-stream")
	flush := http.NewResponseController(w)
	send := func(choices []any, usage any) bool {
		event, err := json.Marshal(map[string]any{
			"id": "chatcmpl-" + order.ID, "object": "chat.completion.chunk", "created": time.Now().Unix(), "model": model,
			"choices": choices, "usage": usage,
		})
		if err != nil {
			return false
		}
		line := bytes.Join([][]byte{[]byte("data: "), event, []byte("\n\n")}, nil)
		if _, err := w.Write(line); err != nil || flush.Flush() != nil {
			return false
		}
		return r.Context().Err() == nil
	}
	for range answer {
		time.Sleep(order.Pause)
		if r.Context().Err() != nil {
			return
		}
		m.change(at, func(e *Entry) {
			e.Completion++
			e.Events = append(e.Events, time.Now())
		})
		if !send([]any{map[string]any{"index": 0, "delta": map[string]any{"content": " hello"}}}, nil) {
			return
		}
	}
	if send([]any{map[string]any{"index": 0, "delta": map[string]any{}, "finish_reason": "stop"}}, nil) && send([]any{}, usageOf(order, answer)) {
		_, _ = w.Write([]byte("data: [DONE]\n\n"))
	}
}

func usageOf(order Order, answer int64) map[string]int64 {
	prompt := order.PromptTokens()
	return map[string]int64{"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}
}

func refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"message": text, "type": "invalid_request_error"}})
}
