package proxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/deployment"
	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// forward sends the call to a deployment and returns a successful answer. A call that only others' reservations
// keep out of the deployments' limits waits for them. An error says whether the call was sent at all: see [unsent].
// Once the client, whose context is given apart, has hung up, nobody else is asked; and what that has caused is not
// the deployment's fault.
func (p *Proxy) forward(ctx, client context.Context, c *call) (*http.Response, error) {
	deadline, poll := p.Now().Add(p.ContentionWait), contentionPollMin
	for {
		response, full, err := p.forwardOnce(ctx, client, c)
		if full == nil || !full.held || !p.Now().Before(deadline) {
			return response, err
		}
		if err := sleep(client, poll); err != nil {
			return nil, unsent{clientGone(err)}
		}
		poll = min(2*poll, contentionPollMax)
	}
}

// forwardOnce asks one deployment after the other. One that fails before its answer begins is followed by another; the
// client is charged once. A call for which none had room says why.
func (p *Proxy) forwardOnce(ctx, client context.Context, c *call) (*http.Response, *atLimit, error) {
	route := c.served.Route()
	var failed deployment.Deployment
	var failure error
	var full *atLimit
	for route.Next(p.Now()) {
		c.deployment = route.Deployment()
		refused, err := p.take(ctx, c, c.deployment)
		if err != nil {
			failure = either(failure, unsent{err})
			break
		}
		if refused != nil {
			full = full.either(refused)
			continue
		}
		route.Sent()
		c.beginAsking()
		response, err := p.send(ctx, c)
		if err == nil {
			route.Answered()
			return response, nil, nil
		}
		c.endAsking(err)
		p.giveBack(ctx, c, 0)
		if failure == nil || !upstream.MayBill(failure) {
			failed, failure = c.deployment, err
		}
		if ctx.Err() != nil || !upstream.Retryable(err) {
			break
		}
		again := route.Failed(p.Now(), retryAfter(err, p.Now()))
		if route.Cooling(p.Now()) {
			p.tellFailing(c.served.Label, c.deployment)
		}
		if !again || client.Err() != nil {
			break
		}
	}
	if failure == nil {
		return nil, full, unsent{full.refusal(c)}
	}
	c.deployment = failed
	return nil, nil, failure
}

func either(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

// unsent marks the refusal of a call that no upstream has seen.
type unsent struct{ error }

func (u unsent) Unwrap() error { return u.error }

var errTooSlow = errors.New("no byte within the time for the first one")

// send asks the call's deployment and waits for the first byte of a successful answer.
func (p *Proxy) send(ctx context.Context, c *call) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	timeout := c.served.FirstByteTimeout()
	timer := time.AfterFunc(timeout, func() { cancel(fmt.Errorf("%w: %s", errTooSlow, timeout)) })
	defer timer.Stop()
	sent := time.Now()
	defer func() { c.upstreamFor += time.Since(sent) }()
	response, err := p.Upstream.Send(ctx, c.deployment.Deployment, c.upstreamCall())
	if err != nil {
		return nil, err
	}
	if !c.endpoint.succeeds(response.StatusCode) {
		defer response.Body.Close()
		return nil, upstream.Refused(response)
	}
	if err := awaitFirstByte(response, c.Stream); err != nil {
		response.Body.Close()
		return nil, upstream.Unanswered(fmt.Errorf("answer of %s: %w", c.deployment.Host(), err))
	}
	whole := !c.Stream || isJSON(response.Header.Get("Content-Type"))
	if whole && !timer.Stop() {
		return response, nil // one that came in the last moment ends with its context
	}
	if !c.endpoint.binary && !c.endpoint.free {
		if err := refuseFailed(response, whole); err != nil {
			return nil, err
		}
	}
	if whole || !timer.Stop() {
		return response, nil
	}
	if err := p.awaitContent(ctx, c, response, func() { cancel(context.Canceled) }); err != nil {
		return nil, err
	}
	return response, nil
}

// awaitFirstByte returns when the answer has begun, and puts back what came. A stream that ends before it
// has begun is no answer; a whole answer without a body is for others to judge.
func awaitFirstByte(response *http.Response, stream bool) error {
	part, _ := firstParts.Get().(*[firstPart]byte)
	n, err := io.ReadAtLeast(response.Body, part[:], 1)
	if n > 0 {
		response.Body = &begun{ReadCloser: response.Body, part: part, rest: part[:n]}
		return nil
	}
	firstParts.Put(part)
	if errors.Is(err, io.EOF) && !stream {
		return nil
	}
	return err
}

// firstPart is how much of an answer is read at first: most are no longer.
const firstPart = 4 << 10

var firstParts = sync.Pool{New: func() any { return new([firstPart]byte) }}

// begun is a body of which the first part was read already. It is read by one goroutine.
type begun struct {
	io.ReadCloser
	part *[firstPart]byte
	// rest is what was not given yet of the part.
	rest []byte
	// ended is why nothing follows, once that was seen.
	ended error
}

// fill reads on until the part is full or the answer ends, and returns what of the answer was not given yet.
func (b *begun) fill(announced int64) []byte {
	n := len(b.rest)
	for n < len(b.part) && int64(n) != announced && b.ended == nil {
		var more int
		more, b.ended = b.ReadCloser.Read(b.part[n:])
		n += more
	}
	b.rest = b.part[:n]
	return b.rest
}

// Read gives the first part, then the others.
func (b *begun) Read(p []byte) (int, error) {
	if len(b.rest) == 0 {
		if b.ended != nil {
			return 0, b.ended
		}
		var n int
		n, b.ended = b.ReadCloser.Read(p)
		return n, b.ended
	}
	n := copy(p, b.rest)
	if b.rest = b.rest[n:]; len(b.rest) == 0 {
		firstParts.Put(b.part)
		b.part, b.rest = nil, nil
	}
	return n, nil
}

// retryAfter is how long an upstream asks to be left alone, 0 when it does not.
func retryAfter(err error, now time.Time) time.Duration {
	var refused *api.Error
	if !errors.As(err, &refused) || refused.Header == nil {
		return 0
	}
	return api.RetryAfter(refused.Header, now)
}

// upstreamCall is the call as a provider is asked.
func (c *call) upstreamCall() upstream.Call {
	return upstream.Call{
		Wire: c.endpoint.wire, Method: cmp.Or(c.method, c.endpoint.method), Path: cmp.Or(c.path, c.endpoint.path), Body: c.Body,
		OutputCap: c.outputCap(), Stream: c.Stream, Header: c.Header, ContentType: c.ContentType, Trace: c.asking.Header(),
	}
}
