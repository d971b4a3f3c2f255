package console

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// silencesBody is what nobody hears for a while, and which refusals somebody looks into.
type silencesBody struct {
	Silences []api.AlertSilence
	Refusals []api.AlertEventRecord
	// Events are the names to choose from.
	Events []string
	Change bool
	// Form is what was typed, Problem why it was not taken, Wrong in which field.
	Form           url.Values
	Problem, Wrong string
	// Done is what was done right now: "made", "ended" or "acknowledged".
	Done string
}

// untilLayout is how a browser writes a moment that was chosen. It has no zone; the page says that it is UTC.
const untilLayout = "2006-01-02T15:04"

// silences is the page as it stands.
func (s *Server) silences(w http.ResponseWriter, r *http.Request, in *session) error {
	form := url.Values{"team_id": {r.URL.Query().Get("team")}, "until": {s.Now().UTC().Add(24 * time.Hour).Format(untilLayout)}}
	return s.showSilences(w, r, in, http.StatusOK, silencesBody{Form: form, Done: r.URL.Query().Get("done")})
}

func (s *Server) showSilences(w http.ResponseWriter, r *http.Request, in *session, status int, body silencesBody) (err error) {
	body.Events, body.Change = api.Events, in.caller.Role.May(auth.Write)
	if body.Silences, err = s.Record.AlertSilences(r.Context(), s.Now()); err != nil {
		return err
	}
	filter := api.AlertEventFilter{Type: api.EventBudgetHardLimit, Limit: perPage}
	if body.Refusals, _, err = s.Record.AlertEvents(r.Context(), filter); err != nil {
		return err
	}
	return s.render(w, status, "silences", s.signedIn(r, in, "Silences", body))
}

// makeSilence makes one out of the form.
func (s *Server) makeSilence(w http.ResponseWriter, r *http.Request, in *session) error {
	question := map[string]any{"reason": strings.TrimSpace(r.PostFormValue("reason"))}
	for _, name := range []string{"team_id", "event"} {
		if value := strings.TrimSpace(r.PostFormValue(name)); value != "" {
			question[name] = value
		}
	}
	until, err := time.Parse(untilLayout, r.PostFormValue("until"))
	if err != nil {
		return s.afterSilence(w, r, in, "made", api.FieldErrorf("until", "%q is no moment; write one such as 2026-12-01T08:00", r.PostFormValue("until")))
	}
	question["until"] = until
	_, err = s.ask(r, in, http.MethodPost, "/alert/silence", question, nil)
	return s.afterSilence(w, r, in, "made", err)
}

// endSilence lets its events go out again.
func (s *Server) endSilence(w http.ResponseWriter, r *http.Request, in *session) error {
	_, err := s.ask(r, in, http.MethodPost, "/alert/silence/delete", map[string]string{"silence_id": r.PostFormValue("id")}, nil)
	return s.afterSilence(w, r, in, "ended", err)
}

// acknowledge says that somebody looks into a refusal.
func (s *Server) acknowledge(w http.ResponseWriter, r *http.Request, in *session) error {
	_, err := s.ask(r, in, http.MethodPost, "/alert/ack", map[string]string{"event_id": r.PostFormValue("id")}, nil)
	return s.afterSilence(w, r, in, "acknowledged", err)
}

// afterSilence leads back to the page, or shows it with what was wrong.
func (s *Server) afterSilence(w http.ResponseWriter, r *http.Request, in *session, done string, err error) error {
	if err == nil {
		http.Redirect(w, r, Root+"silences?done="+done, http.StatusSeeOther)
		return nil
	}
	wrong, ok := err.(*api.Error) //nolint:errorlint // what the API words stands at the top
	if !ok || wrong.HTTPStatus() >= http.StatusInternalServerError || wrong.Code == api.Forbidden {
		return err
	}
	return s.showSilences(w, r, in, http.StatusBadRequest, silencesBody{Form: r.PostForm, Problem: sentence(wrong.Message), Wrong: wrong.Param})
}
