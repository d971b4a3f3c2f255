package admin_test

import (
	"strings"
	"testing"
)

func TestMembers_comeWithTheTeam(t *testing.T) {
	g := newGateway(t)
	made := g.post("/team/new", `{"team_id":"a","members_with_roles":[{"role":"admin","user_id":"zoe"},{"user_email":"Ann@example.com"}],"team_member_budget":2}`).ok()
	if got := ids(t, made, "members_with_roles", "role"); got != "admin,user" {
		t.Errorf("members = %s", made.at("members_with_roles"))
	}
	again := g.post("/team/update", `{"team_id":"a","rpm_limit":5}`).ok()
	if again.at("members_with_roles") != made.at("members_with_roles") {
		t.Errorf("members = %s", again.at("members_with_roles"))
	}
	info := g.get("/team/info?team_id=a").ok()
	if got := ids(t, info, "members", "user_id"); !strings.HasPrefix(got, "zoe,") {
		t.Errorf("members = %s", info.at("members"))
	}
	if !strings.Contains(info.at("team_memberships"), `"max_budget":2`) {
		t.Errorf("the default budget does not show: %s", info.at("team_memberships"))
	}
}

func TestMemberUpdate_keepsWhatItDoesNotMention(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a"}`).ok()
	g.post("/team/member_add", `{"team_id":"a","member":{"role":"admin","user_id":"ann"},"max_budget_in_team":3,"budget_duration":"1mo","rpm_limit":7,"tpm_limit":8}`).ok()
	g.post("/team/member_update", `{"team_id":"a","user_id":"ann","max_budget_in_team":4}`).ok().
		has("max_budget_in_team", "4", "rpm_limit", "7", "tpm_limit", "8", "budget_duration", `"1mo"`, "role", `"admin"`, "revision", "2")
	g.post("/team/member_update", `{"team_id":"a","user_id":"ann","role":"user"}`).ok().has("max_budget_in_team", "4", "role", `"user"`)
	g.post("/team/member_update", `{"team_id":"a","user_id":"ann","rpm_limit":null}`).ok().has("rpm_limit", "null", "tpm_limit", "8")
	g.post("/team/member_update", `{"team_id":"a","user_id":"ann","max_budget_in_team":""}`).refused(400, "max_budget_in_team", "send null to clear it")
	g.post("/team/member_update", `{"team_id":"a","user_id":"ann","rpm_limit":1}`, "If-Match", `"2"`).refused(412, "", "was changed by")
}

func TestMemberAdd_refuses(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a"}`).ok()
	g.post("/team/member_add", `{"team_id":"a","member":{"user_id":"ann","user_email":"ann@example.com"}}`).ok()
	g.post("/team/member_add", `{"team_id":"a","member":[{"user_id":"new"},{"user_email":"ANN@example.com"}]}`).refused(400, "member", "already a member")
	if info := g.get("/team/info?team_id=a").ok(); strings.Contains(info.text, `"new"`) {
		t.Error("a refused request added somebody")
	}
	g.post("/team/member_add", `{"team_id":"none","member":{"user_id":"bob"}}`).refused(404, "", "Team not found")
	g.post("/team/member_add", `{"team_id":"a","member":{"user_id":"bob","user_email":"ann@example.com"}}`).refused(400, "user_email", "another user")
	g.post("/team/member_add", `{"team_id":"a","member":{"role":"owner","user_id":"bob"}}`).refused(400, "role", "must be user or admin")
	g.post("/team/member_delete", `{"team_id":"a","user_id":"bob"}`).refused(400, "user_id", "User not found in team")
}

func TestMemberAdd_repeatedMakesNoOther(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a"}`).ok()
	first := g.post("/team/member_add", `{"team_id":"a","member":{"user_email":"ann@example.com"}}`, "Idempotency-Key", "k").ok()
	again := g.post("/team/member_add", `{"team_id":"a","member":{"user_email":"ann@example.com"}}`, "Idempotency-Key", "k").ok()
	if first.at("updated_users") != again.at("updated_users") {
		t.Errorf("%s, then %s", first.at("updated_users"), again.at("updated_users"))
	}
}

func TestMemberDelete_takesTheKeysAlong(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a"}`).ok()
	g.post("/team/new", `{"team_id":"b"}`).ok()
	g.post("/team/member_add", `{"team_id":"a","member":{"user_id":"ann"}}`).ok()
	key := g.post("/key/generate", `{"team_id":"a","user_id":"ann"}`).ok().textAt("key_id")
	other := g.post("/key/generate", `{"team_id":"b","user_id":"ann"}`).ok().textAt("key_id")
	g.post("/team/member_delete", `{"team_id":"a","user_id":"ann"}`).ok().has("deleted_keys", `["`+key+`"]`, "members_with_roles", "[]")
	g.get("/key/info?key="+key).refused(404, "key", "")
	g.get("/key/info?key=" + other).ok()
}

