package httpx_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// serve runs one request through all that the gateway wraps around a handler, and returns the answer and the log.
func serve(t *testing.T, h httpx.Handler, r *http.Request) (*http.Response, string) {
	t.Helper()
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	mux := httpx.NewMux(logger)
	mux.Handle("POST /thing/new", httpx.Handle(logger, h))
	mux.Handle("GET /thing/info", httpx.Handle(logger, h))
	handler := httpx.Chain(mux, httpx.Identify(nil), httpx.SecurityHeaders,
		httpx.LogRequests(logger, "request"), httpx.Recover(logger), httpx.LimitBody(1000))
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, r)
	return recorder.Result(), log.String()
}

func errorOf(t *testing.T, response *http.Response) api.ErrorDetail {
	t.Helper()
	if got := response.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type = %q", got)
	}
	var body api.ErrorBody
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		t.Fatalf("read error body: %v", err)
	}
	if body.Error.Code != fmt.Sprint(response.StatusCode) {
		t.Errorf("code = %q in an answer with status %d", body.Error.Code, response.StatusCode)
	}
	return body.Error
}

func info() *http.Request { return httptest.NewRequest("GET", "/thing/info", nil) }

func TestHandle_answersAnAPIErrorAsItIs(t *testing.T) {
	refusal := api.FieldErrorf("rpm_limit", "cannot be negative").WithCause(errors.New("for the operator"))
	refusal.Header = http.Header{"Retry-After": {"7"}}
	response, log := serve(t, func(http.ResponseWriter, *http.Request) error {
		return fmt.Errorf("while doing something: %w", refusal)
	}, info())
	detail := errorOf(t, response)
	if response.StatusCode != 400 || detail.Message != "rpm_limit cannot be negative" ||
		detail.Type != "bad_request_error" || detail.Param == nil || *detail.Param != "rpm_limit" {
		t.Errorf("answer = %d %+v", response.StatusCode, detail)
	}
	if response.Header.Get("Retry-After") != "7" {
		t.Error("the error's header is not in the answer")
	}
	if !strings.Contains(log, "for the operator") {
		t.Errorf("the cause is not in the log: %s", log)
	}
}

func TestHandle_hidesAnyOtherError(t *testing.T) {
	response, log := serve(t, func(http.ResponseWriter, *http.Request) error {
		return errors.New("dial tcp 10.1.2.3: connection refused")
	}, info())
	detail := errorOf(t, response)
	id := response.Header.Get("X-Request-Id")
	if response.StatusCode != 500 || strings.Contains(detail.Message, "10.1.2.3") || !strings.Contains(detail.Message, id) {
		t.Errorf("answer = %d %+v; want an internal error with request id %s", response.StatusCode, detail, id)
	}
	if !strings.Contains(log, "10.1.2.3") || !strings.Contains(log, id) || !strings.Contains(log, `"ERROR"`) {
		t.Errorf("log = %s", log)
	}
}

func TestRecover_answersAPanic(t *testing.T) {
	response, log := serve(t, func(http.ResponseWriter, *http.Request) error { panic("index out of range") }, info())
	if detail := errorOf(t, response); response.StatusCode != 500 || strings.Contains(detail.Message, "index") {
		t.Errorf("answer = %d %+v", response.StatusCode, detail)
	}
	if !strings.Contains(log, "index out of range") || !strings.Contains(log, "handler_test.go") {
		t.Errorf("the log does not say what panicked where: %s", log)
	}
}

func TestRecover_cutsAnAnswerThatHasBegun(t *testing.T) {
	defer func() {
		if reason := recover(); reason != http.ErrAbortHandler { //nolint:errorlint // a panic's value
			t.Errorf("recovered %v, want http.ErrAbortHandler", reason)
		}
	}()
	serve(t, func(w http.ResponseWriter, _ *http.Request) error {
		_, _ = io.WriteString(w, "half an ")
		panic("gone")
	}, info())
	t.Error("the connection was not cut")
}

func TestIdentify(t *testing.T) {
	for given, kept := range map[string]bool{
		"abc-123": true, "01J:9/z=+._": true, "": false, "two words": false, "a\nb": false, "ключ": false,
		strings.Repeat("x", 129): false, "sk-brs_secret": false,
	} {
		r := info()
		r.Header.Set("X-Request-Id", given)
		var seen string
		response, log := serve(t, func(_ http.ResponseWriter, r *http.Request) error {
			seen = httpx.RequestID(r.Context())
			return nil
		}, r)
		answered := response.Header.Get("X-Request-Id")
		if answered != seen || answered == "" || !strings.Contains(log, fmt.Sprintf(`"request_id":%q`, answered)) {
			t.Errorf("%q: answered %q, handler saw %q, log %s", given, answered, seen, log)
		}
		if (answered == given) != kept {
			t.Errorf("X-Request-Id %q was answered as %q", given, answered)
		}
	}
}

