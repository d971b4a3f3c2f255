package admin_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/asking"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// asks is the body of a request that ends in a day.
func (g *gateway) asks(fields string) string {
	return fmt.Sprintf(`{%s,"until":%q,"reason":"a launch"}`, fields, g.clock().Add(24*time.Hour).Format(time.RFC3339))
}

// What is approved is in force with the answer, ends by itself, and stands in the audit log with the reason.
func TestQuotaRequest_approvalRaisesForATime(t *testing.T) {
	g := newGateway(t)
	g.spending.caps = map[string]money.Nano{"a": 100 * money.USD}
	g.post("/team/new", `{"team_id":"a","max_budget":100,"rpm_limit":30}`).ok()
	id := g.post("/quota_request/new", g.asks(`"team_id":"a","limit":"max_budget","usd":20`)).ok().
		has("state", `"pending"`, "target_usd", "120", "hcl", `""`).textAt("quota_request_id")
	g.get("/team/info?team_id=a").ok().has("temp_budget_increase", "")
	g.post("/quota_request/approve", `{"quota_request_id":"`+id+`","answer":"go on"}`).ok().
		has("state", `"done"`, "answer", `"go on"`, "answered_by", `"admin"`, "automatic", "false")
	g.get("/team/info?team_id=a").ok().has("max_budget", "100", "temp_budget_increase", "20", "temp_budget_expiry", `"2026-11-19T10:20:30Z"`)
	g.post("/quota_request/approve", `{"quota_request_id":"`+id+`"}`).refused(409, "", "the request is done already")

	second := g.post("/quota_request/new", g.asks(`"team_id":"a","limit":"rpm_limit","by":5`)).ok().has("target", "35").textAt("quota_request_id")
	g.post("/quota_request/decline", `{"quota_request_id":"`+second+`","answer":"no"}`).ok().has("state", `"declined"`)
	third := g.post("/quota_request/new", g.asks(`"team_id":"a","limit":"rpm_limit","by":5`)).ok().textAt("quota_request_id")
	g.post("/quota_request/cancel", `{"quota_request_id":"`+third+`"}`).ok().has("state", `"cancelled"`)
	g.get("/team/info?team_id=a").ok().has("temp_rpm_increase", "")
	if list := g.get("/quota_request/list?state=done").ok().text; strings.Count(list, `"quota_request_id"`) != 1 || !strings.Contains(list, id) {
		t.Errorf("done are %s", list)
	}
	if log := g.get("/audit?object_id=" + id).ok().text; !strings.Contains(log, "quota_request.create") || !strings.Contains(log, "quota_request.approve") {
		t.Errorf("the audit log has %s", log)
	}
	events, err := g.store.UnroutedAlertEvents(t.Context(), 10)
	told := func(event api.AlertEvent) bool {
		return event.Type == "quota.requested" && strings.Contains(event.Message, "asks for $20 more of max_budget for team a")
	}
	if err != nil || len(events) != 3 || !slices.ContainsFunc(events, told) {
		t.Errorf("told: %+v, %v", events, err)
	}
}

// An object of a configuration waits for its apply, and is helped at once where somebody says why.
func TestQuotaRequest_managedWaitsForTheApply(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a","rpm_limit":30}`, "X-Bursar-Managed-By", byTerraform).ok()
	ask := func(more string) string {
		return g.post("/quota_request/new", g.asks(`"team_id":"a","limit":"rpm_limit","by":`+more)).ok().textAt("quota_request_id")
	}
	id := ask("10")
	g.post("/quota_request/approve", `{"quota_request_id":"`+id+`"}`).ok().has("state", `"waiting"`,
		"hcl", `"temp_rpm_increase = 10\ntemp_limit_expiry = \"2026-11-19T10:20:30Z\"\n"`)
	g.get("/team/info?team_id=a").ok().has("temp_rpm_increase", "")
	apply := func(body string) {
		g.post("/team/update", body, "X-Bursar-Managed-By", byTerraform, "X-Change-Reason", "https://git.example/acme/quotas/pull/7").ok()
	}
	apply(`{"team_id":"a","tpm_limit":1000}`)
	g.get("/quota_request/list?state=waiting").ok().has("quota_requests", g.get("/quota_request/list").ok().at("quota_requests"))
	apply(`{"team_id":"a","temp_rpm_increase":10,"temp_limit_expiry":"2026-11-19T10:20:30Z"}`)
	if list := g.get("/quota_request/list?state=done").ok().text; !strings.Contains(list, `"pull_request":"https://git.example/acme/quotas/pull/7"`) {
		t.Errorf("it is not closed: %s", list)
	}
	id = ask("5")
	g.post("/quota_request/approve", `{"quota_request_id":"`+id+`","at_once":true}`).refused(400, "X-Change-Reason", "is managed by terraform, workspace prod")
	g.post("/quota_request/approve", `{"quota_request_id":"`+id+`","at_once":true}`, "X-Change-Reason", "two at night").ok().has("state", `"done"`)
	g.get("/team/info?team_id=a").ok().has("temp_rpm_increase", "15", "managed_by", byTerraform)
}

