package proxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/tokens"
	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

const (
	// writeTimeout is how long a client may take to accept the events that have come together.
	writeTimeout = 60 * time.Second
	// defaultStreamIdle is how long an upstream may say nothing within a stream.
	defaultStreamIdle = 5 * time.Minute
	// maxKeptText bounds what is kept of a stream for counting it.
	maxKeptText = 16 << 20
)

// stream is an answer that is passed on event by event.
type stream struct {
	call    *call
	client  http.ResponseWriter
	control *http.ResponseController
	meter   upstream.Meter
	text    strings.Builder
	// last is the meter's last word on usage.
	last upstream.Reading
	// end is the upstream's end mark, kept back until the call is settled, and endData what it says.
	end     []byte
	endData []byte
	// idle is how long the upstream may say nothing.
	idle time.Duration
	// begun: something of the answer has come; failed: the upstream said itself that it fails.
	begun, failed bool
	// unsent: something was written and has not gone out.
	unsent bool
	// impossible: an event reported less than nothing.
	impossible bool
	// rounds is how often the provider went on by itself, searches how often it began to search the web.
	rounds, searches int64
}

// passStream passes a stream on as it comes and settles it before its end mark.
func (p *Proxy) passStream(w http.ResponseWriter, r *http.Request, c *call, response *http.Response, cancel context.CancelFunc) error {
	switch kind := response.Header.Get("Content-Type"); {
	case isHTML(kind):
		c.usage = promptOnly(c)
		return p.settleBroken(r.Context(), c, upstream.Broken(errors.New("answer is a page and not a stream")))
	case isJSON(kind):
		return p.passAnswer(w, r, c, response) // some servers know no streams
	}
	s := &stream{idle: p.StreamIdle, call: c, client: w, control: http.NewResponseController(w), meter: c.endpoint.wire.Meter()}
	p.sendHeaders(w, r, c, false)
	s.begin()
	s.hold() // the head goes out with what there is of the answer
	if held, is := response.Body.(*opening); !is || !held.answered {
		_ = s.flush()
	}
	c.firstToken = p.Now().Sub(c.started)
	silence := time.AfterFunc(p.StreamIdle, cancel)
	defer silence.Stop()
	started := time.Now()
	events := eventReader(response.Body)
	broken := s.pass(events, silence)
	putEventReader(events)
	c.upstreamFor += time.Since(started)
	cancel() // whatever is still to come is not wanted
	err := p.settleStream(r.Context(), s)
	setCostTrailers(w.Header(), c)
	s.conclude(p, r.Context(), broken, err)
	return nil
}

// settleStream settles what came of a stream. One that said nothing but that it fails is a call that failed.
func (p *Proxy) settleStream(ctx context.Context, s *stream) error {
	if s.failed && !s.begun {
		p.giveBack(ctx, s.call, 0)
		p.void(ctx, s.call, voided{})
		return nil
	}
	s.call.usage = s.finalUsage(ctx, p)
	return p.settle(ctx, s.call)
}

// conclude tells the client how its stream ends: with what the upstream said last, or with what went wrong.
func (s *stream) conclude(p *Proxy, client context.Context, broken, unsettled error) {
	switch {
	case hasHungUp(client, broken):
		s.call.reason = string(api.ClientClosed)
	case unsettled != nil:
		s.fail(unsettled)
	case broken != nil:
		s.fail(s.call.worded(upstream.Broken(broken)))
	default:
		if s.call.endpoint.settled != nil {
			s.call.endpoint.settled(p, client, s.call, s.endData)
		}
		s.finish()
	}
}

// hangUp is why nothing more could be sent to a client.
type hangUp struct{ error }

func (h hangUp) Unwrap() error { return h.error }

// hasHungUp says whether an answer was broken off by the client.
func hasHungUp(client context.Context, broken error) bool {
	_, unsent := errors.AsType[hangUp](broken)
	return unsent || broken != nil && client.Err() != nil
}

func (s *stream) begin() {
	header := s.client.Header()
	header.Set("Content-Type", "text/event-stream; charset=utf-8")
	header.Set("Cache-Control", "no-cache")
	header.Set("X-Accel-Buffering", "no")
	header.Set("Trailer", costTrailers)
	s.client.WriteHeader(http.StatusOK)
}