func TestTeamList_withMemberships(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a","team_member_rpm_limit":9}`).ok()
	g.post("/team/new", `{"team_id":"b"}`).ok()
	g.post("/team/member_add", `{"team_id":"a","member":{"user_id":"ann"},"max_budget_in_team":2}`).ok()
	shown := g.get("/team/info?team_id=a").ok().at("team_memberships")
	listed := g.get("/v2/team/list?include_memberships=true&sort_by=team_id").ok()
	if !strings.Contains(listed.text, `"team_memberships":`+shown) || !strings.Contains(listed.text, `"team_memberships":[]`) {
		t.Errorf("members are listed otherwise than %s: %s", shown, listed.text)
	}
	if plain := g.get("/v2/team/list").ok().text; strings.Contains(plain, "team_memberships") {
		t.Errorf("unasked, members came along: %s", plain)
	}
	g.get("/v2/team/list?include_memberships=perhaps").refused(400, "include_memberships", "")
}

func TestBulkMemberAdd_answersForEach(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a"}`).ok()
	g.post("/user/new", `{"user_id":"ann","auto_create_key":false}`).ok()
	g.post("/team/member_add", `{"team_id":"a","member":{"user_id":"ann"}}`).ok()
	got := g.post("/team/bulk_member_add", `{"team_id":"a","members":[{"user_id":"ann"},{"user_id":"bob"}],"rpm_limit":3}`).ok()
	got.has("total_requested", "2", "successful_additions", "1", "failed_additions", "1")
	if ids(t, got, "results", "success") != "false,true" {
		t.Errorf("results = %s", got.at("results"))
	}
	g.post("/user/new", `{"user_id":"cat","auto_create_key":false}`).ok()
	g.post("/team/bulk_member_add", `{"team_id":"a","all_users":true}`).ok().has("successful_additions", "1")
}

func TestTeamModels_keepTheirOrder(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a","models":["z","b"]}`).ok()
	g.post("/team/model/add", `{"team_id":"a","models":["a","b","y"]}`).ok().has("models", `["z","b","a","y"]`)
	g.post("/team/model/delete", `{"team_id":"a","models":["b"]}`).ok().has("models", `["z","a","y"]`)
	g.post("/team/model/delete", `{"team_id":"a","models":["z","a","y"]}`).ok().has("models", `["no-default-models"]`)
	g.post("/team/model/add", `{"team_id":"a","models":["b"]}`).ok().has("models", `["b"]`)
	g.post("/team/new", `{"team_id":"all"}`).ok()
	g.post("/team/model/add", `{"team_id":"all","models":["b"]}`).ok().has("models", `["all-proxy-models","b"]`)
}

func TestUsers(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a"}`).ok()
	made := g.post("/user/new", `{"user_id":"ann","user_email":"ann@example.com","max_budget":5,"teams":["a"]}`).ok().has("max_budget", "5", "teams", `["a"]`)
	key := made.textAt("key_id")
	g.get("/key/info?key="+key).ok().has("user_id", `"ann"`)
	g.post("/user/new", `{"user_id":"bob","user_email":"ANN@example.com"}`).refused(400, "user_email", "already exists")
	g.post("/user/new", `{"user_id":"ann"}`).refused(400, "user_id", "already exists")
	g.post("/user/update", `{"user_id":"ann","rpm_limit":3}`).ok().has("data.max_budget", "5", "data.rpm_limit", "3")
	g.post("/user/update", `{"user_id":"ann","max_budget":""}`).refused(400, "max_budget", "send null to clear it")
	g.get("/user/info?user_id=ann").ok().has("user_info.user_email", `"ann@example.com"`)
	g.get("/user/list?team=a").ok().has("total", "1")
	if got := g.post("/user/delete", `{"user_ids":["ann"]}`).ok().text; strings.TrimSpace(got) != "1" {
		t.Errorf("deleted %s", got)
	}
	g.get("/key/info?key="+key).refused(404, "key", "")
	g.get("/team/info?team_id=a").ok().has("members_with_roles", "[]")
}

func TestUpdates_clearNothingWithAnEmptyText(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a"}`).ok()
	key := g.post("/key/generate", `{"team_id":"a","user_id":"u","max_budget":1,"duration":"1d"}`).ok().textAt("key_id")
	for _, field := range []string{"team_id", "user_id", "max_budget"} {
		g.post("/key/update", `{"key":"`+key+`","`+field+`":""}`).refused(400, field, "send null to clear it")
	}
	g.post("/key/update", `{"key":"`+key+`","budget_id":"","key_alias":"","rpm_limit":7}`).ok().has("rpm_limit", "7", "budget_id", "null", "key_alias", "null")
	g.get("/key/info?key="+key).ok().has("team_id", `"a"`, "user_id", `"u"`, "max_budget", "1")
	// BerriAI's own provider sends these with every update, as texts of nothing, and LiteLLM leaves them out of account.
	expires := g.get("/key/info?key=" + key).ok().at("expires")
	g.post("/key/update", `{"key":"`+key+`","budget_duration":"1d"}`).ok()
	g.post("/key/update", `{"key":"`+key+`","budget_duration":"","duration":""}`).ok().has("budget_duration", `"1d"`, "expires", expires)
	lone := g.post("/key/generate", `{}`).ok().textAt("key_id")
	g.post("/key/update", `{"key":"`+lone+`","team_id":"","metadata":{"x":"y"},"budget_duration":"","key_alias":"","aliases":{},
		"permissions":{},"model_max_budget":{},"model_rpm_limit":{},"model_tpm_limit":{},"blocked":false,"max_budget":6}`).ok().
		has("team_id", "null", "max_budget", "6", "metadata", `{"x":"y"}`)
}
