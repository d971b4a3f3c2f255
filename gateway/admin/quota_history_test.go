package admin_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// What a pipeline changed is found with its pull request; what is no limit is left out.
func TestQuotaHistory_saysWhoChangedLimitsAndWhere(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"marketing","max_budget":100}`).ok()
	g.post("/team/new", `{"team_id":"research"}`).ok()
	g.post("/team/update", `{"team_id":"marketing","max_budget":250,"rpm_limit":60}`, "X-Change-Reason", "launch, https://github.com/acme/quotas/pull/17").ok()
	g.post("/team/update", `{"team_id":"marketing","metadata":{"cost_center":"7"}}`).ok()
	var answer struct{ History []api.QuotaHistoryEntry }
	g.get("/quota/history?team_id=marketing").ok().has("next_cursor", `""`).decode(&answer)
	if len(answer.History) != 2 || answer.History[1].Action != "team.create" {
		t.Fatalf("%+v", answer.History)
	}
	last := answer.History[0]
	if last.Action != "team.update" || last.PullRequest != "https://github.com/acme/quotas/pull/17" {
		t.Errorf("%+v", last)
	}
	want := []api.QuotaFieldChange{
		{Field: "max_budget", Old: json.RawMessage("100"), New: json.RawMessage("250")},
		{Field: "rpm_limit", Old: json.RawMessage("null"), New: json.RawMessage("60")},
	}
	if diff := cmp.Diff(want, last.Changes); diff != "" {
		t.Error(diff)
	}
	g.get("/quota/history").refused(400, "team_id", "is required")
}
