package proxy

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/hosted"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// voice is how an endpoint words what went wrong, so that its clients understand it.
type voice struct {
	dialect dialect
	// cap is the field that bounds the output.
	cap string
	// body is the body of an answer.
	body func(failure *api.Error) any
	// event is the data of a stream's event, name the event's, "" for none.
	event func(failure *api.Error) any
	name  string
}

// dialect is a family of clients that a status means the same to.
type dialect int

const (
	chatDialect dialect = iota
	messagesDialect
	responsesDialect
)

// words are those that a request is in.
func (v voice) words() hosted.Dialect {
	switch v.dialect {
	case messagesDialect:
		return hosted.Messages
	case responsesDialect:
		return hosted.Responses
	default:
		return hosted.Chat
	}
}

// openAIVoice is that of OpenAI's routes.
var openAIVoice = voice{dialect: chatDialect, cap: "max_tokens", body: openAIBody, event: openAIBody}

// responsesVoice is OpenAI's with the error event of its responses.
var responsesVoice = voice{
	dialect: responsesDialect, cap: "max_output_tokens", body: openAIBody,
	event: func(failure *api.Error) any {
		detail := failure.Body().Error
		return map[string]any{"type": "error", "code": cmp.Or(failure.BodyCode, detail.Type), "message": detail.Message, "param": detail.Param}
	},
	name: "error",
}

// anthropicVoice is that of Anthropic's routes.
var anthropicVoice = voice{dialect: messagesDialect, cap: "max_tokens", body: anthropicBody, event: anthropicBody, name: "error"}

// openAIBody is the contract's body. Where OpenAI's clients decide by a word in code, it stands there.
func openAIBody(failure *api.Error) any {
	body := failure.Body()
	switch {
	case failure.Code == api.BudgetExceeded && failure.HTTPStatus() == http.StatusTooManyRequests:
		body.Error.Code = "insufficient_quota" // it tells this 429 from those that are worth waiting for
	case failure.HTTPStatus() == http.StatusNotFound && failure.Param == "model":
		body.Error.Code = "model_not_found"
	}
	return body
}

// longestPatience is the longest wait that Claude Code waits out; told of a longer one it gives up at once.
const longestPatience = time.Minute

// setRetryAfter tells when a rate has room again. A window of a minute may need 61 seconds and the spread: Anthropic's
// clients hear of the last seconds in Retry-After-Ms alone, and one that reads whole seconds asks a second time.
func (v voice) setRetryAfter(header http.Header, wait time.Duration) {
	setRetryAfter(header, wait)
	if v.dialect == messagesDialect && wait+time.Duration(spread*float64(wait)) > longestPatience && wait < longestPatience+2*time.Second {
		header.Set("Retry-After", strconv.FormatInt(seconds(longestPatience), 10))
	}
}

// say is the event that tells a client why its stream is not whole.
func (v voice) say(failure *api.Error) []byte {
	data, _ := json.Marshal(v.event(failure)) // strings and numbers only: it cannot fail
	var event []byte
	if v.name != "" {
		event = append(append(event, "event: "+v.name...), '\n')
	}
	return append(append(append(event, "data: "...), data...), "\n\n"...)
}

// anthropicError is the body of Anthropic's errors. Bursar's own kind of error stands beside theirs.
type anthropicError struct {
	Type  string `json:"type"`
	Error struct {
		Type    string  `json:"type"`
		Message string  `json:"message"`
		Code    string  `json:"code"`
		Param   *string `json:"param,omitempty"`

		api.Refusal
	} `json:"error"`
}

func anthropicBody(failure *api.Error) any {
	body := anthropicError{Type: "error"}
	body.Error.Type, body.Error.Message, body.Error.Code = anthropicKind(failure), failure.Message, cmp.Or(failure.BodyCode, string(failure.Code))
	if failure.Param != "" {
		body.Error.Param = &failure.Param
	}
	if failure.Refusal != nil {
		body.Error.Refusal = *failure.Refusal
	}
	return body
}

// anthropicKinds are Anthropic's kinds of errors by status.
var anthropicKinds = map[int]string{
	http.StatusBadRequest:            "invalid_request_error",
	http.StatusUnauthorized:          "authentication_error",
	http.StatusPaymentRequired:       "billing_error",
	http.StatusForbidden:             "permission_error",
	http.StatusNotFound:              "not_found_error",
	http.StatusRequestEntityTooLarge: "request_too_large",
	http.StatusTooManyRequests:       "rate_limit_error",
	http.StatusServiceUnavailable:    "overloaded_error",
	529:                              "overloaded_error",
}

func anthropicKind(failure *api.Error) string {
	if kind, known := anthropicKinds[failure.HTTPStatus()]; known {
		return kind
	}
	if failure.HTTPStatus() < http.StatusInternalServerError {
		return "invalid_request_error"
	}
	return "api_error"
}
