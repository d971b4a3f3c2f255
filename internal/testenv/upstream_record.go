package testenv

import (
	"context"
	"net/http"
	"time"
)

// Usage is what a request used of the model.
type Usage struct {
	PromptTokens     int64
	CachedTokens     int64
	CompletionTokens int64
	ReasoningTokens  int64
}

// Bill is the sum of what a fake model server would charge for.
type Bill struct {
	// Requests counts those that produced at least one token.
	Requests int64
	Usage
}

// UpstreamRequest is one request that the fake model server received.
type UpstreamRequest struct {
	Method string
	Path   string
	Header http.Header
	Body   []byte
	At     time.Time
	// Status is the one answered, 0 while nothing was.
	Status int
	// Billed is what the server would charge for, whatever its answer claimed.
	// A stream that ended early is billed for what it had produced.
	Billed Usage
	// Chunks are the content chunks of a stream that were written.
	Chunks int
	// ClientGone says that the client hung up before the answer was complete.
	ClientGone bool
	// Finished says that the server is done with the request.
	Finished bool
}

// Requests returns what was received so far, oldest first, requests under way included.
func (u *Upstream) Requests() []UpstreamRequest {
	u.mu.Lock()
	defer u.mu.Unlock()
	requests := make([]UpstreamRequest, len(u.requests))
	for i, r := range u.requests {
		requests[i] = *r
	}
	return requests
}

// Billed returns the sum over all finished requests since the start or the last Reset.
func (u *Upstream) Billed() Bill {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.billed
}

// Running returns how many requests are under way, and the most there were at once.
func (u *Upstream) Running() (now, peak int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.running, u.peak
}

// WaitRunning waits until at least n requests are under way.
func (u *Upstream) WaitRunning(ctx context.Context, n int) error {
	return u.signal.await(ctx, &u.mu, func() bool { return u.running >= n })
}

// WaitFinished waits until at least n requests are finished since the start or the last Reset.
func (u *Upstream) WaitFinished(ctx context.Context, n int) error {
	return u.signal.await(ctx, &u.mu, func() bool { return u.finished >= n })
}

// Reset forgets all requests, sums and queued behaviours. Requests under way go on.
func (u *Upstream) Reset() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.requests, u.next = nil, nil
	u.billed, u.finished, u.peak = Bill{}, 0, u.running
}

func (u *Upstream) begin(w http.ResponseWriter, r *http.Request, body []byte) *call {
	u.mu.Lock()
	defer u.mu.Unlock()
	record := &UpstreamRequest{Method: r.Method, Path: r.URL.Path, At: time.Now()}
	if keep := u.options.KeepRequests; keep > 0 {
		record.Header, record.Body = r.Header, body
		u.requests = append(u.requests, record)
		u.requests = u.requests[max(0, len(u.requests)-keep):]
	}
	behaviour := u.standard
	if len(u.next) > 0 {
		behaviour, u.next = u.next[0], u.next[1:]
	}
	u.running++
	u.peak = max(u.peak, u.running)
	u.signal.notifyLocked()
	return &call{upstream: u, w: w, ctx: r.Context(), body: body, behaviour: behaviour, record: record, release: u.release}
}

func (u *Upstream) end(record *UpstreamRequest) {
	u.mu.Lock()
	defer u.mu.Unlock()
	record.Finished = true
	u.running--
	u.finished++
	if record.Billed != (Usage{}) {
		u.billed.Requests++
		u.billed.PromptTokens += record.Billed.PromptTokens
		u.billed.CachedTokens += record.Billed.CachedTokens
		u.billed.CompletionTokens += record.Billed.CompletionTokens
		u.billed.ReasoningTokens += record.Billed.ReasoningTokens
	}
	u.signal.notifyLocked()
}

// note changes the call's record under the lock, because tests read records of running requests.
func (c *call) note(change func(*UpstreamRequest)) {
	c.upstream.mu.Lock()
	defer c.upstream.mu.Unlock()
	change(c.record)
}
