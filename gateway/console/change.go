package console

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// A change takes three steps: a form, a rehearsal of what it would do to whom, and the doing with a reason. The last two
// are sent the same route and body, so that what was rehearsed is what is done.

// editBody is the form of an object.
type editBody struct {
	Noun noun
	// ID is "" for a new one. Revision is what the form was made from.
	ID       string
	Name     string
	Revision int64
	Values   map[string]string
	// Problem says what is wrong, Wrong in which field.
	Problem, Wrong string
	// ManagedBy is the configuration that the object is to be changed in; nil for none.
	ManagedBy *api.ManagedBy
}

// New says that the object is yet to be made.
func (b editBody) New() bool { return b.ID == "" }

// rehearsalBody is what a change would do.
type rehearsalBody struct {
	Noun     noun
	ID, Name string
	Title    string
	Route    string
	Body     string
	Revision int64
	// Lines are the fields that the change sets, for people.
	Lines []changeLine
	// Check is nil for what cannot be rehearsed.
	Check *api.QuotaCheck
	// Refusal says why the change would not be taken.
	Refusal     string
	Destructive bool
	Problem     string
	Form        url.Values
}

type changeLine struct{ Label, Old, New string }

// object is one team, key or budget with what forms need of it.
type object struct {
	value      any
	name       string
	record     api.Record
	declaredIn string
	blocked    bool
}

// find reads an object that the caller may see.
func (s *Server) find(ctx context.Context, in *session, kind, id string) (object, error) {
	var found object
	var teamID string
	switch kind {
	case "team":
		team, err := s.Record.Team(ctx, id)
		if err != nil {
			return found, missing(err)
		}
		found, teamID = object{team, nameOf(team.TeamAlias, id), team.Record, team.DeclaredIn, team.Blocked}, id
	case "key":
		key, err := s.Record.Key(ctx, id)
		if err != nil {
			return found, missing(err)
		}
		found, teamID = object{key, nameOf(key.KeyAlias, id), key.Record, key.DeclaredIn, key.Blocked}, valueOr(key.TeamID, "")
		if in.caller.Owns(key.KeyID, valueOr(key.UserID, "")) {
			return found, nil
		}
		if in.caller.Role == auth.RoleKey {
			return found, errNoPage()
		}
	case "budget":
		budget, err := s.Record.Budget(ctx, id)
		if err != nil {
			return found, missing(err)
		}
		found = object{budget, id, budget.Record, budget.DeclaredIn, false}
	default:
		return found, errNoPage()
	}
	if !in.caller.Role.Everywhere() && !slices.Contains(in.caller.Teams, teamID) {
		return found, errNoPage()
	}
	return found, nil
}

func nameOf(alias *string, id string) string {
	if alias != nil && *alias != "" {
		return *alias
	}
	return id
}

// missing makes what is not there and what is not the caller's one.
func missing(err error) error {
	if api.CodeOf(err) == api.NotFound {
		return errNoPage()
	}
	return err
}

// mayChange says whether the caller may change objects of the kind at all.
func mayChange(caller auth.Caller, kind string) bool {
	if kind != "key" {
		return caller.Role.May(auth.Write)
	}
	return caller.Role == auth.RoleAdmin || caller.Role == auth.RoleTeamAdmin ||
		caller.Role == auth.RoleKey && slices.ContainsFunc(caller.Routes, func(route string) bool { return route != "/key/info" && route != "/key/health" })
}

// edit is the form of a new object, or of one that there is.
func (s *Server) edit(w http.ResponseWriter, r *http.Request, in *session) error {
	query := r.URL.Query()
	kind, known := nouns[query.Get("kind")]
	if !known || !mayChange(in.caller, kind.Name) {
		return errNoPage()
	}
	body := editBody{Noun: kind, ID: query.Get("id"), Values: map[string]string{"hard_cap": "true", "team_id": query.Get("team")}}
	if !body.New() {
		found, err := s.find(r.Context(), in, kind.Name, body.ID)
		if err != nil {
			return err
		}
		body.Name, body.Revision, body.ManagedBy = found.name, found.record.Revision, found.record.ManagedBy
		if body.Values, err = kind.values(found.value); err != nil {
			return err
		}
	}
	return s.showForm(w, r, in, http.StatusOK, body)
}

func (s *Server) showForm(w http.ResponseWriter, r *http.Request, in *session, status int, body editBody) error {
	title := "Change " + body.Noun.Name + " " + body.Name
	if body.New() {
		title = "New " + body.Noun.Name
	}
	return s.render(w, status, "edit", s.signedIn(r, in, title, body))
}

