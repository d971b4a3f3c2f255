package testenv

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// responses answers a request for a response, plain or streamed, and keeps it.
func (c *call) responses() {
	request := gjson.ParseBytes(c.body)
	previous := request.Get("previous_response_id").String()
	switch {
	case !gjson.ValidBytes(c.body) || !request.Get("input").Exists():
		c.refuse(http.StatusBadRequest, "invalid_request_error", "", "Missing required parameter: 'input'.")
		return
	case previous != "" && c.upstream.stored(previous) < 0:
		c.refuse(http.StatusBadRequest, "invalid_request_error", "previous_response_not_found", "Previous response with id '"+previous+"' not found.")
		return
	}
	answer := c.complete(request)
	if c.behaviour.PromptTokens == 0 {
		answer.usage.PromptTokens = 4 + int64(len(request.Get("input").String())+3)/4
	}
	if previous != "" {
		answer.usage.PromptTokens += c.upstream.stored(previous)
	}
	response := c.response(answer, c.upstream.keepResponse(answer.usage))
	if request.Get("stream").Bool() {
		c.streamResponse(answer, response)
		return
	}
	c.note(func(r *UpstreamRequest) { r.Billed = answer.usage })
	if c.behaviour.InvalidJSON {
		c.answer(http.StatusOK, "application/json", []byte(`{"id":"resp_fake","output":[{"type":`))
		return
	}
	c.answerJSON(c.finished(answer, response))
}

// response is the object before it is finished.
func (c *call) response(answer completion, id string) map[string]any {
	return map[string]any{
		"id": id, "object": "response", "created_at": time.Now().Unix(), "model": answer.model,
		"status": "in_progress", "output": []any{}, "usage": nil, "error": nil,
	}
}

// finished is the object with what was said, the tool calls and the usage.
func (c *call) finished(answer completion, response map[string]any) map[string]any {
	response["output"], response["status"] = c.outputItems(answer), "completed"
	if answer.finish == "length" {
		response["status"], response["incomplete_details"] = "incomplete", map[string]any{"reason": "max_output_tokens"}
	}
	if !c.behaviour.NoUsage {
		response["usage"] = c.claimResponse(answer.usage)
	}
	return response
}

func (c *call) claimResponse(usage Usage) map[string]any {
	if c.behaviour.UsageTokens > 0 {
		usage.CompletionTokens = c.behaviour.UsageTokens
	}
	return map[string]any{
		"input_tokens": usage.PromptTokens, "input_tokens_details": map[string]any{"cached_tokens": usage.CachedTokens},
		"output_tokens": usage.CompletionTokens, "output_tokens_details": map[string]any{"reasoning_tokens": usage.ReasoningTokens},
		"total_tokens": usage.PromptTokens + usage.CompletionTokens,
	}
}

func (c *call) streamResponse(answer completion, response map[string]any) {
	c.w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	c.note(func(r *UpstreamRequest) {
		r.Status = http.StatusOK
		r.Billed = answer.usage
		r.Billed.CompletionTokens = answer.usage.ReasoningTokens
	})
	s := &eventStream{call: c, control: http.NewResponseController(c.w), model: answer.model, wire: responseEvents}
	ok := s.event("response.created", map[string]any{"response": response}) &&
		s.event("response.in_progress", map[string]any{"response": response})
	for i, item := range c.outputItems(answer) {
		ok = ok && s.item(i, item, int(answer.said))
	}
	finished := c.finished(answer, response)
	if !ok || !s.event(fmt.Sprintf("response.%s", finished["status"]), map[string]any{"response": finished}) {
		c.clientGone()
	}
}

// storedResponse answers about a response that was kept; it costs nothing.
func (c *call) storedResponse() {
	id, _, _ := strings.Cut(strings.TrimPrefix(c.record.Path, "/v1/responses/"), "/")
	switch {
	case c.upstream.stored(id) < 0:
		c.refuse(http.StatusNotFound, "invalid_request_error", "", "Response with id '"+id+"' not found.")
	case c.record.Method == http.MethodDelete:
		c.upstream.dropResponse(id)
		c.answerJSON(map[string]any{"id": id, "object": "response", "deleted": true})
	case strings.HasSuffix(c.record.Path, "/input_items"):
		c.answerJSON(map[string]any{"object": "list", "data": []any{}})
	default:
		tokens := c.upstream.stored(id)
		c.answerJSON(map[string]any{
			"id": id, "object": "response", "status": "completed", "output": []any{},
			"usage": map[string]any{"input_tokens": tokens, "output_tokens": 0, "total_tokens": tokens},
		})
	}
}

func (u *Upstream) keepResponse(usage Usage) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.kept == nil {
		u.kept = map[string]int64{}
	}
	id := fmt.Sprintf("resp_fake%d", len(u.kept))
	u.kept[id] = usage.PromptTokens + usage.CompletionTokens
	return id
}

// stored is the size of a kept response in tokens, -1 when there is none.
func (u *Upstream) stored(id string) int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	if tokens, found := u.kept[id]; found {
		return tokens
	}
	return -1
}

func (u *Upstream) dropResponse(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.kept[id] = -1
}
