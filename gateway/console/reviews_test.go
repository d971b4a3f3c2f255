package console_test

import (
	"net/http"
	"net/url"
	"testing"
)

// What was approved is shown with what changes, and is withdrawn by who may approve.
func TestReviews_areShownAndWithdrawn(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	w.admin("/team/new", `{"team_id":"research","max_budget":50}`)
	made := w.admin("/quota_review/new", `{"pull_request":"https://git.example/quotas/pull/7","reason":"the <b>launch</b>","changes":[{"address":"bursar_team.research","noun":"team","action":"update",
		"identity":{"team_id":"research"},"before":{"max_budget":50,"rpm_limit":null},"after":{"max_budget":80,"rpm_limit":null}}]}`)
	id, _ := made["quota_review_id"].(string)
	viewer, _ := w.admin("/admin_key/new", `{"role":"viewer"}`)["key"].(string)
	v := w.signedIn(viewer)
	_, page := v.get("/console/reviews")
	expect(t, page, id, "the &lt;b&gt;launch&lt;/b&gt;", "0 of 1", "Waits for the apply")
	_, page = v.get("/console/review?id=" + id)
	expect(t, page, "update team", "team_id research", "max_budget 50 80", "approved by admin")
	if status, _ := v.post("/console/review/withdraw", url.Values{"csrf": {csrf(page)}, "id": {id}}); status != http.StatusNotFound {
		t.Errorf("a viewer withdraws: %d", status)
	}
	v = w.signedIn(adminKey)
	_, page = v.get("/console/review?id=" + id)
	_, page = v.post("/console/review/withdraw", url.Values{"csrf": {csrf(page)}, "id": {id}})
	expect(t, page, "withdrawn")
	if status, _ := v.get("/console/review?id=nothing"); status != http.StatusNotFound {
		t.Errorf("a review that is not there: %d", status)
	}
}
