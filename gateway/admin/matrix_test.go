package admin_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
)

// company has two teams with a key each, and a caller of every role for the team "own".
type company struct {
	*gateway
	// callers are secrets by role, keys the ids of a key by team.
	callers map[auth.Role]string
	keys    map[string]string
}

func newCompany(t *testing.T) *company {
	c := &company{gateway: newGateway(t), callers: map[auth.Role]string{auth.RoleAdmin: adminKey}, keys: map[string]string{}}
	for _, team := range []string{"own", "other"} {
		c.post("/team/new", `{"team_id":"`+team+`","rpm_limit":10,"max_budget":5}`).ok()
		c.keys[team] = c.post("/key/generate", `{"team_id":"`+team+`","key_alias":"of-`+team+`"}`).ok().textAt("key_id")
	}
	c.callers[auth.RoleViewer] = c.post("/admin_key/new", `{"role":"viewer"}`).ok().textAt("key")
	c.callers[auth.RoleApprover] = c.post("/admin_key/new", `{"role":"approver"}`).ok().textAt("key")
	c.callers[auth.RoleTeamAdmin] = c.post("/admin_key/new", `{"role":"team_admin","team_ids":["own"]}`).ok().textAt("key")
	c.callers[auth.RoleTeamViewer] = c.post("/admin_key/new", `{"role":"team_viewer","team_ids":["own"]}`).ok().textAt("key")
	c.callers[auth.RoleKey] = c.post("/key/generate", `{"team_id":"own","key_alias":"caller"}`).ok().textAt("key")
	return c
}

func (c *company) as(role auth.Role, method, path, body string) answer {
	c.t.Helper()
	return c.send(method, path, body, "Authorization", "Bearer "+c.callers[role])
}

// request is what is sent to a route to reach a team's objects; the fields of all routes at once.
func (c *company) request(route route.Route, team string) (path, body string) {
	path = strings.ReplaceAll(route.Path, "{key}", c.keys[team])
	path += "?team_id=" + team + "&key=" + c.keys[team] + "&start_date=2026-11-01&end_date=2026-11-02"
	if route.Method == "GET" {
		return path, ""
	}
	return path, `{"team_id":"` + team + `","team_ids":["` + team + `"],"key":"` + c.keys[team] + `","keys":["` + c.keys[team] + `"],` +
		`"member":{"user_id":"ann"},"members":[{"user_id":"ann"}],"user_id":"ann","models":["m"],"team_member_permissions":[]}`
}

// filters says whether a route looks at the caller's teams by itself, whatever it is asked for.
func filters(r route.Route) bool {
	return r.Scope != nil && reflect.ValueOf(r.Scope).Pointer() == reflect.ValueOf(route.Filtered).Pointer()
}

// Every route, every role, the caller's own team and another one: who may not is told so, whatever else is
// wrong with the request, and changes nothing.
func TestPromise_T17_everyRouteEveryRole(t *testing.T) {
	c := newCompany(t)
	ownKeyRoutes := map[string]bool{
		"GET /team/info": true, "POST /key/health": true,
		"GET /quota_request/list": true, "POST /quota_request/new": true, "POST /quota_request/cancel": true,
	}
	checked, refused := 0, 0
	for _, route := range admin.Routes() {
		for _, role := range []auth.Role{auth.RoleApprover, auth.RoleViewer, auth.RoleTeamAdmin, auth.RoleTeamViewer, auth.RoleKey} {
			for _, team := range []string{"own", "other"} {
				filtered := filters(route)
				may := role.May(route.Permission) && (role.Everywhere() || team == "own" || filtered)
				if role == auth.RoleKey {
					may = ownKeyRoutes[route.Pattern()] && (team == "own" || filtered)
				}
				if may && route.Changes() {
					continue // that is for tests of the routes themselves
				}
				path, body := c.request(route, team)
				c.changes.takeTold()
				got := c.as(role, route.Method, path, body)
				checked++
				if may == (got.status == 403) {
					t.Errorf("%s as %s on %s team: %d %s", route.Pattern(), role, team, got.status, got.text)
				}
				if !may {
					refused++
					if told := c.changes.takeTold(); told != "" {
						t.Errorf("%s as %s on %s team changed something: %s", route.Pattern(), role, team, told)
					}
				}
				if !role.Everywhere() && strings.Contains(got.text, c.keys["other"]) {
					t.Errorf("%s as %s tells of another team's key: %s", route.Pattern(), role, got.text)
				}
			}
		}
	}
	if checked < 400 || refused < 200 {
		t.Errorf("only %d requests were checked, %d of them refused", checked, refused)
	}
}