func TestQuotaRequest_wrongOnesAreRefused(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a","rpm_limit":30}`).ok()
	g.post("/quota_request/new", g.asks(`"team_id":"b","limit":"rpm_limit","by":1`)).refused(404, "", "Team not found")
	g.post("/quota_request/new", g.asks(`"team_id":"a","limit":"max_budget","usd":1`)).refused(400, "limit", "is not limited")
	g.post("/quota_request/new", g.asks(`"team_id":"a","limit":"rpm_limit","usd":1`)).refused(400, "by", "is required")
	g.post("/quota_request/new", g.asks(`"team_id":"a","limit":"rpm_limit","by":1,"more":1`)).refused(400, "more", "")
	g.post("/quota_request/new", `{"team_id":"a","limit":"rpm_limit","by":1,"until":"2026-11-18T10:20:30Z","reason":"x"}`).refused(400, "until", "must lie ahead")
	g.post("/quota_request/new", `{"team_id":"a","limit":"rpm_limit","by":1,"until":"2026-11-19T10:20:30Z"}`).refused(400, "reason", "is required")
	g.post("/quota_request/approve", `{"quota_request_id":"request_none"}`).refused(404, "", "Quota request not found")
}

// A rule lets small requests through, and many small ones no further than one large one.
func TestQuotaRequest_rulesCountTogether(t *testing.T) {
	g := newGateway(t)
	g.rules = []asking.Rule{{UpToPct: 20, UpToUSD: 50 * money.USD, Per: 30 * 24 * time.Hour}}
	g.serve(g.store)
	g.spending.caps = map[string]money.Nano{"a": 100 * money.USD, "m": 100 * money.USD}
	g.post("/team/new", `{"team_id":"a","max_budget":100,"rpm_limit":30}`).ok()
	g.post("/team/new", `{"team_id":"m","max_budget":100}`, "X-Bursar-Managed-By", byTerraform).ok()
	ask := func(fields, state string) {
		t.Helper()
		g.post("/quota_request/new", g.asks(fields)).ok().has("state", `"`+state+`"`)
	}
	ask(`"team_id":"a","limit":"max_budget","usd":21`, "pending")
	ask(`"team_id":"a","limit":"max_budget","usd":15`, "done")
	g.get("/team/info?team_id=a").ok().has("temp_budget_increase", "15")
	g.spending.caps["a"] = 115 * money.USD
	ask(`"team_id":"a","limit":"max_budget","usd":6`, "pending")
	ask(`"team_id":"a","limit":"max_budget","usd":5`, "done")
	g.get("/team/info?team_id=a").ok().has("temp_budget_increase", "20")
	ask(`"team_id":"a","limit":"rpm_limit","by":6`, "done")
	ask(`"team_id":"a","limit":"rpm_limit","by":1`, "pending")
	ask(`"team_id":"m","limit":"max_budget","usd":1`, "pending")
}

// Teams ask for themselves, and their keys too; they see and take back their own requests only, and approve none.
func TestQuotaRequest_teamsAskForThemselves(t *testing.T) {
	c := newCompany(t)
	c.post("/team/update", `{"team_id":"own","rpm_limit":30}`).ok()
	c.post("/team/update", `{"team_id":"other","rpm_limit":30}`).ok()
	theirs := c.post("/quota_request/new", c.asks(`"team_id":"other","limit":"rpm_limit","by":1`)).ok().textAt("quota_request_id")
	for _, role := range []auth.Role{leading, auth.RoleKey} {
		own := c.as(role, "POST", "/quota_request/new", c.asks(`"team_id":"own","limit":"rpm_limit","by":1`)).ok().textAt("quota_request_id")
		if list := c.as(role, "GET", "/quota_request/list", "").ok().text; !strings.Contains(list, own) || strings.Contains(list, theirs) {
			t.Errorf("%s sees %s", role, list)
		}
		for _, path := range []string{"/quota_request/approve", "/quota_request/decline"} {
			c.as(role, "POST", path, `{"quota_request_id":"`+own+`"}`).refused(403, "", "may not use")
		}
		foreign := c.as(role, "POST", "/quota_request/cancel", `{"quota_request_id":"`+theirs+`"}`)
		missing := c.as(role, "POST", "/quota_request/cancel", `{"quota_request_id":"request_none"}`)
		if foreign.status != 403 && foreign.status != 401 || strip(foreign.text) != strip(missing.text) {
			t.Errorf("%s: %d %s, %s", role, foreign.status, foreign.text, missing.text)
		}
		if got := c.as(role, "POST", "/quota_request/new", c.asks(`"team_id":"other","limit":"rpm_limit","by":1`)); got.status != 403 && got.status != 401 {
			t.Errorf("%s asks for another team: %s", role, got.text)
		}
		c.as(role, "POST", "/quota_request/cancel", `{"quota_request_id":"`+own+`"}`).ok().has("state", `"cancelled"`)
	}
	c.as(auth.RoleTeamViewer, "POST", "/quota_request/new", c.asks(`"team_id":"own","limit":"rpm_limit","by":1`)).refused(403, "", "may not use")
}
