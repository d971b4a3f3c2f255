package console

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// recorded keeps what the admin API answers.
type recorded struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *recorded) Header() http.Header                { return a.header }
func (a *recorded) WriteHeader(status int)             { a.status = status }
func (a *recorded) Write(data []byte) (n int, e error) { return a.body.Write(data) }

// ask sends a request to the admin API for who is signed in, and returns its answer. Permissions, rules and the audit
// log are the API's own. The error is an [api.Error] as the API worded it.
func (s *Server) ask(r *http.Request, in *session, method, target string, body any, header http.Header) ([]byte, error) {
	var data []byte
	if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			return nil, fmt.Errorf("ask the admin API: %w", err)
		}
	}
	ctx := context.WithValue(r.Context(), callerKey{}, in.caller)
	request, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("ask the admin API: %w", err)
	}
	if header != nil {
		request.Header = header
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "bursar-console/"+s.Version)
	request.RemoteAddr, request.RequestURI = r.RemoteAddr, target
	answer := &recorded{header: http.Header{}, status: http.StatusOK}
	s.API.ServeHTTP(answer, request)
	if answer.status != http.StatusOK {
		return nil, refusalOf(answer)
	}
	return answer.body.Bytes(), nil
}

// askFor is ask with the answer read into target.
func (s *Server) askFor(r *http.Request, in *session, method, path string, body, target any) error {
	data, err := s.ask(r, in, method, path, body, nil)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, target); err != nil {
		return fmt.Errorf("read the admin API's answer to %s: %w", path, err)
	}
	return nil
}

func refusalOf(answer *recorded) error {
	var refused api.ErrorBody
	if err := json.Unmarshal(answer.body.Bytes(), &refused); err != nil || refused.Error.Message == "" {
		return fmt.Errorf("the admin API answered %d", answer.status)
	}
	known := api.Errorf(api.Code(refused.Error.Type), "%s", refused.Error.Message)
	known.Status, known.Param = answer.status, valueOr(refused.Error.Param, "")
	return known
}
