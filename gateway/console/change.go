package console

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/console/form"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// A change takes three steps: a form, a rehearsal of what it would do to whom, and the doing with a reason. The last two
// are sent the same route and body, so that what was rehearsed is what is done.

// editBody is the form of an object.
type editBody struct {
	Noun form.Noun
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
	Noun     form.Noun
	ID, Name string
	Title    string
	Route    string
	Body     string
	Revision int64
	// Lines are the fields that the change sets, for people.
	Lines []form.Line
	// Check is nil for what cannot be rehearsed.
	Check *api.QuotaCheck
	// Refusal says why the change would not be taken.
	Refusal     string
	Destructive bool
	Problem     string
	Form        url.Values
}

// mayChange says whether the caller may change objects of the kind at all.
func mayChange(caller auth.Caller, kind string) bool {
	switch kind {
	case "key":
	case "member":
		return caller.Role.May(auth.Write) || caller.Role == auth.RoleTeamAdmin
	default:
		return caller.Role.May(auth.Write)
	}
	return caller.Role == auth.RoleAdmin || caller.Role == auth.RoleTeamAdmin ||
		caller.Role == auth.RoleKey && slices.ContainsFunc(caller.Routes, func(route string) bool { return route != "/key/info" && route != "/key/health" })
}

// edit is the form of a new object, or of one that there is.
func (s *Server) edit(w http.ResponseWriter, r *http.Request, in *session) error {
	query := r.URL.Query()
	kind, known := form.Nouns[query.Get("kind")]
	if !known || !mayChange(in.caller, kind.Name) {
		return errNoPage()
	}
	body := editBody{Noun: kind, ID: query.Get("id"), Values: map[string]string{"team_id": query.Get("team")}}
	for _, on := range []string{"hard_cap", "enabled", "tpm_counts_cached"} {
		body.Values[on] = "true"
	}
	if !body.New() {
		found, err := s.find(r.Context(), in, kind, body.ID)
		if err != nil {
			return err
		}
		body.Name, body.Revision, body.ManagedBy = found.name, found.record.Revision, found.record.ManagedBy
		before, err := form.PartsOf(found.value)
		if err != nil {
			return err
		}
		body.Values = kind.Values(before)
	}
	return s.showForm(w, r, in, http.StatusOK, body)
}

func (s *Server) showForm(w http.ResponseWriter, r *http.Request, in *session, status int, body editBody) error {
	title := "Change " + body.Noun.Title() + " " + body.Name
	if body.New() {
		title = "New " + body.Noun.Title()
	}
	return s.render(w, status, "edit", s.signedIn(r, in, title, body))
}

// change rehearses what a form or a button asks for, or does what was rehearsed.
func (s *Server) change(w http.ResponseWriter, r *http.Request, in *session) error {
	kind, known := form.Nouns[r.PostFormValue("kind")]
	if !known || !mayChange(in.caller, kind.Name) {
		return errNoPage()
	}
	if r.PostFormValue("step") == "do" {
		return s.carryOut(w, r, in, kind)
	}
	plan := rehearsalBody{Noun: kind, ID: r.PostFormValue("id")}
	var before form.Parts
	var managedBy *api.ManagedBy
	if plan.ID != "" {
		found, err := s.find(r.Context(), in, kind, plan.ID)
		if err != nil {
			return err
		}
		plan.Name, managedBy = found.name, found.record.ManagedBy
		if before, err = form.PartsOf(found.value); err != nil {
			return err
		}
	}
	plan.Revision, _ = strconv.ParseInt(r.PostFormValue("revision"), 10, 64) // 0 is any
	if chosen, given := kind.Actions[r.PostFormValue("action")]; given && plan.ID != "" {
		if managedBy != nil && kind.OfConfiguration(chosen.Route) {
			return s.showLines(w, r, in, plan, *managedBy, "")
		}
		plan.Title, plan.Route, plan.Destructive = chosen.Label+": "+plan.Name, chosen.Route, chosen.Destructive
		return s.rehearse(w, r, in, plan, chosen.Body(plan.ID))
	}
	return s.rehearseForm(w, r, in, plan, before, managedBy)
}

