package admin_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
)

const approvedRaise = `{"changes":[{"address":"bursar_team.a","noun":"team","action":"update","identity":{"team_id":"a"},` +
	`"before":{"rpm_limit":10},"after":{"rpm_limit":20}}],"pull_request":"https://github.com/acme/quotas/pull/7","reason":"a launch"}`

// Who has the role approver approves, and changes nothing; the change needs somebody who may make it.
func TestQuotaReview_approverApprovesAndAnotherApplies(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a","rpm_limit":10}`).ok()
	approver := g.post("/admin_key/new", `{"role":"approver","admin_key_alias":"ann"}`).ok().textAt("key")
	viewer := g.post("/admin_key/new", `{"role":"viewer"}`).ok().textAt("key")
	as := func(key, path, body string) answer { return g.send("POST", path, body, "Authorization", "Bearer "+key) }

	as(viewer, "/quota_review/new", approvedRaise).refused(403, "", "role viewer may not use")
	made := as(approver, "/quota_review/new", approvedRaise).ok().has("state", `"approved"`, "total", "1", "used", "0", "created_by", `"ann"`, "expires_at", `"2026-11-25T10:20:30Z"`)
	id := made.textAt("quota_review_id")
	as(approver, "/team/update", `{"team_id":"a","rpm_limit":20}`).refused(403, "", "role approver may not use")
	as(approver, "/quota_review/new", `{"changes":[{"address":"x","noun":"team","action":"create"}],"expires_at":"2027-11-25T00:00:00Z"}`).refused(400, "expires_at", "within 92 days")

	under := func(body string) answer { return g.post("/team/update", body, "X-Bursar-Approved-Review", id) }
	under(`{"team_id":"a","rpm_limit":30}`).refused(409, "", "rpm_limit becomes 20 in the approved plan, and comes as 30")
	if check := g.post("/quota/check", `{"route":"/team/update","body":{"team_id":"a","rpm_limit":30}}`, "X-Bursar-Approved-Review", id).ok().text; !strings.Contains(check, "not_approved_error") {
		t.Errorf("the rehearsal says %s", check)
	}
	under(`{"team_id":"a","rpm_limit":20}`).ok().has("rpm_limit", "20")
	g.get("/quota_review/info?quota_review_id="+id).ok().has("used", "1")
	if log := g.get("/audit?object_id=a").ok().text; !strings.Contains(log, "approved review "+id+" by ann, https://github.com/acme/quotas/pull/7, a launch") {
		t.Errorf("the audit log has %s", log)
	}
	if history := g.get("/quota/history?team_id=a").ok().text; !strings.Contains(history, `"pull_request":"https://github.com/acme/quotas/pull/7"`) {
		t.Errorf("the history has %s", history)
	}
	as(approver, "/quota_review/withdraw", `{"quota_review_id":"`+id+`"}`).ok().has("state", `"withdrawn"`)
	under(`{"team_id":"a","rpm_limit":10}`).refused(409, "", "was withdrawn by ann")
}

// Where the gateway says so, a configuration needs an approved review, of somebody else; people at work do not.
func TestQuotaReview_isRequired(t *testing.T) {
	g := newGatewayWith(t, store.Reviews{Required: true, OfOthers: true})
	g.post("/team/new", `{"team_id":"a","rpm_limit":10}`).ok()
	raise := func(headers ...string) answer {
		return g.post("/team/update", `{"team_id":"a","rpm_limit":20}`, append(headers, "X-Bursar-Managed-By", byTerraform)...)
	}
	raise().refused(409, "", "reviews.required")
	g.get("/team/info?team_id=a").ok().has("rpm_limit", "10")
	own := g.post("/quota_review/new", approvedRaise).ok().textAt("quota_review_id")
	raise("X-Bursar-Approved-Review", own).refused(409, "", "with the credential that now applies it")
	approver := g.post("/admin_key/new", `{"role":"approver"}`).ok().textAt("key")
	id := g.send("POST", "/quota_review/new", approvedRaise, "Authorization", "Bearer "+approver).ok().textAt("quota_review_id")
	raise("X-Bursar-Approved-Review", id).ok().has("rpm_limit", "20")
}

// Admin keys are approved like anything else: one is made, changed and deleted as approved, and no other is.
func TestQuotaReview_ofAdminKeys(t *testing.T) {
	g := newGateway(t)
	approve := func(change string) string {
		return g.post("/quota_review/new", `{"reason":"x","changes":[`+change+`]}`).ok().textAt("quota_review_id")
	}
	with := func(review, path, body string) answer {
		return g.send("POST", path, body, "X-Bursar-Approved-Review", review)
	}
	made := with(approve(`{"address":"bursar_admin_key.ci","noun":"admin_key","action":"create","identity":{},"after":{"admin_key_alias":"ci","role":"viewer","team_ids":[],"expires":null}}`),
		"/admin_key/new", `{"admin_key_alias":"ci","role":"viewer"}`).ok()
	id := made.textAt("admin_key_id")
	other := g.post("/admin_key/new", `{"role":"admin"}`).ok().textAt("admin_key_id")
	change := approve(`{"address":"bursar_admin_key.ci","noun":"admin_key","action":"update","identity":{"admin_key_id":"` + id + `"},"before":{"role":"viewer"},"after":{"role":"approver"}}`)
	with(change, "/admin_key/update", `{"admin_key_id":"`+other+`","role":"approver"}`).refused(409, "", "is not in the approved review")
	with(change, "/admin_key/update", `{"admin_key_id":"`+id+`","role":"approver"}`).ok()
	g.post("/quota_review/new", `{"reason":"x","changes":[{"address":"a","noun":"admin_key","action":"rotate","identity":{}}]}`).refused(400, "changes[0]", "does not say which object")
	gone := approve(`{"address":"bursar_admin_key.ci","noun":"admin_key","action":"delete","identity":{"admin_key_id":"` + id + `"},"before":{"role":"approver"}}`)
	with(gone, "/admin_key/delete", `{"admin_key_ids":["`+other+`"]}`).refused(409, "", "")
	with(gone, "/admin_key/delete", `{"admin_key_ids":["`+id+`"]}`).ok()
}

// A review of thousands of whole objects is larger than any other request: it is taken, and others keep
// their bound.
func TestQuotaReview_ofManyLargeChanges(t *testing.T) {
	g := newGateway(t)
	metadata := strings.Repeat("x", 60_000)
	changes := make([]string, 180)
	for i := range changes {
		changes[i] = fmt.Sprintf(`{"address":"bursar_team.t%d","noun":"team","action":"create","identity":{"team_id":"t%d"},"after":{"metadata":{"note":%q}}}`, i, i, metadata)
	}
	body := `{"changes":[` + strings.Join(changes, ",") + `]}`
	if len(body) < httpx.DefaultMaxBody {
		t.Fatalf("the body has only %d bytes", len(body))
	}
	g.post("/quota_review/new", body).ok().has("total", "180")
	g.post("/team/new", `{"team_id":"a","metadata":{"note":"`+strings.Repeat("x", httpx.DefaultMaxBody)+`"}}`).refused(413, "", "larger than the limit of 10485760 bytes")
}
