package proxy

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/bursarhq/terraform-provider-bursar/gateway/pricing"
	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	// writeTimeout is how long a client may take to accept one event.
	writeTimeout = 60 * time.Second
	// silenceTimeout is how long an upstream may say nothing within a stream.
	silenceTimeout = 5 * time.Minute
	// maxKeptText bounds what is kept of a stream for counting it.
	maxKeptText = 16 << 20
)

// stream is an answer that is passed on event by event.
type stream struct {
	call    *call
	client  http.ResponseWriter
	control *http.ResponseController
	text    strings.Builder
	usage   pricing.Usage
	// counted: the upstream has reported the usage.
	counted bool
	// end is the upstream's end mark, kept back until the call is settled.
	end []byte
}

// passStream passes a stream on as it comes and settles it before its end mark.
func (p *Proxy) passStream(w http.ResponseWriter, r *http.Request, c *call, response *http.Response, cancel context.CancelFunc) error {
	s := &stream{call: c, client: w, control: http.NewResponseController(w)}
	stop := context.AfterFunc(r.Context(), cancel) // a client that hangs up ends the upstream's work
	defer stop()
	s.begin()
	silence := time.AfterFunc(silenceTimeout, cancel)
	defer silence.Stop()
	started := time.Now()
	broken := s.pass(upstream.NewEventReader(response.Body), silence)
	c.upstreamFor += time.Since(started)
	cancel() // whatever is still to come is not wanted
	c.usage = s.finalUsage()
	err := p.settle(r.Context(), c)
	switch {
	case err != nil:
		s.fail(err)
	case broken != nil:
		s.fail(upstream.Broken(broken))
	default:
		s.finish()
	}
	return nil
}

func (s *stream) begin() {
	header := s.client.Header()
	setCallHeaders(header, s.call)
	header.Set("Content-Type", "text/event-stream; charset=utf-8")
	header.Set("Cache-Control", "no-cache")
	header.Set("X-Accel-Buffering", "no")
	s.client.WriteHeader(http.StatusOK)
	_ = s.control.Flush()
}

// pass hands on events until the end mark. It returns why a stream ended without one.
func (s *stream) pass(events *upstream.EventReader, silence *time.Timer) error {
	for {
		event, err := events.Next()
		if errors.Is(err, io.EOF) && s.counted {
			return nil // usage is the last thing some servers send
		}
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		silence.Reset(silenceTimeout)
		if event.Done() {
			s.end = append([]byte(nil), event.Raw...)
			return nil
		}
		if s.note(event) {
			continue
		}
		if err := s.write(event.Raw); err != nil {
			return err
		}
	}
}

// note reads what the event says about usage and text. It returns true for the usage event
// that only the gateway asked for: clients that did not would stumble over its empty choices.
func (s *stream) note(event upstream.Event) (hide bool) {
	if event.Data == nil {
		return false
	}
	if usage, ok := upstream.ParseUsage(event.Data); ok {
		s.usage, s.counted = priced(usage), true
		return !s.call.wantsUsage && gjson.GetBytes(event.Data, "choices.#").Int() == 0
	}
	text := upstream.DeltaText(event.Data)
	s.call.produced.Add(int64(len(text)))
	if s.text.Len() < maxKeptText {
		s.text.WriteString(text)
	}
	return false
}

func (s *stream) write(data []byte) error {
	_ = s.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := s.client.Write(data); err != nil {
		return err
	}
	return s.control.Flush()
}

// finalUsage is what the upstream reported, or a count of what it produced.
func (s *stream) finalUsage() pricing.Usage {
	if s.counted {
		return s.usage
	}
	return pricing.Usage{
		PromptTokens:     pricing.EstimateTokens(s.call.deployment.UpstreamModel, s.call.body),
		CompletionTokens: pricing.CountText(s.call.deployment.UpstreamModel, s.text.String()),
	}
}

func (s *stream) finish() {
	if s.end != nil {
		_ = s.write(s.end)
	}
}

// fail tells a client that the stream is not whole: an error event instead of the end mark.
func (s *stream) fail(err error) {
	var failure *api.Error
	if !errors.As(err, &failure) {
		failure = api.Errorf(api.Internal, "the stream broke")
	}
	s.call.reason = string(failure.Code)
	body, _ := json.Marshal(failure.Body()) // strings and numbers only: it cannot fail
	_ = s.write(append(append([]byte("data: "), body...), "\n\n"...))
}
