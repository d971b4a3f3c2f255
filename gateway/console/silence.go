package console

import (
	"context"
	"net/http"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// SilencePath is the page that a link in an alert message leads to.
const SilencePath = Root + "silence"

// Silences are what links in alert messages are good for. Whoever holds one needs no account.
type Silences interface {
	// Linked is what a token would silence. Error: [api.NotFound] for one that is not ours or over.
	Linked(token string) (api.AlertSilence, error)
	// Silence does it, once however often it is asked.
	Silence(ctx context.Context, change api.Change, token string) (api.AlertSilence, error)
}

// silenceBody is the page with the button.
type silenceBody struct {
	api.AlertSilence
	Token string
	Done  bool
}

// silencePage says what the link would silence. It changes nothing: mail scanners open links.
func (s *Server) silencePage(w http.ResponseWriter, r *http.Request) {
	token := r.URL.Query().Get("token")
	linked, err := s.Silences.Linked(token)
	if err != nil {
		s.fail(w, r, nil, err)
		return
	}
	s.write(w, r, http.StatusOK, "silence", s.blank(r, "Silence an alert", silenceBody{linked, token, false}))
}

// silence is the button.
func (s *Server) silence(w http.ResponseWriter, r *http.Request) {
	made, err := s.Silences.Silence(r.Context(), api.Change{
		Address: httpx.Of(r.Context()).Address, RequestID: httpx.RequestID(r.Context()), UserAgent: r.UserAgent(),
	}, r.PostFormValue("token"))
	if err != nil {
		s.fail(w, r, nil, err)
		return
	}
	s.write(w, r, http.StatusOK, "silence", s.blank(r, "Alerts are silenced", silenceBody{AlertSilence: made, Done: true}))
}
