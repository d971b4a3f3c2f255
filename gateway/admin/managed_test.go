package admin_test

import (
	"strings"
	"testing"
)

const byTerraform = `{"program":"terraform","workspace":"prod","repository":"acme/quotas","address":"https://git.example/acme/quotas"}`

// Where an object is kept is answered as it was sent, stays when others change it, and is given up on demand.
func TestManagedBy_isKeptAndAnswered(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a","metadata":{"managed_by":1}}`).ok().has("managed_by", "")
	g.post("/team/new", `{"team_id":"b"}`, "X-Bursar-Managed-By", byTerraform).ok().has("managed_by", byTerraform)
	g.post("/team/update", `{"team_id":"b","rpm_limit":3}`).ok().has("managed_by", byTerraform)
	g.post("/team/update", `{"team_id":"a","rpm_limit":3}`, "X-Bursar-Managed-By", `{"program":"terraform"}`).ok().has("managed_by", `{"program":"terraform"}`)
	g.get("/team/info?team_id=a").ok().has("metadata", `{"managed_by":1}`, "managed_by", `{"program":"terraform"}`)
	g.post("/key/generate", `{"team_id":"b","key_alias":"k"}`, "X-Bursar-Managed-By", byTerraform).ok().has("managed_by", byTerraform)
	g.post("/budget/new", `{"budget_id":"p","everything":true}`, "X-Bursar-Managed-By", byTerraform).ok().has("managed_by", byTerraform)
	g.post("/team/update", `{"team_id":"a"}`, "X-Bursar-Managed-By", "nobody").ok().has("managed_by", "")
	for _, wrong := range []string{"{}", "x", `{"program":"terraform","path":"x"}`, `{"program":"` + strings.Repeat("x", 513) + `"}`} {
		g.post("/team/update", `{"team_id":"a"}`, "X-Bursar-Managed-By", wrong).refused(400, "X-Bursar-Managed-By", "")
	}
}

// A team and a key of a configuration are blocked at once, with a reason, and an apply of something else leaves that alone.
func TestBlock_atOnceOutlivesAnApply(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a"}`, "X-Bursar-Managed-By", byTerraform).ok()
	key := g.post("/key/generate", `{"team_id":"a"}`, "X-Bursar-Managed-By", byTerraform).ok().textAt("key_id")
	for _, object := range []struct{ noun, named string }{{"team", `"team_id":"a"`}, {"key", `"key":"` + key + `"`}} {
		block, unblock, update := "/"+object.noun+"/block", "/"+object.noun+"/unblock", "/"+object.noun+"/update"
		g.post(block, "{"+object.named+"}").refused(400, "X-Change-Reason", "is managed by terraform, workspace prod")
		g.post(block, "{"+object.named+"}", "X-Change-Reason", "it leaks").ok().has("blocked", "true", "blocked_at_once.configured", "false", "blocked_at_once.reason", `"it leaks"`)
		g.post(update, "{"+object.named+`,"blocked":false,"rpm_limit":7}`, "X-Bursar-Managed-By", byTerraform).ok().has("blocked", "true", "rpm_limit", "7", "blocked_at_once.by", `"admin"`)
		g.post(unblock, "{"+object.named+"}", "X-Change-Reason", "found it").ok().has("blocked", "false").has("blocked_at_once", "")
		g.post(block, "{"+object.named+"}", "X-Change-Reason", "again").ok()
		g.post(update, "{"+object.named+`,"blocked":true}`, "X-Bursar-Managed-By", byTerraform).ok().has("blocked", "true").has("blocked_at_once", "")
		g.post(update, "{"+object.named+`,"blocked":false}`, "X-Bursar-Managed-By", byTerraform).ok().has("blocked", "false")
	}
}