// change rehearses what a form or a button asks for, or does what was rehearsed.
func (s *Server) change(w http.ResponseWriter, r *http.Request, in *session) error {
	kind, known := nouns[r.PostFormValue("kind")]
	if !known || !mayChange(in.caller, kind.Name) {
		return errNoPage()
	}
	if r.PostFormValue("step") == "do" {
		return s.carryOut(w, r, in, kind)
	}
	plan := rehearsalBody{Noun: kind, ID: r.PostFormValue("id")}
	var before map[string]string
	var managedBy *api.ManagedBy
	if plan.ID != "" {
		found, err := s.find(r.Context(), in, kind.Name, plan.ID)
		if err != nil {
			return err
		}
		plan.Name, managedBy = found.name, found.record.ManagedBy
		if before, err = kind.values(found.value); err != nil {
			return err
		}
	}
	plan.Revision, _ = strconv.ParseInt(r.PostFormValue("revision"), 10, 64) // 0 is any
	if chosen, given := kind.actions[r.PostFormValue("action")]; given && plan.ID != "" {
		if managedBy != nil && kind.ofConfiguration(chosen.route) {
			return s.showLines(w, r, in, plan, *managedBy, nil)
		}
		plan.Title, plan.Route, plan.Destructive = chosen.Label+": "+plan.Name, chosen.route, chosen.destructive
		return s.rehearse(w, r, in, plan, chosen.body(plan.ID))
	}
	return s.rehearseForm(w, r, in, plan, before, managedBy)
}

// rehearseForm rehearses what was typed into a form; what cannot be read, or would be refused, leads back to it.
func (s *Server) rehearseForm(w http.ResponseWriter, r *http.Request, in *session, plan rehearsalBody, before map[string]string, managedBy *api.ManagedBy) error {
	kind := plan.Noun
	back := editBody{Noun: kind, ID: plan.ID, Name: plan.Name, Revision: plan.Revision, Values: typed(kind, r.PostForm)}
	body, err := kind.body(r.PostForm, before)
	if err == nil && plan.ID != "" && len(body) == 0 {
		err = api.Errorf(api.Invalid, "nothing was changed in the form")
	}
	if wrong, ok := errors.AsType[*api.Error](err); ok {
		back.Problem, back.Wrong = sentence(wrong.Message), wrong.Param
		return s.showForm(w, r, in, http.StatusBadRequest, back)
	}
	if managedBy != nil {
		return s.showLines(w, r, in, plan, *managedBy, body)
	}
	plan.Title, plan.Route = "Change "+plan.Name, kind.edit
	if plan.ID == "" {
		plan.Title, plan.Route = "New "+kind.Name, kind.create
		if id := strings.TrimSpace(r.PostFormValue("new_id")); kind.NewID && id != "" {
			body[kind.IDField] = id
		}
	}
	for _, field := range kind.Fields {
		if value, set := body[field.Name]; set {
			plan.Lines = append(plan.Lines, changeLine{field.Label, before[field.Name], shownValue(value)})
		}
	}
	if plan.ID != "" {
		body[kind.IDField] = plan.ID
	}
	err = s.rehearse(w, r, in, plan, body)
	if wrong, ok := errors.AsType[*api.Error](err); ok && wrong.HTTPStatus() < http.StatusInternalServerError {
		back.Problem, back.Wrong = sentence(wrong.Message), wrong.Param
		return s.showForm(w, r, in, http.StatusBadRequest, back)
	}
	return err
}

func typed(kind noun, form url.Values) map[string]string {
	values := map[string]string{"new_id": form.Get("new_id")}
	for _, field := range kind.Fields {
		values[field.Name] = form.Get(field.Name)
		if field.Kind == asFlag {
			values[field.Name] = strconv.FormatBool(form.Get(field.Name) != "")
		}
	}
	return values
}

func shownValue(value any) string {
	data, err := json.Marshal(value)
	if err != nil || string(data) == "null" || string(data) == "[]" {
		return "nothing"
	}
	return strings.Trim(strings.ReplaceAll(string(data), `"`, ""), "[]")
}

// rehearse shows what a change would do. What would be refused is returned as the API's error.
func (s *Server) rehearse(w http.ResponseWriter, r *http.Request, in *session, plan rehearsalBody, body map[string]any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	plan.Body = string(text)
	if in.caller.Role.May(auth.Read) && plan.Route != "/key/rotate" {
		var check api.QuotaCheck
		question := api.QuotaChange{Route: plan.Route, Body: text}
		if err := s.askFor(r, in, http.MethodPost, "/quota/check", question, &check); err != nil {
			return err
		}
		for _, verdict := range check.Changes {
			if !verdict.OK && verdict.Error != nil {
				refused := api.Errorf(api.Code(verdict.Error.Type), "%s", verdict.Error.Message)
				refused.Param = valueOr(verdict.Error.Param, "")
				return refused
			}
		}
		plan.Check = &check
	}
	return s.render(w, http.StatusOK, "rehearsal", s.signedIn(r, in, plan.Title, plan))
}

