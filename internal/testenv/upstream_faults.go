package testenv

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// stumble plays the faults that come before the first byte, and says whether the request ended there.
func (c *call) stumble() (ended bool) {
	if c.behaviour.Hang && !c.hang() {
		return true
	}
	if !pause(c.ctx, c.behaviour.Delay) {
		c.clientGone()
		return true
	}
	if c.behaviour.Drop {
		panic(http.ErrAbortHandler)
	}
	if c.behaviour.Fail == 0 {
		return false
	}
	c.fail()
	return true
}

// hang blocks until the server is told to go on, which it reports, or the client leaves.
func (c *call) hang() (released bool) {
	select {
	case <-c.release:
		return true
	case <-c.ctx.Done():
		c.clientGone()
		return false
	}
}

func (c *call) clientGone() {
	c.note(func(r *UpstreamRequest) { r.ClientGone = true })
}

func (c *call) fail() {
	status := c.behaviour.Fail
	if c.behaviour.RetryAfter != "" {
		c.w.Header().Set("Retry-After", c.behaviour.RetryAfter)
	}
	if c.behaviour.HTML {
		page := fmt.Sprintf("<html><head><title>%d</title></head><body><h1>%s</h1></body></html>\n", status, http.StatusText(status))
		c.answer(status, "text/html", []byte(page))
		return
	}
	kind, code := "server_error", ""
	switch {
	case status == http.StatusTooManyRequests:
		kind, code = "requests", "rate_limit_exceeded"
	case status < http.StatusInternalServerError:
		kind = "invalid_request_error"
	}
	message := fmt.Sprintf("The fake model server was told to answer %d.", status)
	if strings.Contains(c.record.Path, "/messages") {
		c.refuseAnthropic(status, kind, message)
		return
	}
	c.refuse(status, kind, code, message)
}

// refuse answers with an error body as OpenAI writes it.
func (c *call) refuse(status int, kind, code, message string) {
	fields := map[string]any{"message": message, "type": kind, "param": nil, "code": nil}
	if code != "" {
		fields["code"] = code
	}
	body, err := json.Marshal(map[string]any{"error": fields})
	if err != nil {
		panic(err) // strings and nils always marshal
	}
	c.answer(status, "application/json", body)
}

// answer writes a whole answer. A plain answer that is to break is cut half-way.
func (c *call) answer(status int, contentType string, body []byte) {
	c.note(func(r *UpstreamRequest) { r.Status = status })
	c.w.Header().Set("Content-Type", contentType)
	c.w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	c.w.WriteHeader(status)
	if status == http.StatusOK && c.behaviour.BreakAfter > 0 {
		_, _ = c.w.Write(body[:len(body)/2])
		c.abort()
	}
	if _, err := c.w.Write(body); err != nil {
		c.clientGone()
	}
}

// abort cuts the connection where it stands, so that the client sees an unexpected end.
func (c *call) abort() {
	_ = http.NewResponseController(c.w).Flush()
	panic(http.ErrAbortHandler)
}
