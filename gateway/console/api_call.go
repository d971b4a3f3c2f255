package console

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// recorded keeps what the admin API answers.
type recorded struct {
	header http.Header
	status int
	body   bytes.Buffer
	// most is how many bytes of it are kept, 0 for all; cut says that there were more.
	most int
	cut  bool
}

func (a *recorded) Header() http.Header    { return a.header }
func (a *recorded) WriteHeader(status int) { a.status = status }

func (a *recorded) Write(data []byte) (int, error) {
	kept := data
	if room := a.most - a.body.Len(); a.most > 0 && len(kept) > room {
		kept, a.cut = kept[:room], true
	}
	a.body.Write(kept)
	if a.cut {
		return len(kept), errEnough // what streams rows stops reading them
	}
	return len(data), nil
}

// errEnough ends an answer of which a page shows no more.
var errEnough = errors.New("the answer is longer than a page shows")

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
	request, err := s.request(r, in, method, target, data)
	if err != nil {
		return nil, err
	}
	maps.Copy(request.Header, header)
	answer := &recorded{header: http.Header{}, status: http.StatusOK}
	s.API.ServeHTTP(answer, request)
	if answer.status != http.StatusOK {
		return nil, refusalOf(answer)
	}
	return answer.body.Bytes(), nil
}

// request is one to the admin API for who is signed in.
func (s *Server) request(r *http.Request, in *session, method, target string, body []byte) (*http.Request, error) {
	if in.onlyLooks() {
		return nil, api.Errorf(api.Forbidden, "this key or its team is blocked: it shows how it stands, and asks for nothing else")
	}
	ctx := context.WithValue(r.Context(), callerKey{}, in.caller)
	request, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask the admin API: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "bursar-console/"+s.Version)
	request.RemoteAddr, request.RequestURI = r.RemoteAddr, target
	return request, nil
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
