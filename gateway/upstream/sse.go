package upstream

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode"
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
	// halfEnd: the last line ended with a return, and a newline that belongs to it may follow.
	halfEnd bool
}

// eventPart is how much is read at once: several events, and little enough to be held for every stream that is idle.
const eventPart = 4 << 10

// NewEventReader reads events from r.
func NewEventReader(r io.Reader) *EventReader {
	return &EventReader{lines: bufio.NewReaderSize(r, eventPart)}
}

// Reset makes the reader one of another stream, in the room that it has. What it gave before is not valid any more.
func (r *EventReader) Reset(stream io.Reader) {
	r.lines.Reset(stream)
	r.dataLines, r.halfEnd = 0, false
	if cap(r.raw) > maxKeptRoom {
		r.raw, r.data = nil, nil
	}
}

// maxKeptRoom is how much room for an event a reader takes along to another stream.
const maxKeptRoom = 64 << 10

// Ready says whether the next event has arrived whole, so that [EventReader.Next] will not wait. It may say no of one
// that has.
func (r *EventReader) Ready() bool {
	here, _ := r.lines.Peek(r.lines.Buffered())
	here = bytes.TrimLeftFunc(here, unicode.IsSpace) // ends of the event before, or of none
	return bytes.Contains(here, []byte("\n\n")) || bytes.Contains(here, []byte("\n\r")) || bytes.Contains(here, []byte("\r\r"))
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
	if err := r.skipNewline(); err != nil {
		return nil, err
	}
	start := len(r.raw)
	for {
		window, err := r.window()
		if err != nil {
			return r.raw[start:], err
		}
		line, length := firstLine(window)
		r.raw = append(r.raw, window[:length]...)
		if _, err := r.lines.Discard(length); err != nil {
			return nil, fmt.Errorf("read stream: %w", err)
		}
		if len(r.raw) > maxEventLen {
			return nil, ErrEventTooLong
		}
		if line < 0 {
			continue
		}
		last := len(r.raw) - 1
		// Whether a newline belongs to a return that came last is not waited for: the event is passed on now.
		r.halfEnd = r.raw[last] == '\r'
		return r.raw[start : last+1-(length-line)], nil
	}
}

// skipNewline takes the newline whose return has ended the line before.
func (r *EventReader) skipNewline() error {
	if !r.halfEnd {
		return nil
	}
	r.halfEnd = false
	window, err := r.window()
	if err != nil {
		return err
	}
	if window[0] == '\n' {
		r.raw = append(r.raw, '\n')
		_, err = r.lines.Discard(1)
	}
	return err
}

// window is what has arrived and was not read yet, at least a byte.
func (r *EventReader) window() ([]byte, error) {
	if _, err := r.lines.Peek(1); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		return nil, fmt.Errorf("read stream: %w", err)
	}
	return r.lines.Peek(r.lines.Buffered())
}

// firstLine finds the first line: its length without its end, and with it. A line that is not whole has
// length -1 and takes everything.
func firstLine(window []byte) (line, length int) {
	newline := bytes.IndexByte(window, '\n')
	before := window
	if newline >= 0 {
		before = window[:newline]
	}
	switch cr := bytes.IndexByte(before, '\r'); {
	case cr >= 0 && cr+1 == newline:
		return cr, newline + 1
	case cr >= 0:
		return cr, cr + 1
	case newline >= 0:
		return newline, newline + 1
	default:
		return -1, len(window)
	}
}
