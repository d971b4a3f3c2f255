package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// maxBinary bounds an answer that is passed on as it comes.
const maxBinary = 256 << 20

var (
	errBinaryTooLong = errors.New("answer is longer than 256 MiB")
	errNotSound      = errors.New("answer is text where sound was asked for")
)

// passBinary passes sound on as it comes. It is settled before the answer's end: a client that does not
// get the end sees a broken transfer.
func (p *Proxy) passBinary(w http.ResponseWriter, r *http.Request, c *call, response *http.Response, cancel context.CancelFunc) error {
	kind := response.Header.Get("Content-Type")
	c.usage = promptOnly(c)
	if !c.endpoint.opaque && isText(kind) {
		return p.settleBroken(r.Context(), c, upstream.Broken(errNotSound))
	}
	c.usage = likelyUse(c)
	silence := time.AfterFunc(p.StreamIdle, cancel)
	defer silence.Stop()
	c.cost = c.deployment.Price.Cost(c.usage)
	p.sendHeaders(w, r, c, true)
	if kind != "" {
		w.Header().Set("Content-Type", kind)
	}
	w.WriteHeader(response.StatusCode)
	started := time.Now()
	broken := copyFlushed(w, response.Body, func() { silence.Reset(p.StreamIdle) })
	c.upstreamFor += time.Since(started)
	err := p.settle(r.Context(), c)
	if broken == nil && err == nil {
		return nil
	}
	if c.reason = reasonOf(errors.Join(err, upstream.Broken(broken))); hasHungUp(r.Context(), broken) {
		c.reason = string(api.ClientClosed)
	}
	panic(http.ErrAbortHandler) // the status is out; only a cut connection says that this is not whole
}

// isText recognises answers that are no sound whatever they hold.
func isText(contentType string) bool {
	return strings.HasPrefix(mediaType(contentType), "text/") || isJSON(contentType)
}

// copyFlushed hands on every part as it comes, and tells that something was heard.
func copyFlushed(w http.ResponseWriter, body io.Reader, heard func()) error {
	control := http.NewResponseController(w)
	buffer := make([]byte, 32<<10)
	var passed int
	for {
		n, err := body.Read(buffer)
		heard()
		if passed += n; passed > maxBinary {
			return errBinaryTooLong
		}
		if n > 0 {
			_ = control.SetWriteDeadline(time.Now().Add(writeTimeout))
			if _, err := w.Write(buffer[:n]); err != nil {
				return hangUp{err}
			}
			if err := control.Flush(); err != nil {
				return hangUp{err}
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