func TestLists_showATeamsCallerNothingElse(t *testing.T) {
	c := newCompany(t)
	for _, role := range []auth.Role{auth.RoleTeamAdmin, auth.RoleTeamViewer} {
		if got := ids(t, c.as(role, "GET", "/team/list", ""), "teams", "team_id"); got != "own" {
			t.Errorf("%s sees teams %s", role, got)
		}
		if got := c.as(role, "GET", "/team/list?team_id=other", "").ok().at("teams"); got != "[]" {
			t.Errorf("%s sees %s", role, got)
		}
		if got := c.as(role, "GET", "/key/list?size=100", "").ok(); strings.Contains(got.text, c.keys["other"]) || !strings.Contains(got.text, c.keys["own"]) {
			t.Errorf("%s sees keys %s", role, got.text)
		}
	}
}

func TestTeamAdmin_managesKeysWithinTheTeam(t *testing.T) {
	c := newCompany(t)
	const as = auth.RoleTeamAdmin
	made := c.as(as, "POST", "/key/generate", `{"rpm_limit":10}`).ok().has("team_id", `"own"`)
	c.as(as, "POST", "/key/generate", `{"team_id":"own","rpm_limit":11}`).refused(400, "rpm_limit", "above the 10 of the key's team")
	c.as(as, "POST", "/key/generate", `{"team_id":"own","speak_for_teams":["other"]}`).refused(403, "", "its own teams only")
	c.as(as, "POST", "/key/generate", `{"team_id":"own","speak_for_teams":["*"]}`).refused(403, "", "its own teams only")
	c.as(as, "POST", "/key/update", `{"key":"`+made.textAt("key_id")+`","team_id":"other"}`).refused(403, "", "its own teams only")
	c.as(as, "POST", "/key/update", `{"key":"`+made.textAt("key_id")+`","team_id":null}`).refused(403, "", "its own teams only")
	c.as(as, "POST", "/key/update", `{"key":"`+made.textAt("key_id")+`","rpm_limit":5}`).ok()
	c.as(as, "POST", "/key/delete", `{"keys":["`+made.textAt("key_id")+`","`+c.keys["other"]+`"]}`).refused(403, "", "its own teams only")
	c.as(as, "POST", "/key/delete", `{"keys":["`+made.textAt("key_id")+`"]}`).ok()
	for _, path := range []string{"/team/update", "/team/block", "/team/delete", "/team/model/add", "/user/update", "/admin_key/new", "/budget/new"} {
		c.as(as, "POST", path, `{"team_id":"own","rpm_limit":100}`).refused(403, "", "role team_admin may not use")
	}
}

// A member with the role admin manages the team with a key of their own, and never their own limits.
func TestTeamAdmin_neverRaisesOwnLimits(t *testing.T) {
	c := newCompany(t)
	c.post("/team/member_add", `{"team_id":"own","member":[{"role":"admin","user_id":"lead"},{"user_id":"ann"}],"rpm_limit":1}`).ok()
	lead := c.post("/key/generate", `{"team_id":"own","user_id":"lead","rpm_limit":1}`).ok()
	c.callers["lead"] = lead.textAt("key")
	c.as("lead", "POST", "/team/member_update", `{"team_id":"own","user_id":"ann","rpm_limit":9,"role":"admin"}`).ok().has("rpm_limit", "9")
	c.as("lead", "POST", "/team/member_update", `{"team_id":"own","user_id":"ann","rpm_limit":11}`).refused(400, "rpm_limit", "above the 10 of the team")
	c.as("lead", "POST", "/team/member_update", `{"team_id":"own","user_id":"ann","max_budget_in_team":6}`).refused(400, "max_budget_in_team", "above the 5")
	c.as("lead", "POST", "/team/member_update", `{"team_id":"own","user_id":"lead","rpm_limit":null}`).refused(403, "", "own place")
	c.as("lead", "POST", "/key/update", `{"key":"`+lead.textAt("key_id")+`","rpm_limit":null}`).refused(403, "", "own keys")
	c.as("lead", "POST", "/key/update", `{"key":"`+lead.textAt("key_id")+`","key_alias":"mine"}`).ok()
	c.as("lead", "POST", "/team/member_add", `{"team_id":"other","member":{"user_id":"ann"}}`).refused(403, "", "its own teams only")
}

