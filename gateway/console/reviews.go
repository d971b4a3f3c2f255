package console

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/console/form"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// reviewsBody is the list of approved reviews.
type reviewsBody struct {
	Reviews []api.QuotaReview
}

// reviewBody is one approved review with what it lets through.
type reviewBody struct {
	Review  api.QuotaReview
	Changes []approvedRow
	// More is how many changes are not shown.
	More int
	// Withdraw says that the caller may withdraw it, and that something of it is left.
	Withdraw bool
	// Over says that it lets nothing through any more, because its time is over.
	Over bool
}

// approvedRow is one approved change, for people.
type approvedRow struct {
	api.ApprovedChange
	Fields []form.Line
}

// Of is what the change is about.
func (r approvedRow) Of() string {
	ids := make([]string, 0, len(r.Identity))
	for name, id := range r.Identity {
		ids = append(ids, name+" "+id)
	}
	slices.Sort(ids)
	return strings.Join(ids, ", ")
}

// mostApproved is how many changes of a review a page shows.
const mostApproved = 100

// reviews is the list of the newest approved reviews.
func (s *Server) reviews(w http.ResponseWriter, r *http.Request, in *session) error {
	var listed struct {
		Reviews []api.QuotaReview `json:"quota_reviews"`
	}
	if err := s.askFor(r, in, http.MethodGet, "/quota_review/list", nil, &listed); err != nil {
		return err
	}
	body := reviewsBody{Reviews: listed.Reviews[:min(perPage, len(listed.Reviews))]}
	return s.show(w, r, in, "reviews", "Reviews", false, body)
}

// review is the page of one.
func (s *Server) review(w http.ResponseWriter, r *http.Request, in *session) error {
	var body reviewBody
	id := r.URL.Query().Get("id")
	if err := s.askFor(r, in, http.MethodGet, "/quota_review/info?quota_review_id="+url.QueryEscape(id), nil, &body.Review); err != nil {
		return missing(err)
	}
	body.Over = !body.Review.ExpiresAt.After(s.Now())
	body.Withdraw = in.caller.Role.May(auth.Approve) && body.Review.State == api.ReviewApproved && !body.Over && body.Review.Used < body.Review.Total
	shown := body.Review.Changes[:min(mostApproved, len(body.Review.Changes))]
	body.More = len(body.Review.Changes) - len(shown)
	for _, change := range shown {
		body.Changes = append(body.Changes, approvedRow{change, approvedFields(change)})
	}
	return s.show(w, r, in, "review", "Review", false, body)
}

// approvedFields are the fields that a change makes another, by name.
func approvedFields(change api.ApprovedChange) (lines []form.Line) {
	var before, after form.Parts
	_ = json.Unmarshal(change.Before, &before) // null has none
	_ = json.Unmarshal(change.After, &after)
	names := map[string]bool{}
	for _, side := range []form.Parts{before, after} {
		for name := range side {
			names[name] = true
		}
	}
	for name := range names {
		old, now := plain(before[name]), plain(after[name])
		if slices.Contains(change.Open, name) {
			now = "whatever the apply knows"
		}
		if old != now {
			lines = append(lines, form.Line{Label: name, Old: old, New: now})
		}
	}
	slices.SortFunc(lines, func(a, b form.Line) int { return strings.Compare(a.Label, b.Label) })
	return lines
}

// plain is a JSON value as people write it, "" for nothing.
func plain(raw json.RawMessage) string {
	text := strings.TrimSpace(string(raw))
	if text == "null" {
		return ""
	}
	return strings.Trim(text, `"`)
}

// withdrawReview lets nothing of a review through any more.
func (s *Server) withdrawReview(w http.ResponseWriter, r *http.Request, in *session) error {
	id := r.PostFormValue("id")
	if _, err := s.ask(r, in, http.MethodPost, "/quota_review/withdraw", map[string]string{"quota_review_id": id}, nil); err != nil {
		return missing(err)
	}
	http.Redirect(w, r, Root+"review?id="+url.QueryEscape(id), http.StatusSeeOther)
	return nil
}
