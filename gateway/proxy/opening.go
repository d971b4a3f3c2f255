package proxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
)

const (
	// defaultStreamHold is how long the opening of a stream is kept back.
	defaultStreamHold = 3 * time.Second
	// maxOpening bounds what is kept back.
	maxOpening = 1 << 20
)

var errHeldLongEnough = errors.New("the stream has not said anything for as long as its opening is kept back")

// awaitContent reads the opening of a stream, until the answer itself begins, and puts it back. A provider
// that fails before that has not answered: the client has seen nothing, so another can be asked. A stream
// that says nothing for long is passed on as it is, since clients take silence for a broken connection.
func (p *Proxy) awaitContent(ctx context.Context, c *call, response *http.Response, cancel context.CancelFunc) error {
	if p.StreamHold < 0 || isHTML(response.Header.Get("Content-Type")) || isJSON(response.Header.Get("Content-Type")) {
		return nil
	}
	o := &opening{body: response.Body, cancel: cancel, patience: time.NewTimer(p.StreamHold)}
	defer o.patience.Stop()
	err := o.read(c.endpoint.wire.Meter(), response.Header)
	switch {
	case err == nil, ctx.Err() != nil: // what a client that hung up has caused is worked out from what came
		response.Body = o
		return nil
	default:
		_ = o.Close()
		return err
	}
}

// opening is the body of a stream whose first events were read already. It is read by one goroutine.
type opening struct {
	body   io.ReadCloser
	cancel context.CancelFunc
	// patience ends the wait for content.
	patience *time.Timer
	// kept is what was read and is to be given.
	kept bytes.Buffer
	// pending is a read under way, nil when there is none.
	pending chan part
	// ended is why there is nothing more to read than what is kept.
	ended error
	// answered: the answer itself has begun, and stands whole events long in what is kept.
	answered bool
}

// eventReaders are used again: two read every stream, one its opening and one all of it.
var eventReaders = sync.Pool{New: func() any { return upstream.NewEventReader(nil) }}

func eventReader(stream io.Reader) *upstream.EventReader {
	events, _ := eventReaders.Get().(*upstream.EventReader)
	events.Reset(stream)
	return events
}

func putEventReader(events *upstream.EventReader) {
	events.Reset(nil)
	eventReaders.Put(events)
}

// part is what one read has brought.
type part struct {
	data []byte
	err  error
}

// read reads events until one is of the answer itself, or as long as they may be kept back. Its error says why there is no answer.
func (o *opening) read(meter upstream.Meter, header http.Header) error {
	events := eventReader(heldReader{o})
	defer putEventReader(events)
	for o.kept.Len() < maxOpening {
		event, err := events.Next()
		if errors.Is(err, errHeldLongEnough) || errors.Is(err, upstream.ErrEventTooLong) {
			return nil
		}
		if err != nil && upstream.IsFailure(o.kept.Bytes()) {
			return upstream.RefusedWhole(header, o.kept.Bytes())
		}
		if err != nil {
			return upstream.Unanswered(fmt.Errorf("stream ended before its answer began: %w", err))
		}
		switch reading := meter.Read(event); {
		case reading.Failed && reading.Usage.CompletionTokens == 0:
			return upstream.RefusedInStream(header, event)
		case !reading.Opening:
			o.answered = true
			return nil
		}
	}
	return nil
}

// heldReader reads on from the provider and keeps what came.
type heldReader struct{ opening *opening }

func (h heldReader) Read(p []byte) (int, error) {
	o := h.opening
	if first, is := o.body.(*begun); is && len(first.rest) > 0 && o.pending == nil {
		n, err := first.Read(p)
		o.kept.Write(p[:n])
		return n, err
	}
	if o.pending == nil {
		o.pending = readPart(o.body, len(p))
	}
	select {
	case got := <-o.pending:
		o.pending = nil
		o.ended = got.err
		o.kept.Write(got.data)
		return copy(p, got.data), got.err
	case <-o.patience.C:
		return 0, errHeldLongEnough
	}
}

// readPart reads once, in a goroutine of its own.
func readPart(body io.Reader, size int) chan part {
	done := make(chan part, 1)
	go func() {
		data := make([]byte, size)
		n, err := body.Read(data)
		done <- part{data[:n], err}
	}()
	return done
}

// Read gives what was kept back, then what a read under way brings, then the rest.
func (o *opening) Read(p []byte) (int, error) {
	if o.kept.Len() == 0 && o.pending != nil {
		got := <-o.pending
		o.pending, o.ended = nil, got.err
		o.kept.Write(got.data)
	}
	switch {
	case o.kept.Len() > 0:
		return o.kept.Read(p)
	case o.ended != nil:
		return 0, o.ended
	default:
		return o.body.Read(p)
	}
}

// Close ends a read under way, too.
func (o *opening) Close() error {
	if o.pending != nil {
		o.cancel()
		<-o.pending
		o.pending = nil
	}
	return o.body.Close()
}