func TestMemberPermissions_openRoutesForOwnKeys(t *testing.T) {
	c := newCompany(t)
	c.post("/team/member_add", `{"team_id":"own","member":{"user_id":"ann"}}`).ok()
	ann := c.post("/key/generate", `{"team_id":"own","user_id":"ann"}`).ok()
	c.callers["ann"] = ann.textAt("key")
	c.as("ann", "GET", "/key/info", "").ok().has("key_id", ann.at("key_id"))
	c.as("ann", "GET", "/key/info?key="+c.keys["own"], "").refused(403, "", "does not have permissions for endpoint: /key/info")
	c.as("ann", "POST", "/key/generate", `{}`).refused(403, "", "does not have permissions for endpoint: /key/generate")

	c.post("/team/permissions_update", `{"team_id":"own","team_member_permissions":["/team/update"]}`).refused(400, "team_member_permissions", "cannot be permitted")
	c.post("/team/permissions_update", `{"team_id":"own","team_member_permissions":["/key/generate","/key/list"]}`).ok()
	c.get("/team/permissions_list?team_id=own").ok().has("team_member_permissions", `["/key/generate","/key/list"]`)
	c.as("ann", "POST", "/key/generate", `{}`).ok().has("user_id", `"ann"`, "team_id", `"own"`)
	c.as("ann", "POST", "/key/generate", `{"user_id":"bob"}`).refused(403, "", "own keys")
	c.as("ann", "POST", "/key/generate", `{"speak_for_teams":["own"]}`).refused(403, "", "own keys")
	c.as("ann", "POST", "/key/delete", `{"keys":["`+ann.textAt("key_id")+`"]}`).refused(403, "", "/key/delete")
	if got := c.as("ann", "GET", "/key/list?size=100", "").ok(); strings.Contains(got.text, c.keys["own"]) || !strings.Contains(got.text, ann.textAt("key_id")) {
		t.Errorf("a member sees keys %s", got.text)
	}
	info := c.as("ann", "GET", "/team/info?team_id=own", "").ok()
	if strings.Contains(info.text, c.keys["own"]) {
		t.Errorf("a key sees others' keys: %s", info.text)
	}
}

func TestCallers_actInTheirOwnName(t *testing.T) {
	c := newCompany(t)
	named := c.post("/admin_key/new", `{"role":"team_admin","team_ids":["own"],"admin_key_alias":"lead"}`).ok().textAt("key")
	made := c.send("POST", "/key/generate", `{"team_id":"own"}`, "Authorization", "Bearer "+named, "X-Bursar-Actor", "the boss").ok()
	made.has("created_by", `"lead (the boss)"`)
	c.post("/key/generate", `{"team_id":"own"}`, "X-Bursar-Actor", "terraform").ok().has("created_by", `"terraform"`)
}

func TestAdminKeys_endAndAreNeverShownAgain(t *testing.T) {
	c := newCompany(t)
	made := c.post("/admin_key/new", `{"role":"viewer","duration":"1d"}`).ok()
	secret := made.textAt("key")
	if list := c.get("/admin_key/list").ok(); strings.Contains(list.text, secret) || !strings.Contains(list.text, made.textAt("admin_key_id")) {
		t.Errorf("list = %s", list.text)
	}
	c.callers["short"] = secret
	c.as("short", "GET", "/team/list", "").ok()
	c.wait(25 * 3600e9)
	if got := c.as("short", "GET", "/team/list", ""); got.status != 401 {
		t.Errorf("an expired admin key got %d", got.status)
	}
	c.post("/admin_key/delete", `{"admin_key_ids":["`+made.textAt("admin_key_id")+`"]}`).ok()
	c.as("short", "GET", "/team/list", "").refused(401, "", "Invalid proxy server token")
	c.post("/admin_key/new", `{"role":"team_admin"}`).refused(400, "team_ids", "is required for the role team_admin")
	c.post("/admin_key/new", `{"role":"root"}`).refused(400, "role", "must be one of")
}

