package upstream

import (
	"net/http"
	"strings"

	"github.com/tidwall/gjson"
)

// errorOf is where an event that says that the provider fails has its error: most put it into an object,
// a response that failed has it inside, and the error event of responses is one itself.
func errorOf(data []byte) gjson.Result {
	for _, path := range []string{"error", "response.error"} {
		if found := gjson.GetBytes(data, path); found.IsObject() {
			return found
		}
	}
	return gjson.ParseBytes(data)
}

var errorName = []byte(`"error"`)

// saysError recognises an error as servers that speak OpenAI's wire put it into a stream.
func saysError(data []byte) bool {
	if !bytesMayHave(data, errorName) { // as a member's name, or as what kind of object it is
		return false
	}
	found := gjson.GetBytes(data, "error")
	return found.IsObject() || found.Type != gjson.False && found.String() != "" || gjson.GetBytes(data, "object").Str == "error"
}

// IsFailure says whether a whole answer is nothing but an error: nothing was said in it, and nothing used.
func IsFailure(answer []byte) bool {
	if !gjson.ValidBytes(answer) || !saysError(answer) {
		return false
	}
	for _, said := range []string{"choices", "content", "output", "data", "text"} {
		if value := gjson.GetBytes(answer, said); len(value.Array()) > 0 && value.String() != "" {
			return false
		}
	}
	used := false
	gjson.GetBytes(answer, "usage").ForEach(func(_, value gjson.Result) bool {
		used = used || value.Num > 0
		return true
	})
	return !used
}

// errorStatuses are the statuses that providers send their kinds of errors with.
var errorStatuses = map[string]int{
	"overloaded_error": statusOverloaded, "overloaded": statusOverloaded,
	"rate_limit_error": http.StatusTooManyRequests, "rate_limit_exceeded": http.StatusTooManyRequests,
	"insufficient_quota": http.StatusTooManyRequests, "too_many_requests": http.StatusTooManyRequests,
	"authentication_error": http.StatusUnauthorized, "invalid_api_key": http.StatusUnauthorized,
	"permission_error": http.StatusForbidden, "billing_error": http.StatusPaymentRequired,
	"not_found_error": http.StatusNotFound, "model_not_found": http.StatusNotFound,
	"request_too_large": http.StatusRequestEntityTooLarge, "timeout_error": http.StatusGatewayTimeout,
	"context_length_exceeded": http.StatusBadRequest, "content_filter": http.StatusBadRequest,
	"content_policy_violation": http.StatusBadRequest, "bad_request": http.StatusBadRequest,
	"bad_request_error": http.StatusBadRequest, "service_unavailable": http.StatusServiceUnavailable,
}

// statusOfError is the status that a provider would have sent an error with, had it known in time. An error
// of a kind that is not known is the provider's fault.
func statusOfError(detail gjson.Result) int {
	for _, field := range []string{"status", "status_code", "code"} {
		if status := int(detail.Get(field).Int()); status >= 400 && status < 600 {
			return status
		}
	}
	for _, field := range []string{"code", "type"} {
		kind := strings.ToLower(detail.Get(field).String())
		if status, known := errorStatuses[kind]; known {
			return status
		}
		if strings.HasPrefix(kind, "invalid_") {
			return http.StatusBadRequest
		}
	}
	return http.StatusInternalServerError
}