// secretBody shows a secret, once.
type secretBody struct {
	Name, Secret, Back string
}

// carryOut does what was rehearsed.
func (s *Server) carryOut(w http.ResponseWriter, r *http.Request, in *session, kind noun) error {
	plan := rehearsalBody{
		Noun: kind, ID: r.PostFormValue("id"), Name: r.PostFormValue("name"), Route: r.PostFormValue("route"), Body: r.PostFormValue("body"),
		Title: r.PostFormValue("title"), Destructive: r.PostFormValue("destructive") != "",
	}
	plan.Revision, _ = strconv.ParseInt(r.PostFormValue("revision"), 10, 64)
	reason := strings.TrimSpace(r.PostFormValue("reason"))
	for _, chosen := range kind.actions {
		plan.Destructive = plan.Destructive || chosen.route == plan.Route && chosen.destructive
	}
	if plan.ID != "" && kind.ofConfiguration(plan.Route) {
		found, err := s.find(r.Context(), in, kind.Name, plan.ID)
		if err != nil {
			return err
		}
		if by := found.record.ManagedBy; by != nil {
			return api.Errorf(api.Conflict, "it is managed by %s: change it there", by)
		}
	}
	switch {
	case !kind.takes(plan.Route) || !json.Valid([]byte(plan.Body)):
		return errNoPage()
	case reason == "":
		plan.Problem = "Say why: the reason is kept in the audit log."
	case plan.Destructive && r.PostFormValue("confirm") != plan.ID:
		plan.Problem = "Type " + plan.ID + " to confirm: this cannot be taken back."
	}
	if plan.Problem != "" {
		return s.render(w, http.StatusBadRequest, "rehearsal", s.signedIn(r, in, plan.Title, plan))
	}
	header := http.Header{}
	header.Set(api.HeaderChangeReason, strings.Join(strings.Fields(reason), " "))
	if plan.Route == kind.edit && plan.Revision > 0 {
		header.Set(api.HeaderIfMatch, strconv.FormatInt(plan.Revision, 10))
	}
	answer, err := s.ask(r, in, http.MethodPost, plan.Route, json.RawMessage(plan.Body), header)
	if api.CodeOf(err) == api.Stale {
		return s.stale(w, r, in, plan)
	}
	if err != nil {
		return err
	}
	s.overview.counts.again("")
	return s.done(w, r, in, plan, answer)
}

// done leads on from a change that was made.
func (s *Server) done(w http.ResponseWriter, r *http.Request, in *session, plan rehearsalBody, answer []byte) error {
	var made struct {
		TeamID   string `json:"team_id"`
		BudgetID string `json:"budget_id"`
		KeyID    string `json:"key_id"`
		Key      string `json:"key"`
	}
	_ = json.Unmarshal(answer, &made) // other answers have none of these
	if plan.Noun.Name == "key" && (plan.Route == plan.Noun.create || plan.Route == "/key/rotate") {
		body := secretBody{Name: plan.Name, Secret: made.Key, Back: Root + "key?id=" + url.QueryEscape(made.KeyID)}
		return s.render(w, http.StatusOK, "secret", s.signedIn(r, in, "The key's secret", body))
	}
	gone := strings.HasSuffix(plan.Route, "/delete")
	target := Root
	switch {
	case plan.Noun.Name == "team" && !gone:
		target = Root + "team?done=1&id=" + url.QueryEscape(valueOrText(plan.ID, made.TeamID))
	case plan.Noun.Name == "key" && !gone:
		target = Root + "key?done=1&id=" + url.QueryEscape(valueOrText(plan.ID, made.KeyID))
	case plan.Noun.Name == "budget":
		target = Root + "budgets?done=1"
	case in.caller.Role.Everywhere():
		target = Root + plan.Noun.Name + "s?done=1"
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
	return nil
}

func valueOrText(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}

// staleBody says who was faster.
type staleBody struct {
	rehearsalBody
	By   api.Record
	Last *api.Audit
}

// stale tells who changed the object since the form was made, and what.
func (s *Server) stale(w http.ResponseWriter, r *http.Request, in *session, plan rehearsalBody) error {
	found, err := s.find(r.Context(), in, plan.Noun.Name, plan.ID)
	if err != nil {
		return err
	}
	body := staleBody{rehearsalBody: plan, By: found.record}
	if in.caller.Role.May(auth.Read) {
		changes, err := s.Record.AuditPage(r.Context(), api.AuditFilter{ObjectID: plan.ID, Limit: 1})
		if err != nil {
			return err
		}
		if len(changes) > 0 {
			body.Last = &changes[0]
		}
	}
	return s.render(w, http.StatusPreconditionFailed, "stale", s.signedIn(r, in, "Somebody was faster", body))
}