func TestAdminKeys_areChangedAndRotated(t *testing.T) {
	c := newCompany(t)
	const own, next = "sk-of-my-own-choice-0123456789", "sk-the-one-after-it-0123456789"
	id := c.post("/admin_key/new", `{"role":"viewer","admin_key_alias":"ci","key":"`+own+`"}`).ok().textAt("admin_key_id")
	c.callers["own"], c.callers["next"] = own, next
	c.as("own", "GET", "/team/list", "").ok()
	c.as("own", "POST", "/team/new", `{"team_id":"x"}`).refused(403, "", "role viewer may not use")

	c.post("/admin_key/update", `{"admin_key_id":"`+id+`","role":"admin"}`).ok().has("admin_key_alias", `"ci"`)
	c.as("own", "POST", "/team/new", `{"team_id":"x"}`).ok().has("created_by", `"ci"`)
	c.post("/admin_key/update", `{"admin_key_id":"`+id+`","role":"team_admin"}`).refused(400, "team_ids", "is required for the role team_admin")
	c.post("/admin_key/update", `{"admin_key_id":"`+id+`","role":"viewer"}`, "If-Match", `"1"`).refused(412, "", "was changed by")

	rotated := c.post("/admin_key/rotate", `{"admin_key_id":"`+id+`","new_key":"`+next+`","grace_period":"1h"}`).ok()
	rotated.has("key", `"`+next+`"`)
	for _, answer := range []string{c.get("/admin_key/info?admin_key_id=" + id).ok().text, c.get("/audit").ok().text, c.log.String()} {
		if strings.Contains(answer, own) || strings.Contains(answer, next) {
			t.Errorf("a secret is told: %s", answer)
		}
	}
	c.as("own", "GET", "/team/list", "").ok()
	c.as("next", "GET", "/team/list", "").ok()
	c.wait(3600e9)
	c.as("own", "GET", "/team/list", "").refused(401, "", "Invalid proxy server token")
	c.as("next", "GET", "/team/list", "").ok()
	c.post("/admin_key/rotate", `{"admin_key_id":"`+id+`","new_key":"sk-short"}`).refused(400, "new_key", "22 to 200")
	c.post("/admin_key/rotate", `{"admin_key_id":"`+id+`","grace_period":"91d"}`).refused(400, "grace_period", "longer than 90 days")
	c.post("/admin_key/new", `{"role":"viewer","key":"`+next+`"}`).refused(400, "key", "in use already")
}

func TestThrottle_turnsGuessersAwayAndLetsTheKeyIn(t *testing.T) {
	g := newGateway(t)
	g.failuresAllowed = 3
	g.serve(g.store)
	secrets := []string{
		g.post("/admin_key/new", `{"role":"viewer"}`).ok().textAt("key"),
		g.post("/admin_key/new", `{"role":"admin"}`).ok().textAt("key"),
	}
	for range 3 {
		g.send("GET", "/team/list", "", "Authorization", "Bearer sk-guess").refused(401, "", "Authentication Error")
	}
	got := g.send("GET", "/team/list", "", "Authorization", "Bearer sk-guess").refused(429, "", "too many requests from this address")
	if got.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	g.get("/team/list").ok()
	for _, secret := range secrets {
		g.send("GET", "/team/list", "", "Authorization", "Bearer "+secret).ok()
	}
	made := g.post("/admin_key/new", `{"role":"viewer"}`).ok()
	g.wait(1e9)
	g.send("GET", "/team/list", "", "Authorization", "Bearer "+made.textAt("key")).ok()
	g.post("/admin_key/delete", `{"admin_key_ids":["`+made.textAt("admin_key_id")+`"]}`).ok()
	g.send("GET", "/team/list", "", "Authorization", "Bearer "+made.textAt("key")).refused(401, "", "Authentication Error")
	for i := range 50 {
		guess := fmt.Sprintf("Bearer sk-guess-number-%020d", i)
		g.send("GET", "/team/list", "", "Authorization", guess).refused(429, "", "too many requests from this address")
	}
	g.wait(20e9)
	g.send("GET", "/team/list", "", "Authorization", "Bearer sk-guess").refused(401, "", "Authentication Error")
}