// pass hands on events until the end mark, those that come together in one piece. It returns why a stream ended without
// one.
func (s *stream) pass(events *upstream.EventReader, silence *time.Timer) error {
	for {
		if !events.Ready() {
			if err := s.flush(); err != nil {
				return err
			}
		}
		event, err := events.Next()
		if errors.Is(err, io.EOF) && s.last.Counted {
			return nil // usage is the last thing some servers send
		}
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		silence.Reset(s.idle)
		reading := s.note(event)
		if reading.End {
			s.end, s.endData = bytes.Clone(event.Raw), bytes.Clone(event.Data)
			if s.failed = reading.Failed; reading.Failed {
				s.call.reason = string(api.Upstream)
			}
			return s.flush() // what came before it waits for no settling
		}
		if reading.OnlyUsage && !s.call.WantsUsage {
			continue // clients that did not ask for it would stumble over it
		}
		if err := s.write(event.Raw); err != nil {
			return err
		}
	}
}

// note keeps what the event says about usage and text.
func (s *stream) note(event upstream.Event) upstream.Reading {
	reading := s.meter.Read(event)
	switch {
	case reading.Counted, reading.PromptCounted:
		s.last, s.impossible = reading, s.impossible && reading.Usage.PromptTokens == 0
	case upstream.Impossible(event.Data):
		s.last, s.impossible = upstream.Reading{}, true
	}
	s.begun = s.begun || !reading.Opening && (!reading.Failed || reading.Usage.CompletionTokens > 0)
	s.call.hearSearches(event.Data)
	s.rounds += reading.Rounds
	s.searches += reading.Searches
	s.call.produced.Add(int64(len(reading.Text)))
	if s.text.Len() < maxKeptText {
		s.text.WriteString(reading.Text)
	}
	return reading
}

// write puts data behind what has not gone out yet.
func (s *stream) write(data []byte) error {
	s.hold()
	if _, err := s.client.Write(data); err != nil {
		return hangUp{err}
	}
	return nil
}

// hold notes that something waits for [stream.flush].
func (s *stream) hold() {
	if s.unsent {
		return
	}
	s.unsent = true
	_ = s.control.SetWriteDeadline(time.Now().Add(writeTimeout))
}

// flush sends what was written.
func (s *stream) flush() error {
	if !s.unsent {
		return nil
	}
	s.unsent = false
	if err := s.control.Flush(); err != nil {
		return hangUp{err}
	}
	return nil
}

// finalUsage is what the upstream reported, or a count of what it produced.
func (s *stream) finalUsage(ctx context.Context, p *Proxy) pricing.Usage {
	switch {
	case s.impossible:
		return p.replaced(ctx, s.call, s.countedUsage())
	case s.last.Counted:
		return p.believed(ctx, s.call, s.last.Usage, s.countedUsage)
	case s.last.PromptCounted:
		usage := p.believed(ctx, s.call, s.last.Usage, s.countedUsage)
		usage.CompletionTokens = max(usage.CompletionTokens, s.countedText())
		return s.call.withRounds(usage, s.rounds, s.searches)
	default:
		return s.call.withRounds(s.countedUsage(), s.rounds, s.searches)
	}
}

func (s *stream) countedText() int64 {
	return tokens.CountText(s.call.deployment.UpstreamModel, s.text.String())
}

func (s *stream) countedUsage() pricing.Usage {
	usage := likelyUse(s.call)
	usage.CompletionTokens = max(usage.CompletionTokens, s.countedText())
	return usage
}

func (s *stream) finish() {
	if s.end != nil && either(s.write(s.end), s.flush()) != nil {
		s.call.reason = string(api.ClientClosed)
	}
}

// fail tells a client that the stream is not whole: an error event instead of the end mark.
func (s *stream) fail(err error) {
	var failure *api.Error
	if !errors.As(err, &failure) {
		failure = api.Errorf(api.Internal, "the stream broke")
	}
	s.call.reason = string(failure.Code)
	_ = either(s.write(s.call.endpoint.voice.say(failure)), s.flush())
}
