package proxy

import (
	"context"
	"fmt"
	"net/http"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Cut ends the calls that are under way, because the gateway stops, and those that still come: each is settled at what
// is known of it, and its client told. It returns how many there were, once they have ended.
func (p *Proxy) Cut(ctx context.Context) (calls int, err error) {
	calls = p.live.cut()
	for {
		left, ended := p.live.left()
		if left == 0 {
			return calls, nil
		}
		select {
		case <-ended:
		case <-ctx.Done():
			return calls, fmt.Errorf("settle %d calls that were cut off: %w", left, ctx.Err())
		}
	}
}

func (l *liveCalls) cut() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopping = true
	for c, end := range l.calls {
		c.cutOff.Store(true)
		end()
	}
	return len(l.calls)
}

// left is how many calls have not ended, and what is closed when one does.
func (l *liveCalls) left() (int, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended == nil {
		l.ended = make(chan struct{})
	}
	return len(l.calls), l.ended
}

// worded says of a call that was cut off why it failed: not the provider broke it off.
func (c *call) worded(failure error) error {
	if failure == nil || !c.cutOff.Load() || api.CodeOf(failure) == api.StoreUnavailable {
		return failure
	}
	charged := "nothing was charged"
	if c.booked {
		charged = "what the provider is known to have worked for it was charged"
	}
	stopping := api.Errorf(api.Stopping, "the gateway stops and could not wait for the end of this answer; %s; send the request again", charged).WithCause(failure)
	stopping.Header = http.Header{"Retry-After": {"1"}}
	return stopping
}