// rehearseForm rehearses what was typed into a form; what cannot be read, or would be refused, leads back to it.
func (s *Server) rehearseForm(w http.ResponseWriter, r *http.Request, in *session, plan rehearsalBody, before form.Parts, managedBy *api.ManagedBy) error {
	kind := plan.Noun
	back := editBody{Noun: kind, ID: plan.ID, Name: plan.Name, Revision: plan.Revision, Values: kind.Typed(r.PostForm)}
	body, err := kind.Body(r.PostForm, before)
	if err == nil && plan.ID != "" && len(body) == 0 {
		err = api.Errorf(api.Invalid, "nothing was changed in the form")
	}
	if wrong, ok := errors.AsType[*api.Error](err); ok {
		back.Problem, back.Wrong = sentence(wrong.Message), wrong.Param
		return s.showForm(w, r, in, http.StatusBadRequest, back)
	}
	if managedBy != nil {
		return s.showLines(w, r, in, plan, *managedBy, kind.HCL(r.PostForm, before))
	}
	plan.Title, plan.Route = "Change "+plan.Name, kind.Edit
	if plan.ID == "" {
		plan.Title, plan.Route = "New "+kind.Title(), kind.Create
		if id := strings.TrimSpace(r.PostFormValue("new_id")); kind.NewID && id != "" {
			body[kind.IDField] = id
		}
		maps.Copy(body, kind.Always)
	}
	plan.Lines = kind.Lines(r.PostForm, before)
	if plan.ID != "" {
		maps.Copy(body, kind.Naming(plan.ID))
	}
	err = s.rehearse(w, r, in, plan, body)
	if wrong, ok := errors.AsType[*api.Error](err); ok && wrong.HTTPStatus() < http.StatusInternalServerError {
		back.Problem, back.Wrong = sentence(wrong.Message), wrong.Param
		return s.showForm(w, r, in, http.StatusBadRequest, back)
	}
	return err
}

