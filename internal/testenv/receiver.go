package testenv

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"sync"
	"time"
)

// Letter is one message that a receiver took, or refused.
type Letter struct {
	Path   string
	Header http.Header
	Body   []byte
	At     time.Time
	// Status is what was answered.
	Status int
	// Refusal says which rule of the receiver's the message broke; "" for one that was taken.
	Refusal string
}

// Receiver takes messages by the rules of one kind of receiver, remembers them and refuses what breaks a rule.
type Receiver struct {
	server *server
	// judge answers a request by the rules: with a status and a body, and the rule that was broken.
	judge func(r *http.Request, body []byte) verdict

	mu      sync.Mutex
	signal  signal
	down    int
	letters []Letter
}

// verdict is what a receiver answers.
type verdict struct {
	status  int
	answer  string
	header  http.Header
	refusal string
}

func refuse(status int, answer, format string, args ...any) verdict {
	return verdict{status: status, answer: answer, refusal: fmt.Sprintf(format, args...)}
}

func startReceiver(judge func(*http.Request, []byte) verdict) (*Receiver, error) {
	r := &Receiver{judge: judge}
	server, err := startServer("", http.HandlerFunc(r.receive))
	if err != nil {
		return nil, err
	}
	r.server = server
	return r, nil
}

// URL is the receiver's address, without a path.
func (r *Receiver) URL() string { return "http://" + r.server.address() }

// Close stops the receiver.
func (r *Receiver) Close() error { return r.server.close() }

// Down makes the receiver answer everything with the status, until it is 0.
func (r *Receiver) Down(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down = status
}

// Letters are all that came, those that were refused included, oldest first.
func (r *Receiver) Letters() []Letter {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Letter(nil), r.letters...)
}

// Wait waits until at least n letters have come and returns all of them.
func (r *Receiver) Wait(ctx context.Context, n int) ([]Letter, error) {
	err := r.signal.await(ctx, &r.mu, func() bool { return len(r.letters) >= n })
	return r.Letters(), err
}

func (r *Receiver) receive(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, 1<<20))
	if err != nil {
		http.Error(w, "the body could not be read", http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	given := verdict{status: r.down, answer: "down", refusal: "the receiver is down"}
	if r.down == 0 {
		given = r.judge(request, body)
	}
	r.letters = append(r.letters, Letter{
		Path: request.URL.Path, Header: request.Header, Body: body, At: time.Now(), Status: given.status, Refusal: given.refusal,
	})
	r.signal.notifyLocked()
	maps.Copy(w.Header(), given.header)
	w.WriteHeader(given.status)
	_, _ = io.WriteString(w, given.answer)
}

// object reads a body that must be JSON of a request that says so.
func object(r *http.Request, body []byte, into any) string {
	if r.Method != http.MethodPost {
		return "the method is " + r.Method
	}
	if kind := r.Header.Get("Content-Type"); kind != "application/json" && kind != "application/json; charset=utf-8" {
		return "the Content-Type is " + kind
	}
	if err := json.Unmarshal(body, into); err != nil {
		return "the body is no JSON: " + err.Error()
	}
	return ""
}
