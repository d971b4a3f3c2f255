package admin_test

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"
	"time"
)

// changed is a gateway on which a few things were changed.
func changed(t *testing.T) *gateway {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"t1","rpm_limit":10}`, "User-Agent", "terraform-provider-bursar/1.0", "X-Change-Reason", "ticket 7", "X-Bursar-Actor", "ci").ok()
	g.post("/key/generate", `{"team_id":"t1","key_alias":"Blog"}`).ok()
	g.post("/budget/new", `{"budget_id":"pot","team_ids":["t1","t2"],"max_budget":5}`).ok()
	g.wait(24 * time.Hour)
	g.post("/team/new", `{"team_id":"t2"}`).ok()
	g.post("/team/update", `{"team_id":"t1","rpm_limit":20}`, "X-Bursar-Actor", "alice").ok()
	return g
}

func TestAudit_tellsTheProvidersRunFromOthers(t *testing.T) {
	g := changed(t)
	g.get("/audit/1").ok().has(
		"actor", `"ci"`, "reason", `"ticket 7"`, "user_agent", `"terraform-provider-bursar/1.0"`, "action", `"team.create"`, "object_id", `"t1"`,
		"before", "null", "after.rpm_limit", "10", "at", `"2026-11-18T10:20:30Z"`,
	)
	g.get("/audit/5").ok().has("before.rpm_limit", "10", "after.rpm_limit", "20", "user_agent", `"Go-http-client/1.1"`)
	g.get("/audit/6").refused(404, "id", "there is no change 6")
	g.get("/audit/x").refused(400, "id", "must be the number of a change")
}

func TestAudit_filtersAndPages(t *testing.T) {
	g := changed(t)
	for query, want := range map[string]string{
		"":                       "5,4,3,2,1",
		"?object_id=t1":          "5,1",
		"?team_id=t1":            "5,3,2,1",
		"?team_id=t2":            "4,3",
		"?actor=ci":              "1",
		"?changed_by=alice":      "5",
		"?action=team.create":    "4,1",
		"?start_date=2026-11-19": "5,4",
		"?end_date=2026-11-18":   "3,2,1",
		"?page=2&page_size=2":    "3,2",
	} {
		if got := ids(t, g.get("/audit"+query), "audit_logs", "seq"); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	seen, cursor := []string{}, ""
	for range 5 {
		page := g.get("/audit?page_size=2&cursor="+cursor).ok().has("total", "5", "total_pages", "3")
		seen = append(seen, ids(t, page, "audit_logs", "seq"))
		if cursor = page.textAt("next_cursor"); cursor == "" {
			break
		}
	}
	if !slices.Equal(seen, []string{"5,4", "3,2", "1"}) {
		t.Errorf("%q", seen)
	}
}

func TestAudit_inOtherForms(t *testing.T) {
	g := changed(t)
	table, err := csv.NewReader(strings.NewReader(g.get("/audit?format=csv&object_id=t1").ok().text)).ReadAll()
	if err != nil || len(table) != 3 || table[2][2] != "ci" || table[2][7] != "team.create" {
		t.Errorf("%v, %v", table, err)
	}
	if lines := strings.Split(strings.TrimSpace(g.get("/audit?format=jsonl").ok().text), "\n"); len(lines) != 5 || !strings.HasPrefix(lines[4], `{"seq":1,`) {
		t.Errorf("%q", lines)
	}
}

func TestAudit_isVerifiedOverTheAPI(t *testing.T) {
	g := changed(t)
	first := g.get("/audit/verify").ok().has("ok", "true", "rows", "5")
	g.post("/team/block", `{"team_id":"t1"}`).ok()
	known := "/audit/verify?known_rows=5&known_head=" + first.textAt("head")
	g.get(known).ok().has("ok", "true", "rows", "6")
	g.get("/audit/verify?known_rows=7").ok().has("ok", "false", "bad_seq", "7")
	g.get("/audit/verify?known_head=00").ok().has("ok", "false")
	g.get("/audit/verify?known_rows=x").refused(400, "known_rows", "must be a whole number")
}

func TestAudit_holdsNoSecret(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"t1"}`).ok()
	secret := g.post("/key/generate", `{"team_id":"t1"}`).ok().textAt("key")
	g.post("/alert_route/new", `{"name":"r","events":["budget.hard_limit"],"webhook":{"url":"https://example.com/canary-path","secret":"whsec_Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5LQ=="}}`).ok()
	for _, format := range []string{"json", "csv", "jsonl"} {
		text := g.get("/audit?format=" + format).ok().text
		if strings.Contains(text, secret) || strings.Contains(text, "Y2FuYXJ5") || strings.Contains(text, adminKey) {
			t.Errorf("%s: %s", format, text)
		}
	}
}