// rehearse shows what a change would do. What would be refused is returned as the API's error.
func (s *Server) rehearse(w http.ResponseWriter, r *http.Request, in *session, plan rehearsalBody, body map[string]any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if plan.Body, err = s.pack(in, plan, text); err != nil {
		return err
	}
	if in.caller.Role.May(auth.Read) && plan.Noun.Rehearsed(plan.Route) {
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

// packedFor is what a rehearsal's body is encrypted for: what one session rehearsed of one object, by one route and from one
// revision, opens nowhere else.
func packedFor(in *session, plan rehearsalBody) string {
	return strings.Join([]string{
		"console change", plan.Noun.Name, plan.Route, url.PathEscape(plan.ID), strconv.FormatInt(plan.Revision, 10), in.digest(),
	}, "/")
}

// pack makes what a rehearsal is sent back with. It is encrypted: secrets that were typed stand in no page, and what is done
// is what was rehearsed, of the object that it was rehearsed of.
func (s *Server) pack(in *session, plan rehearsalBody, body []byte) (string, error) {
	sealed, err := s.Sealer.Seal(body, packedFor(in, plan))
	if err != nil {
		return "", fmt.Errorf("keep what was typed: %w", err)
	}
	return base64.StdEncoding.EncodeToString(sealed), nil
}

// unpack is the body that was packed for the session and the plan; what was not packed so is none.
func (s *Server) unpack(in *session, plan rehearsalBody) (json.RawMessage, error) {
	sealed, err := base64.StdEncoding.DecodeString(plan.Body)
	if err != nil {
		return nil, errNoPage()
	}
	body, err := s.Sealer.Open(sealed, packedFor(in, plan))
	if err != nil {
		return nil, errNoPage()
	}
	return body, nil
}

// rehearsedPlan is what the form at the end of a rehearsal says that was rehearsed.
func rehearsedPlan(r *http.Request, kind form.Noun) rehearsalBody {
	plan := rehearsalBody{
		Noun: kind, ID: r.PostFormValue("id"), Name: r.PostFormValue("name"), Route: r.PostFormValue("route"), Body: r.PostFormValue("body"),
		Title: r.PostFormValue("title"),
	}
	plan.Revision, _ = strconv.ParseInt(r.PostFormValue("revision"), 10, 64)
	for _, chosen := range kind.Actions {
		plan.Destructive = plan.Destructive || chosen.Route == plan.Route && chosen.Destructive
	}
	return plan
}

// mostCallers is how many callers a page about a change names.
const mostCallers = 5

// secretBody shows a secret, once.
type secretBody struct {
	Name, Secret, Back string
}

// carryOut does what was rehearsed.
func (s *Server) carryOut(w http.ResponseWriter, r *http.Request, in *session, kind form.Noun) error {
	plan, reason := rehearsedPlan(r, kind), strings.TrimSpace(r.PostFormValue("reason"))
	if plan.ID != "" && kind.OfConfiguration(plan.Route) {
		found, err := s.find(r.Context(), in, kind, plan.ID)
		if err != nil {
			return err
		}
		if by := found.record.ManagedBy; by != nil {
			return api.Errorf(api.Conflict, "it is managed by %s: change it there", by)
		}
	}
	if !kind.Takes(plan.Route) {
		return errNoPage()
	}
	body, err := s.unpack(in, plan)
	if err != nil {
		return err
	}
	switch {
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
	if plan.Route == kind.Edit && plan.Revision > 0 {
		header.Set(api.HeaderIfMatch, strconv.FormatInt(plan.Revision, 10))
	}
	answer, err := s.ask(r, in, http.MethodPost, plan.Route, body, header)
	switch api.CodeOf(err) {
	case "":
	case api.Stale:
		return s.stale(w, r, in, plan)
	case api.Invalid, api.Conflict:
		plan.Problem = sentence(err.Error())
		return s.render(w, http.StatusBadRequest, "rehearsal", s.signedIn(r, in, plan.Title, plan))
	default:
		return err
	}
	s.overview.counts.again("")
	return s.done(w, r, in, plan, answer)
}

// done leads on from a change that was made.
func (s *Server) done(w http.ResponseWriter, r *http.Request, in *session, plan rehearsalBody, answer []byte) error {
	if plan.Noun.Name == form.Key.Name && (plan.Route == plan.Noun.Create || plan.Route == "/key/rotate") {
		var made struct {
			KeyID string `json:"key_id"`
			Key   string `json:"key"`
		}
		if err := json.Unmarshal(answer, &made); err != nil {
			return fmt.Errorf("read the new secret: %w", err)
		}
		body := secretBody{Name: plan.Name, Secret: made.Key, Back: Root + "key?id=" + url.QueryEscape(made.KeyID)}
		return s.render(w, http.StatusOK, "secret", s.signedIn(r, in, "The key's secret", body))
	}
	http.Redirect(w, r, plan.next(in, answer), http.StatusSeeOther)
	return nil
}

// next is the page after a change: the object's, or where it was listed if it is gone.
func (b rehearsalBody) next(in *session, answer []byte) string {
	id := b.ID
	if id == "" {
		var made map[string]any
		_ = json.Unmarshal(answer, &made) // what has no id leads to a list
		id, _ = made[b.Noun.IDField].(string)
		if b.Noun.Name == form.Member.Name {
			team, _ := made["team_id"].(string)
			id = form.MemberID(team, "")
		}
	}
	switch gone := strings.HasSuffix(b.Route, "/delete"); {
	case !gone || !b.Noun.Alone:
		return pathOf(b.Noun, id)
	case in.caller.Role.Everywhere():
		return Root + b.Noun.Name + "s?done=1"
	default:
		return Root
	}
}

// staleBody says who was faster.
type staleBody struct {
	rehearsalBody
	By   api.Record
	Last *api.Audit
}

// stale tells who changed the object since the form was made, and what.
func (s *Server) stale(w http.ResponseWriter, r *http.Request, in *session, plan rehearsalBody) error {
	found, err := s.find(r.Context(), in, plan.Noun, plan.ID)
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
