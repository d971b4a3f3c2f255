package upstream

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxEventLen bounds one event of a stream; real ones are a few hundred bytes.
const maxEventLen = 8 << 20

// ErrEventTooLong ends a stream whose event does not end.
var ErrEventTooLong = errors.New("stream event is longer than 8 MiB")

// Event is one server-sent event (https://html.spec.whatwg.org/multipage/server-sent-events.html).
type Event struct {
	// Raw is the event as it came, with its final blank line. It is valid until the next call.
	Raw []byte
	// Data joins the data lines; nil for comments and other fields alone.
	Data []byte
}

// Done says whether the event is OpenAI's end mark.
func (e Event) Done() bool { return string(bytes.TrimSpace(e.Data)) == "[DONE]" }

// EventReader splits a stream into events as they arrive, whatever the line ends.
type EventReader struct {
	lines     *bufio.Reader
	raw       []byte
	data      []byte
	dataLines int
}

// NewEventReader reads events from r.
func NewEventReader(r io.Reader) *EventReader {
	return &EventReader{lines: bufio.NewReaderSize(r, 16<<10)}
}

// Next returns the next event, or io.EOF at the end of a stream that ended between events.
// A stream that ends within an event gives io.ErrUnexpectedEOF, unless the rest is the end mark.
func (r *EventReader) Next() (Event, error) {
	r.raw, r.data, r.dataLines = r.raw[:0], r.data[:0], 0
	for {
		line, err := r.readLine()
		r.note(line)
		if err != nil {
			return r.rest(err)
		}
		if len(line) > 0 {
			continue
		}
		if len(bytes.TrimSpace(r.raw)) > 0 {
			return r.event(), nil
		}
		r.raw = r.raw[:0]
	}
}

// note keeps the line's data, if it has some.
func (r *EventReader) note(line []byte) {
	value, found := bytes.CutPrefix(line, []byte("data:"))
	if !found {
		return
	}
	if r.dataLines > 0 {
		r.data = append(r.data, '\n')
	}
	r.data = append(r.data, bytes.TrimPrefix(value, []byte(" "))...)
	r.dataLines++
}

func (r *EventReader) event() Event {
	event := Event{Raw: r.raw}
	if r.dataLines > 0 {
		event.Data = r.data
	}
	return event
}

// rest judges what stands in the buffer when the stream ends.
func (r *EventReader) rest(err error) (Event, error) {
	if !errors.Is(err, io.EOF) {
		return Event{}, err
	}
	if len(bytes.TrimSpace(r.raw)) == 0 {
		return Event{}, io.EOF
	}
	if !r.event().Done() {
		return Event{}, io.ErrUnexpectedEOF
	}
	r.raw = append(r.raw, '\n', '\n')
	return r.event(), nil
}

// readLine appends one line to raw and returns it without its end; with an error, what came of it.
func (r *EventReader) readLine() ([]byte, error) {
	start := len(r.raw)
	for {
		part, err := r.lines.ReadSlice('\n')
		r.raw = append(r.raw, part...)
		if len(r.raw) > maxEventLen {
			return nil, ErrEventTooLong
		}
		line := bytes.TrimRight(r.raw[start:], "\r\n")
		switch {
		case err == nil, errors.Is(err, io.EOF):
			return line, err
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		default:
			return nil, fmt.Errorf("read stream: %w", err)
		}
	}
}
