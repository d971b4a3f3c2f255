package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// tryBody is the page where a request to the admin API is tried, as who is signed in.
type tryBody struct {
	Methods []string
	// Method, Path and Body are what is sent; Reason goes into the audit log.
	Method, Path, Body, Reason string
	Problem                    string
	// Status is 0 before anything was sent. Cut says that the answer was longer than a page shows.
	Status int
	Answer string
	Cut    bool
}

var triedMethods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// longestTried is how much of an answer the page shows, in bytes.
const longestTried = 32 << 10

// try is the form, filled in with what the description of the API links here for. Opening it sends nothing.
func (s *Server) try(w http.ResponseWriter, r *http.Request, in *session) error {
	query := r.URL.Query()
	body := tryBody{Methods: triedMethods, Method: query.Get("method"), Path: query.Get("path")}
	// A link of somebody else's cannot say what is sent: it names a route, and has no values.
	if text := query.Get("body"); valueless(text) {
		body.Body = text
	}
	return s.show(w, r, in, "try", "Try a request", false, body)
}

// valueless says that a body has the names of fields and nothing in them, as the description of the API links it.
func valueless(text string) bool {
	var fields map[string]any
	if json.Unmarshal([]byte(text), &fields) != nil {
		return false
	}
	for _, value := range fields {
		if value != "" {
			return false
		}
	}
	return true
}

// send sends what was typed to the admin API, and shows its answer whatever it is.
func (s *Server) send(w http.ResponseWriter, r *http.Request, in *session) error {
	body := tryBody{
		Methods: triedMethods, Method: r.PostFormValue("method"), Path: strings.TrimSpace(r.PostFormValue("path")),
		Body: strings.TrimSpace(r.PostFormValue("body")), Reason: strings.Join(strings.Fields(r.PostFormValue("reason")), " "),
	}
	request, err := s.request(r, in, body.Method, body.Path, []byte(body.Body))
	switch {
	case api.CodeOf(err) == api.Forbidden:
		return err
	case err != nil || !strings.HasPrefix(body.Path, "/") || strings.HasPrefix(body.Path, "//"):
		body.Problem = "The path is one of the admin API, such as /team/list."
	case body.Body != "" && !json.Valid([]byte(body.Body)):
		body.Problem = "The body is no JSON."
	case body.Method != http.MethodGet && body.Reason == "":
		body.Problem = "Say why: the reason is kept in the audit log."
	}
	if body.Problem != "" {
		return s.render(w, http.StatusBadRequest, "try", s.signedIn(r, in, "Try a request", body))
	}
	if body.Reason != "" {
		request.Header.Set(api.HeaderChangeReason, body.Reason)
	}
	answer := &recorded{header: http.Header{}, status: http.StatusOK, most: longestTried}
	s.serveCut(answer, request)
	body.Status, body.Answer, body.Cut = answer.status, readable(answer.body.Bytes()), answer.cut
	if body.Method != http.MethodGet {
		s.overview.counts.again("")
	}
	return s.show(w, r, in, "try", "Try a request", false, body)
}

// serveCut has the admin API answer. It breaks an answer off of which nothing more is kept; that is not an error here.
func (s *Server) serveCut(answer *recorded, request *http.Request) {
	defer func() {
		broken := recover()
		if err, ok := broken.(error); ok && errors.Is(err, http.ErrAbortHandler) && answer.cut {
			return
		}
		if broken != nil {
			panic(broken)
		}
	}()
	s.API.ServeHTTP(answer, request)
}

// readable indents JSON; what is none stays as it is.
func readable(answer []byte) string {
	var indented bytes.Buffer
	if json.Indent(&indented, answer, "", "  ") != nil {
		return string(answer)
	}
	return indented.String()
}
