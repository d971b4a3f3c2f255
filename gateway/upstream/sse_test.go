package upstream_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
)

func readAll(r io.Reader) (data []string, raw string, err error) {
	events := upstream.NewEventReader(r)
	for {
		event, err := events.Next()
		if err != nil {
			return data, raw, err
		}
		raw += string(event.Raw)
		if event.Data != nil {
			data = append(data, string(event.Data))
		}
	}
}

func TestEventReader(t *testing.T) {
	for name, test := range map[string]struct {
		stream string
		want   []string
		end    error
	}{
		"plain":                {"data: a\n\ndata: b\n\n", []string{"a", "b"}, io.EOF},
		"carriage returns":     {"data: a\r\n\r\ndata: b\r\n\r\n", []string{"a", "b"}, io.EOF},
		"returns alone":        {"data: a\r\rdata: b\r\r", []string{"a", "b"}, io.EOF},
		"all kinds of ends":    {"data: a\r\n\rdata: b\n\r\n: c\r\rdata: d\n\n", []string{"a", "b", "d"}, io.EOF},
		"no space":             {"data:a\n\n", []string{"a"}, io.EOF},
		"comments":             {": ping\n\ndata: a\n\n", []string{"a"}, io.EOF},
		"event field":          {"event: x\ndata: a\n\n", []string{"a"}, io.EOF},
		"several data lines":   {"data: a\ndata: b\n\n", []string{"a\nb"}, io.EOF},
		"blank lines between":  {"\n\ndata: a\n\n\n\ndata: b\n\n", []string{"a", "b"}, io.EOF},
		"done without newline": {"data: a\n\ndata: [DONE]", []string{"a", "[DONE]"}, io.EOF},
		"done with one":        {"data: [DONE]\n", []string{"[DONE]"}, io.EOF},
		"cut within an event":  {"data: a\n\ndata: {\"b", []string{"a"}, io.ErrUnexpectedEOF},
		"empty":                {"", nil, io.EOF},
	} {
		t.Run(name, func(t *testing.T) {
			for _, reader := range []io.Reader{strings.NewReader(test.stream), iotest.OneByteReader(strings.NewReader(test.stream))} {
				got, _, err := readAll(reader)
				if !errors.Is(err, test.end) {
					t.Errorf("ended with %v, want %v", err, test.end)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// What is said to be there is read without another look at the connection, wherever a read may have ended.
func TestEventReader_readyNeverWaits(t *testing.T) {
	const stream = "data: a\n\ndata: b\r\n\r\n\r\n: c\r\rdata: d\n\r  \n\n\ndata: e\r\n\ndata: f\n\n\t\r\n\r\n"
	waits, ready := errors.New("it waits"), 0
	for end := range len(stream) {
		events := upstream.NewEventReader(io.MultiReader(strings.NewReader(stream[:end]), iotest.ErrReader(waits)))
		for {
			promised := events.Ready()
			if _, err := events.Next(); err != nil {
				if promised || !errors.Is(err, waits) {
					t.Errorf("%q: ready %t, then %v", stream[:end], promised, err)
				}
				break
			}
			if promised {
				ready++
			}
		}
	}
	if ready < 2*len(stream) {
		t.Errorf("only %d events were known to be there", ready)
	}
}

func TestEventReader_passesBytesThroughUnchanged(t *testing.T) {
	stream := ": hello\n\nevent: x\r\ndata: {\"a\": 1}\r\n\r\ndata: b\n\n"
	_, raw, err := readAll(strings.NewReader(stream))
	if !errors.Is(err, io.EOF) || raw != stream {
		t.Fatalf("got %q, %v", raw, err)
	}
}

func TestEventReader_takesNothingAlong(t *testing.T) {
	events := upstream.NewEventReader(strings.NewReader("data: a\r\rdata: b\r"))
	for range 2 {
		_, _ = events.Next() // an end that is half, and an event that is
	}
	events.Reset(strings.NewReader("\ndata: c\n\n"))
	if event, err := events.Next(); err != nil || string(event.Raw) != "data: c\n\n" || string(event.Data) != "c" {
		t.Errorf("got %q, %q, %v", event.Raw, event.Data, err)
	}
}

func TestEventReader_boundsAnEvent(t *testing.T) {
	endless := io.MultiReader(strings.NewReader("data: "), io.LimitReader(letters{}, 64<<20))
	if _, _, err := readAll(endless); !errors.Is(err, upstream.ErrEventTooLong) {
		t.Fatalf("got %v", err)
	}
}

type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func FuzzEventReader(f *testing.F) {
	f.Add("data: a\r\n\r\n: c\n\ndata: [DONE]")
	f.Fuzz(func(t *testing.T, stream string) {
		whole, _, wholeErr := readAll(strings.NewReader(stream))
		bytewise, _, bytewiseErr := readAll(iotest.OneByteReader(strings.NewReader(stream)))
		if diff := cmp.Diff(whole, bytewise); diff != "" || !errors.Is(bytewiseErr, wholeErr) {
			t.Fatalf("depends on how the bytes arrive: %s %v %v", diff, wholeErr, bytewiseErr)
		}
	})
}
