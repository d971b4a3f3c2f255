package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// requestsBody is the page where teams ask for more, and admins answer.
type requestsBody struct {
	Requests []requestRow
	// Teams are those that the caller may ask for; an admin of the platform types one.
	Teams []string
	// Ask and Answer say what the caller may do.
	Ask, Answer bool
	// Form is what was typed, Problem why it was not taken, Wrong in which field.
	Form           url.Values
	Problem, Wrong string
	// Done is a request that was made or answered right now.
	Done *api.QuotaRequest
}

// requestRow is one request with what the caller may do to it.
type requestRow struct {
	api.QuotaRequest
	Cancel bool
}

// Whose is whose limit it is, for people.
func (r requestRow) Whose() string {
	noun, id := r.Of()
	return noun + " " + id
}

// spans are for how long more can be asked for here.
var spans = map[string]time.Duration{"day": 24 * time.Hour, "week": 7 * 24 * time.Hour, "month": 30 * 24 * time.Hour}

// requests is the page as it stands.
func (s *Server) requests(w http.ResponseWriter, r *http.Request, in *session) error {
	body := requestsBody{Form: url.Values{"team_id": {r.URL.Query().Get("team")}, "limit": {r.URL.Query().Get("limit")}}}
	if id := r.URL.Query().Get("done"); id != "" {
		done, err := s.Record.QuotaRequest(r.Context(), id)
		if err == nil && (in.caller.Role.Everywhere() || slices.Contains(in.caller.Teams, done.TeamID)) {
			body.Done = &done
		}
	}
	return s.showRequests(w, r, in, http.StatusOK, body)
}

func (s *Server) showRequests(w http.ResponseWriter, r *http.Request, in *session, status int, body requestsBody) error {
	filter := api.QuotaRequestFilter{Limit: perPage}
	body.Ask, body.Answer = in.caller.Role.May(auth.TeamWrite), in.caller.Role.May(auth.Write)
	if !in.caller.Role.Everywhere() {
		body.Teams = in.caller.Teams
		filter.TeamIDs = append([]string{}, in.caller.Teams...)
	}
	found, err := s.Record.QuotaRequests(r.Context(), filter)
	if err != nil {
		return err
	}
	for _, request := range found {
		body.Requests = append(body.Requests, requestRow{request, request.Open() && body.Ask && !body.Answer})
	}
	return s.render(w, status, "requests", s.signedIn(r, in, "Requests", body))
}

// askForMore makes a request out of the form.
func (s *Server) askForMore(w http.ResponseWriter, r *http.Request, in *session) error {
	body := requestsBody{Form: r.PostForm}
	fields, err := requestOf(r.PostForm, s.Now())
	var made api.QuotaRequest
	if err == nil {
		err = s.askFor(r, in, http.MethodPost, "/quota_request/new", fields, &made)
	}
	return s.afterRequest(w, r, in, body, made, err)
}

// answerRequest approves, declines or cancels one.
func (s *Server) answerRequest(w http.ResponseWriter, r *http.Request, in *session) error {
	verb, form := r.PostFormValue("verb"), map[string]any{"quota_request_id": r.PostFormValue("id")}
	switch verb {
	case "approve", "decline":
		form["answer"] = strings.TrimSpace(r.PostFormValue("answer"))
	case "at_once":
		verb, form["answer"], form["at_once"] = "approve", strings.TrimSpace(r.PostFormValue("answer")), true
	case "cancel":
	default:
		return errNoPage()
	}
	header := http.Header{}
	if reason := strings.Join(strings.Fields(r.PostFormValue("answer")), " "); reason != "" {
		header.Set(api.HeaderChangeReason, reason)
	}
	_, err := s.ask(r, in, http.MethodPost, "/quota_request/"+verb, form, header)
	if err == nil {
		s.overview.counts.again("")
	}
	return s.afterRequest(w, r, in, requestsBody{Form: url.Values{}}, api.QuotaRequest{QuotaRequestID: r.PostFormValue("id")}, err)
}

// afterRequest leads back to the page, or shows it with what was wrong.
func (s *Server) afterRequest(w http.ResponseWriter, r *http.Request, in *session, body requestsBody, done api.QuotaRequest, err error) error {
	if err == nil {
		http.Redirect(w, r, AskPath+"?done="+url.QueryEscape(done.QuotaRequestID), http.StatusSeeOther)
		return nil
	}
	wrong, ok := err.(*api.Error) //nolint:errorlint // what the API words stands at the top
	if !ok || wrong.HTTPStatus() >= http.StatusInternalServerError {
		return err
	}
	body.Problem, body.Wrong = sentence(wrong.Message), wrong.Param
	return s.showRequests(w, r, in, http.StatusBadRequest, body)
}

// requestOf is what the form asks for.
func requestOf(form url.Values, now time.Time) (fields api.QuotaRequestFields, err error) {
	span, known := spans[form.Get("for")]
	if !known {
		return fields, api.FieldErrorf("for", "must be day, week or month")
	}
	fields = api.QuotaRequestFields{
		TeamID: strings.TrimSpace(form.Get("team_id")), Limit: form.Get("limit"),
		Until: now.Add(span).UTC().Truncate(time.Second), Reason: strings.TrimSpace(form.Get("reason")),
	}
	for name, target := range map[string]**string{"key_id": &fields.KeyID, "user_id": &fields.UserID, "budget_id": &fields.BudgetID} {
		if id := strings.TrimSpace(form.Get(name)); id != "" {
			*target = &id
		}
	}
	more := strings.ReplaceAll(strings.TrimPrefix(strings.TrimSpace(form.Get("more")), "$"), ",", "")
	if fields.Limit == api.LimitBudget {
		amount, err := money.Parse(more)
		if err != nil {
			return fields, api.FieldErrorf("more", "%q is not an amount in US dollars such as 250 or 0.5", more)
		}
		fields.USD = &amount
		return fields, nil
	}
	by, err := strconv.ParseInt(more, 10, 64)
	if err != nil {
		return fields, api.FieldErrorf("more", "%q is not a whole number", more)
	}
	fields.By = &by
	return fields, nil
}
