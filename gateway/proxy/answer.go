package proxy

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/tidwall/gjson"

	"github.com/bursarhq/terraform-provider-bursar/gateway/proxy/unread"
	"github.com/bursarhq/terraform-provider-bursar/gateway/tokens"
	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

// maxAnswer bounds an answer that is not streamed: it is held in memory until it is settled.
const maxAnswer = 64 << 20

var errAnswerTooLong = errors.New("answer is longer than 64 MiB")

// passAnswer reads a whole answer, settles it and hands it to the client. It reads to the end even
// when the client has gone: the upstream bills for it, and only its end says how much.
func (p *Proxy) passAnswer(w http.ResponseWriter, r *http.Request, c *call, response *http.Response) error {
	held := p.unread.Enter(r.Context(), c.reader(), min(response.ContentLength, maxAnswer))
	defer held.Done()
	reading := time.Now()
	body, err := readAnswer(response)
	c.upstreamFor += time.Since(reading)
	if err != nil {
		// Something was produced and will be billed; nobody knows how much, so the prompt is.
		c.usage = promptOnly(c)
		return p.settleBroken(r.Context(), c, upstream.Broken(err))
	}
	valid := gjson.ValidBytes(body)
	if !valid && (!c.endpoint.text || isHTML(response.Header.Get("Content-Type"))) {
		c.usage = promptOnly(c)
		return p.settleBroken(r.Context(), c, upstream.Broken(errors.New("answer is not JSON")))
	}
	c.usage = p.usageOf(r.Context(), c, body)
	if err := p.settle(r.Context(), c); err != nil {
		return err
	}
	if c.endpoint.settled != nil {
		c.endpoint.settled(p, r.Context(), c, body)
	}
	p.sendHeaders(w, r, c, true)
	if r.Context().Err() != nil {
		c.reason = string(api.ClientClosed) // it is answered all the same: some close their half and still read
	}
	if !valid {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		c.hand(w, held, body)
		return nil
	}
	w.Header().Set("Content-Type", "application/json")
	c.hand(w, held, append(body, '\n'))
	return nil
}

// reasonUnread ends an answer that its client does not read while others need the room.
const reasonUnread = "answer_unread"

// reader is who reads a call's answer.
func (c *call) reader() string { return cmp.Or(c.subject.Key.KeyID, "team "+c.subject.Slot) }

// hand writes a whole answer, as fast as the client reads it.
func (c *call) hand(w http.ResponseWriter, held *unread.Held, body []byte) {
	if held.Hand(w, body) {
		c.reason = reasonUnread
		panic(http.ErrAbortHandler)
	}
}

// isHTML recognises the page of something that stands in the provider's place.
func isHTML(contentType string) bool { return mediaType(contentType) == "text/html" }

func isJSON(contentType string) bool { return mediaType(contentType) == "application/json" }

func mediaType(contentType string) string {
	kind, _, _ := mime.ParseMediaType(contentType)
	return kind
}

func readAnswer(response *http.Response) ([]byte, error) {
	data, err := readWhole(io.LimitReader(response.Body, maxAnswer+1), response.ContentLength)
	if err == nil && len(data) > maxAnswer {
		err = errAnswerTooLong
	}
	return data, err
}

// readWhole reads an answer to its end, into one piece of memory if it is as long as its provider says. One that is
// translated may be of another length.
func readWhole(r io.Reader, announced int64) ([]byte, error) {
	if announced < 0 || announced > maxAnswer {
		return io.ReadAll(r)
	}
	body := bytes.NewBuffer(make([]byte, 0, announced+bytes.MinRead))
	_, err := body.ReadFrom(r)
	return body.Bytes(), err
}

// usageOf takes the usage that the upstream reports, or counts the answer itself.
func (p *Proxy) usageOf(ctx context.Context, c *call, body []byte) pricing.Usage {
	if c.endpoint.free {
		return pricing.Usage{}
	}
	c.hearSearches(body)
	counted := func() pricing.Usage {
		usage := likelyUse(c)
		usage.CompletionTokens = max(usage.CompletionTokens, tokens.CountText(c.deployment.UpstreamModel, c.endpoint.wire.Text(body)))
		return usage
	}
	reported, ok := c.endpoint.wire.Usage(body)
	switch {
	case ok:
		used := p.believed(ctx, c, reported, counted)
		if c.lacksHeard(used) {
			used.CompletionTokens = counted().CompletionTokens
		}
		return used
	case upstream.Impossible(body):
		return p.replaced(ctx, c, counted())
	default:
		rounds, searches := upstream.Rounds(body)
		return c.withRounds(counted(), rounds, searches)
	}
}

// settleBroken settles what a broken answer cost and returns why it broke.
func (p *Proxy) settleBroken(ctx context.Context, c *call, broken *api.Error) error {
	if err := p.settle(ctx, c); err != nil {
		return err
	}
	return broken
}
