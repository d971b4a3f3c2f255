// Package compressed opens bodies of HTTP that were compressed.
//
// It promises that what one takes of memory is bounded, and that a body that is not read to its end leaves nothing behind. How much is
// read of what a body stands for is for its reader to bound.
package compressed

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// maxZstdWindow is how far back a zstd body may refer, and so what one takes of memory: what RFC 9659 bids
// senders to keep to.
const maxZstdWindow = 8 << 20

// Opener opens a compressed body, of which it reads the beginning.
type Opener func(io.Reader) (io.ReadCloser, error)

var openers = map[string]Opener{"gzip": openGzip, "x-gzip": openGzip, "zstd": openZstd}

// In returns what opens bodies in an encoding, in lower case as Content-Encoding names it, if it is known here.
func In(encoding string) (Opener, bool) {
	open, known := openers[encoding]
	return open, known
}

func openGzip(body io.Reader) (io.ReadCloser, error) { return gzip.NewReader(body) }

func openZstd(body io.Reader) (io.ReadCloser, error) {
	// One at a time needs no goroutines, so a body that is not read to its end leaves nothing behind.
	decoder, err := zstd.NewReader(body, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxZstdWindow))
	if err != nil {
		return nil, err
	}
	return decoder.IOReadCloser(), nil
}

// ExpandAnswer replaces a compressed body of an answer by what it stands for, if it is in one of the encodings that are known here. The
// reader bounds how much of it is read.
func ExpandAnswer(response *http.Response) {
	open, known := In(strings.ToLower(strings.TrimSpace(response.Header.Get("Content-Encoding"))))
	if !known {
		return
	}
	response.Header.Del("Content-Encoding")
	response.Header.Del("Content-Length")
	response.ContentLength, response.Uncompressed = -1, true
	response.Body = &answer{compressed: response.Body, open: open}
}

// answer reads a compressed answer as what it stands for.
type answer struct {
	compressed io.ReadCloser
	open       Opener
	reader     io.ReadCloser
	err        error
}

// Read opens the answer with the first byte that is asked for.
func (a *answer) Read(p []byte) (n int, err error) {
	if a.err == nil && a.reader == nil {
		a.reader, a.err = a.open(a.compressed)
	}
	if a.err != nil {
		return 0, a.err
	}
	if n, a.err = a.reader.Read(p); a.err != nil {
		_ = a.reader.Close() // what it has read is what counts
	}
	return n, a.err
}

// Close closes what the answer came from.
func (a *answer) Close() error { return a.compressed.Close() }
