package api

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Code is the kind of an error, written as error.type in the body. Clients decide on it.
type Code string

// Codes of the admin API and the data path.
const (
	Invalid          Code = "bad_request_error"
	Unauthenticated  Code = "auth_error"
	Forbidden        Code = "permission_error"
	NotFound         Code = "not_found_error"
	AlreadyExists    Code = "already_exists_error"
	Conflict         Code = "conflict_error"
	NotApproved      Code = "not_approved_error"
	Stale            Code = "precondition_failed_error"
	TooLarge         Code = "request_too_large_error"
	BudgetExceeded   Code = "budget_exceeded"
	RateLimited      Code = "rate_limit_error"
	ModelDenied      Code = "model_access_denied"
	KeyModelDenied   Code = "key_model_access_denied"
	TeamModelDenied  Code = "team_model_access_denied"
	ExpiredKey       Code = "expired_key"
	StoreUnavailable Code = "store_unavailable_error"
	Upstream         Code = "upstream_error"
	// Stopping ends a call that a gateway which stops could not wait for.
	Stopping         Code = "gateway_stopping_error"
	MethodNotAllowed Code = "method_not_allowed_error"
	Internal         Code = "internal_server_error"
	// UnsupportedEncoding refuses a body in a Content-Encoding that is not read, UpgradeRequired a WebSocket.
	UnsupportedEncoding Code = "unsupported_encoding_error"
	UpgradeRequired     Code = "upgrade_required_error"
	// MemberExists refuses to add to a team who is in it, MemberDenied what its members are not permitted.
	MemberExists Code = "team_member_already_in_team"
	MemberDenied Code = "team_member_permission_error"
	// ClientClosed ends a call whose client hung up. Nobody reads the answer; the log and the metrics have it.
	ClientClosed Code = "client_closed"
)

// statusClientClosed is nginx's status for a client that hung up.
const statusClientClosed = 499

var statusOf = map[Code]int{
	Invalid:          http.StatusBadRequest,
	Unauthenticated:  http.StatusUnauthorized,
	Forbidden:        http.StatusForbidden,
	NotFound:         http.StatusNotFound,
	AlreadyExists:    http.StatusBadRequest, // as LiteLLM answers; its clients look for 400
	Conflict:         http.StatusConflict,
	NotApproved:      http.StatusConflict,
	Stale:            http.StatusPreconditionFailed,
	TooLarge:         http.StatusRequestEntityTooLarge,
	BudgetExceeded:   http.StatusForbidden,
	RateLimited:      http.StatusTooManyRequests,
	ModelDenied:      http.StatusNotFound, // as OpenAI and Anthropic answer
	KeyModelDenied:   http.StatusNotFound,
	TeamModelDenied:  http.StatusNotFound,
	ExpiredKey:       http.StatusBadRequest, // as LiteLLM answers
	StoreUnavailable: http.StatusServiceUnavailable,
	Stopping:         http.StatusServiceUnavailable,
	Upstream:         http.StatusBadGateway,
	MethodNotAllowed: http.StatusMethodNotAllowed,
	Internal:         http.StatusInternalServerError,

	UnsupportedEncoding: http.StatusUnsupportedMediaType,
	UpgradeRequired:     http.StatusUpgradeRequired,

	MemberExists: http.StatusBadRequest,
	MemberDenied: http.StatusForbidden,
	ClientClosed: statusClientClosed,
}

// Error is what the gateway answers with when it refuses or fails:
//
//	{"error": {"message": "…", "type": "not_found_error", "param": "team_id", "code": "404"}}
//
// Its text is for the caller and never carries a secret; what only the operator should see is in Cause.
type Error struct {
	Code    Code
	Message string
	// Param names the request field at fault; empty when there is none.
	Param string
	// Status overrides the HTTP status of the code; zero does not.
	Status int
	// BodyCode overrides error.code in the body, which is the status else: a model provider's own code,
	// such as context_length_exceeded, which clients decide on.
	BodyCode string
	// Header is added to the answer, Retry-After for example.
	Header http.Header
	// Refusal is what programs read of a refusal by a limit; nil for any other error.
	Refusal *Refusal
	// Cause is logged, never answered.
	Cause error
	// others are further mistakes of the same object, see [Mistakes].
	others []*Error
}

// Errorf makes an error of the given kind.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// FieldErrorf makes an [Invalid] error about a request field; the message starts with its name.
func FieldErrorf(field, format string, args ...any) *Error {
	return &Error{Code: Invalid, Param: field, Message: field + " " + fmt.Sprintf(format, args...)}
}

// WithCause adds what the operator should see.
func (e *Error) WithCause(err error) *Error {
	e.Cause = err
	return e
}

// Error returns the message for the caller.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// HTTPStatus is the status the error is answered with.
func (e *Error) HTTPStatus() int {
	if e.Status != 0 {
		return e.Status
	}
	if status, ok := statusOf[e.Code]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// CodeOf returns the kind of err, [Internal] when it is not an [Error], "" when err is nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if apiErr, ok := errors.AsType[*Error](err); ok {
		return apiErr.Code
	}
	return Internal
}

// ErrorBody is the JSON form of an [Error].
type ErrorBody struct {
	Error ErrorDetail `json:"error"`
}

// ErrorDetail is the inner object of an [ErrorBody].
type ErrorDetail struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	// Code is the HTTP status as a string, as LiteLLM writes it, OpenAI's word where its clients decide by one, or the
	// code that a model's provider gave.
	Code string `json:"code"`

	Refusal
}

// Body returns the error as it is answered.
func (e *Error) Body() ErrorBody {
	detail := ErrorDetail{Message: e.Message, Type: string(e.Code), Code: cmp.Or(e.BodyCode, strconv.Itoa(e.HTTPStatus()))}
	if e.Param != "" {
		detail.Param = &e.Param
	}
	if e.Refusal != nil {
		detail.Refusal = *e.Refusal
	}
	return ErrorBody{Error: detail}
}

// maxRetryAfter is the longest wait that a header is believed, about eleven days.
const maxRetryAfter = 1e6 * time.Second

// RetryAfter is how long a server asks to be left alone: in milliseconds as model providers write it, in
// seconds, or until a date. It is 0 when the server does not ask, and when what it says makes no sense.
func RetryAfter(header http.Header, now time.Time) time.Duration {
	if wait := timesUnit(header.Get("Retry-After-Ms"), time.Millisecond); wait > 0 {
		return wait
	}
	text := header.Get("Retry-After")
	if at, err := http.ParseTime(text); err == nil {
		return min(max(0, at.Sub(now)), maxRetryAfter)
	}
	return timesUnit(text, time.Second)
}

// timesUnit reads a number of units; 0 for what is no sensible number.
func timesUnit(text string, unit time.Duration) time.Duration {
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || !(number > 0) || number > float64(maxRetryAfter/unit) {
		return 0
	}
	return time.Duration(number * float64(unit))
}