func TestMux_refusesInTheContractsBody(t *testing.T) {
	never := func(http.ResponseWriter, *http.Request) error { panic("called") }
	response, _ := serve(t, never, httptest.NewRequest("GET", "/nothing", nil))
	if detail := errorOf(t, response); response.StatusCode != 404 || detail.Type == string(api.NotFound) {
		t.Errorf("unknown route: %d %+v; a client must be able to tell it from a missing object", response.StatusCode, detail)
	}
	response, log := serve(t, never, httptest.NewRequest("DELETE", "/thing/new", nil))
	if detail := errorOf(t, response); response.StatusCode != 405 || detail.Type != "method_not_allowed_error" {
		t.Errorf("wrong method: %d %+v", response.StatusCode, detail)
	}
	if got := response.Header.Get("Allow"); got != "POST" {
		t.Errorf("Allow = %q", got)
	}
	if !strings.Contains(log, `"status":405`) || !strings.Contains(log, `"pattern":""`) {
		t.Errorf("log = %s", log)
	}
}

func TestLogRequests_saysWhatMatchedAndNothingElse(t *testing.T) {
	r := httptest.NewRequest("POST", "/thing/new?key=canary-query", strings.NewReader(`{"a":"canary-body"}`))
	r.Header.Set("Authorization", "Bearer canary-header")
	response, log := serve(t, func(w http.ResponseWriter, r *http.Request) error {
		httpx.Of(r.Context()).Actor = "terraform"
		if _, err := httpx.ReadBody(r); err != nil {
			return err
		}
		return httpx.WriteJSON(w, http.StatusOK, map[string]int{"n": 1})
	}, r)
	for _, want := range []string{`"method":"POST"`, `"pattern":"POST /thing/new"`, `"status":200`, `"latency_ms":`, `"actor":"terraform"`} {
		if !strings.Contains(log, want) {
			t.Errorf("log lacks %s: %s", want, log)
		}
	}
	if strings.Contains(log, "canary") || strings.Count(log, "\n") != 1 {
		t.Errorf("log = %s", log)
	}
	if response.Header.Get("Cache-Control") != "no-store" || response.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("security headers are missing: %v", response.Header)
	}
}

func TestLogRequests_hidesAnInventedMethod(t *testing.T) {
	_, log := serve(t, nil, httptest.NewRequest("CANARY", "/thing/new", nil))
	if strings.Contains(log, "CANARY") {
		t.Errorf("log = %s", log)
	}
}

// endless is a body that goes on for as long as it is read, and counts how far that was.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	e.read += len(p)
	return copy(p, bytes.Repeat([]byte("x"), len(p))), nil
}

func TestLimitBody_readsNoFurtherThanTheLimit(t *testing.T) {
	decode := func(_ http.ResponseWriter, r *http.Request) error {
		_, err := httpx.ReadBody(r)
		return err
	}
	for name, length := range map[string]int64{"announced": 50 << 20, "not announced": -1} {
		body := &endless{}
		r := httptest.NewRequest("POST", "/thing/new", body)
		r.ContentLength = length
		response, _ := serve(t, decode, r)
		detail := errorOf(t, response)
		if response.StatusCode != 413 || detail.Message != "the request body is larger than the limit of 1000 bytes" {
			t.Errorf("%s: answer = %d %+v", name, response.StatusCode, detail)
		}
		if body.read > 4096 || (length > 0 && body.read > 0) {
			t.Errorf("%s: %d bytes were read", name, body.read)
		}
	}
}

func TestReadBody_brokenOff(t *testing.T) {
	r := httptest.NewRequest("POST", "/thing/new", io.MultiReader(strings.NewReader(`{"a":`), brokenReader{}))
	response, log := serve(t, func(_ http.ResponseWriter, r *http.Request) error {
		_, err := httpx.ReadBody(r)
		return err
	}, r)
	if detail := errorOf(t, response); response.StatusCode != 400 || !strings.Contains(detail.Message, "could not be read") {
		t.Errorf("answer = %d %+v", response.StatusCode, detail)
	}
	if !strings.Contains(log, "reset by peer") {
		t.Errorf("log = %s", log)
	}
}

// A request whose client hung up is no bad request.
func TestReadBody_hungUp(t *testing.T) {
	for name, broken := range map[string]error{
		"the connection ended": io.ErrUnexpectedEOF,
		"it was reset":         &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)},
	} {
		r := httptest.NewRequest("POST", "/thing/new", io.MultiReader(strings.NewReader(`{"a":`), iotest.ErrReader(broken)))
		if _, err := httpx.ReadBody(r); api.CodeOf(err) != api.ClientClosed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("connection reset by peer") }

func TestRequestID_outsideOfARequest(t *testing.T) {
	if id := httpx.RequestID(context.Background()); id != "" {
		t.Errorf("RequestID = %q", id)
	}
}
