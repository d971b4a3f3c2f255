package admin_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func TestTeamNew(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"marketing","team_alias":"Marketing","models":["gpt-4","gpt-3.5-turbo"],"max_budget":1000.0,
		"tpm_limit":1000000,"rpm_limit":10000,"budget_duration":"30d","metadata":{"cost_center":"CC-123","n":1.50}}`).ok().has(
		"team_id", `"marketing"`, "team_alias", `"Marketing"`, "models", `["gpt-4","gpt-3.5-turbo"]`, "max_budget", "1000",
		"tpm_limit", "1000000", "rpm_limit", "10000", "budget_duration", `"30d"`, "metadata", `{"cost_center":"CC-123","n":1.50}`,
		"spend", "0", "blocked", "false", "hard_cap", "true", "soft_budget", "null", "max_parallel_requests", "null",
		"revision", "1", "created_by", `"admin"`, "budget_id", "null", "model_rpm_limit", "null")
	if told := g.changes.takeTold(); told != "team marketing" {
		t.Errorf("told of %q", told)
	}
}

func TestTeamNew_makesAnID(t *testing.T) {
	g := newGateway(t)
	for _, body := range []string{`{}`, `{"team_id":""}`, `{"team_id":null}`} {
		id := g.post("/team/new", body).ok().textAt("team_id")
		if len(id) != 36 {
			t.Errorf("%s: team_id = %q", body, id)
		}
	}
}

func TestTeamNew_twice(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a","max_budget":1}`).ok()
	g.changes.takeTold()
	g.post("/team/new", `{"team_id":"a","max_budget":2}`).
		refused(400, "team_id", "Team id = a already exists. Please use a different team id.")
	g.get("/team/info?team_id=a").ok().has("max_budget", "1", "revision", "1")
	if told := g.changes.takeTold(); told != "" {
		t.Errorf("told of %q", told)
	}
}

func TestTeamNew_withoutItsBudget(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a","budget_id":"missing"}`).refused(400, "budget_id", "")
	g.get("/team/info?team_id=a").refused(404, "", "Team not found, passed team_id=a")
}

func TestTeamInfo(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a","max_budget":5}`).ok()
	g.spending.spent("a", 83_200_000)
	key := g.post("/key/generate", `{"team_id":"a","user_id":"u1","key_alias":"first"}`).ok()
	info := g.get("/team/info?team_id=a").ok().has("team_id", `"a"`, "spend", "0.0832", "max_budget", "5",
		"team_info.team_id", `"a"`, "team_info.spend", "0.0832", "team_memberships", "[]",
		"members", `[{"user_id":"u1","user_email":null,"role":"user","key":`+key.at("key_name")+`,"key_id":`+key.at("key_id")+`,"key_alias":"first"}]`)
	if !strings.Contains(info.at("keys"), key.at("token")) || strings.Contains(info.text, key.textAt("key")) {
		t.Errorf("keys = %s", info.at("keys"))
	}
	g.get("/team/info").refused(400, "team_id", "is required")
	g.get("/team/info?team_id=b").refused(404, "", "Team not found, passed team_id=b")
}

func TestTeamUpdate_absentNullAndValue(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a","team_alias":"A","rpm_limit":10,"max_budget":5,"soft_budget":4,"hard_cap":false,
		"models":["m2","m1"],"metadata":{"a":1,"b":2},"model_rpm_limit":{"m1":1}}`).ok()
	g.changes.takeTold()
	g.post("/team/update", `{"team_id":"a","max_budget":0,"soft_budget":null,"metadata":{"b":[3,null]}}`).ok().has(
		"team_id", `"a"`, "data.team_id", `"a"`, "data.revision", "2", "revision", "2",
		"max_budget", "0", "soft_budget", "null", "metadata", `{"b":[3,null]}`,
		"team_alias", `"A"`, "rpm_limit", "10", "models", `["m2","m1"]`, "hard_cap", "false", "model_rpm_limit", `{"m1":1}`)
	g.post("/team/update", `{"team_id":"a","hard_cap":null,"models":null,"metadata":null,"model_rpm_limit":null,"max_budget":null}`).ok().
		has("hard_cap", "true", "models", "[]", "metadata", "{}", "model_rpm_limit", "null", "max_budget", "null", "rpm_limit", "10")
	if told := g.changes.takeTold(); told != "team a; team a" {
		t.Errorf("told of %q", told)
	}
}

func TestTeamUpdate_refuses(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a","max_budget":5,"soft_budget":4}`).ok()
	for body, want := range map[string]struct {
		status         int
		param, message string
	}{
		`{}`:                                  {400, "team_id", "is required"},
		`{"team_id":""}`:                      {400, "team_id", "is required"},
		`{"team_id":7}`:                       {400, "team_id", "must be a string"},
		`{"team_id":"b"}`:                     {404, "", "Team not found, passed team_id=b"},
		`{"team_id":"a","max_budget":4}`:      {400, "soft_budget", "must be strictly lower than max_budget"},
		`{"team_id":"a","max_budget":-1}`:     {400, "max_budget", "cannot be negative. Received: -1"},
		`{"team_id":"a","rpm_limit":-1}`:      {400, "rpm_limit", "cannot be negative. Received: -1"},
		`{"team_id":"a","rpm_limit":"many"}`:  {400, "rpm_limit", "must be a whole number"},
		`{"team_id":"a","rpm_limit":1.5}`:     {400, "rpm_limit", "must be a whole number"},
		`{"team_id":"a","rpm_limit":1e300}`:   {400, "rpm_limit", "must be a whole number"},
		`{"team_id":"a","max_budget":"lots"}`: {400, "max_budget", ""},
		`{"team_id":"a","max_budget":1e30}`:   {400, "max_budget", "amount out of range"},
		`{"team_id":"a","models":"gpt-4"}`:    {400, "models", "must be a list"},
		`{"team_id":"a","models":[1]}`:        {400, "models", ""},
		`{"team_id":"a","blocked":"yes"}`:     {400, "blocked", "must be true or false"},
		`{"team_id":"a","metadata":[]}`:       {400, "metadata", ""},
		`{"team_id":"a","budget_duration":"1 month"}`: {
			400, "budget_duration", `"1 month" is not a duration: write a number and a unit without a space`,
		},
		`{"team_id":"a","model_rpm_limit":{"m":-1}}`: {400, "model_rpm_limit.m", "cannot be negative"},
	} {
		g.post("/team/update", body).refused(want.status, want.param, want.message)
	}
	g.get("/team/info?team_id=a").ok().has("revision", "1", "max_budget", "5", "rpm_limit", "null")
}

func TestTeamUpdate_ifMatch(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a"}`).ok()
	for i, match := range []string{"1", `"2"`, `W/"3"`, "*", ""} {
		g.post("/team/update", `{"team_id":"a","rpm_limit":1}`, "If-Match", match, "X-Bursar-Actor", "alice").
			ok().has("revision", string(rune('2'+i)))
	}
	g.post("/team/update", `{"team_id":"a","rpm_limit":2}`, "If-Match", "5").
		refused(412, "", `team "a" was changed by alice at 2026-11-18T10:20:30Z (revision 6, yours was 5)`)
	for _, match := range []string{"x", "0", "-1", `"`, "1,2"} {
		g.post("/team/update", `{"team_id":"a","rpm_limit":2}`, "If-Match", match).refused(400, "If-Match", "must be a revision")
	}
	g.get("/team/info?team_id=a").ok().has("rpm_limit", "1", "updated_by", `"alice"`)
}

func TestTeamBlock(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a"}`).ok()
	g.changes.takeTold()
	g.post("/team/block", `{"team_id":"a"}`).ok().has("team_id", `"a"`, "blocked", "true")
	g.get("/team/info?team_id=a").ok().has("blocked", "true")
	g.post("/team/unblock", `{"team_id":"a"}`).ok().has("blocked", "false")
	g.post("/team/block", `{"team_id":"b"}`).refused(404, "", "Team not found, passed team_id=b")
	if told := g.changes.takeTold(); told != "team a; team a" {
		t.Errorf("told of %q", told)
	}
}

func TestTeamDelete(t *testing.T) {
	g := newGateway(t)
	for _, id := range []string{"a", "b", "c"} {
		g.post("/team/new", `{"team_id":"`+id+`"}`).ok()
	}
	key := g.post("/key/generate", `{"team_id":"a"}`).ok()
	g.post("/team/delete", `{"team_ids":["a","missing"]}`).refused(404, "", "Team not found, passed team_id=missing")
	g.get("/team/info?team_id=a").ok()
	g.changes.takeTold()
	g.post("/team/delete", `{"team_ids":["a","b","a"]}`).ok().
		has("deleted_teams", `["a","b"]`, "deleted_keys", "["+key.at("key_id")+"]")
	if told := g.changes.takeTold(); told != "team a; team b" {
		t.Errorf("told of %q", told)
	}
	g.get("/key/info?key="+key.textAt("key_id")).refused(404, "key", "Key not found in database")
	g.get("/team/list").ok()
	for _, body := range []string{`{}`, `{"team_ids":[]}`, `{"team_ids":null}`} {
		g.post("/team/delete", body).refused(400, "team_ids", "is required")
	}
	g.post("/team/delete", `{"team_ids":"c"}`).refused(400, "team_ids", "must be a list of strings")
	g.post("/team/delete", `{"team_ids":[""]}`).refused(400, "team_ids", "empty string")
	g.get("/team/info?team_id=c").ok()
}

func TestTeamDelete_onlyWithoutKeys(t *testing.T) {
	g := newGateway(t)
	for _, id := range []string{"a", "b", "c"} {
		g.post("/team/new", `{"team_id":"`+id+`"}`).ok()
	}
	g.post("/key/generate", `{"team_id":"a"}`).ok()
	before := g.dump()
	g.changes.takeTold()
	g.post("/team/delete", `{"team_ids":["b","a"],"only_without_keys":true}`).refused(409, "", "1 keys would go with the teams")
	g.post("/team/delete", `{"team_ids":["b"],"only_without_keys":"yes"}`).refused(400, "only_without_keys", "must be true or false")
	if diff := cmp.Diff(before, g.dump()); diff != "" || g.changes.takeTold() != "" {
		t.Errorf("a delete that was refused changed something: %s", diff)
	}
	g.post("/team/delete", `{"team_ids":["b","c"],"only_without_keys":true}`).ok().has("deleted_teams", `["b","c"]`)
	g.post("/team/delete", `{"team_ids":["a"],"only_without_keys":false}`).ok().has("deleted_teams", `["a"]`)
}

func TestTeam_declaredInTheFile(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a"}`).ok()
	g.declared["a"], g.declared["new"] = "gateway.yaml", "gateway.yaml"
	const want = `is declared in gateway.yaml; change it there`
	g.post("/team/new", `{"team_id":"new"}`).refused(409, "", want)
	g.post("/team/update", `{"team_id":"a","rpm_limit":1}`).refused(409, "", want)
	g.post("/team/block", `{"team_id":"a"}`).refused(409, "", want)
	g.post("/team/delete", `{"team_ids":["a"]}`).refused(409, "", want)
	g.get("/team/info?team_id=a").ok().has("declared_in", `"gateway.yaml"`, "revision", "1")
}

func TestTeam_countersAway(t *testing.T) {
	g := newGateway(t)
	g.spending.fails = errors.New("dial tcp 10.9.8.7: refused")
	got := g.post("/team/new", `{"team_id":"a"}`).refused(503, "", "what has been spent cannot be read now")
	if strings.Contains(got.text, "10.9.8.7") || !strings.Contains(g.log.String(), "10.9.8.7") {
		t.Errorf("answer %s, log %s", got.text, g.log)
	}
	g.spending.fails = nil
	g.get("/team/info?team_id=a").refused(404, "", "")
}

// What is stored must come into force, even if the client does not wait for it.
func TestTeam_clientHangsUp(t *testing.T) {
	g := newGateway(t)
	ctx, hangUp := context.WithCancel(t.Context())
	g.changes.during = func(changing context.Context) {
		hangUp()
		if changing.Err() != nil {
			t.Error("the change was given up with the client")
		}
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/team/new", strings.NewReader(`{"team_id":"a"}`))
	r.Header.Set("Authorization", "Bearer "+adminKey)
	g.Config.Handler.ServeHTTP(httptest.NewRecorder(), r)
	if told := g.changes.takeTold(); told != "team a" {
		t.Errorf("told of %q", told)
	}
}

func TestTeam_notInForce(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a"}`).ok()
	g.changes.fails = errors.New("redis is away")
	g.post("/team/block", `{"team_id":"a"}`).refused(503, "", "stored, but not yet in force")
	g.changes.fails = nil
	g.get("/team/info?team_id=a").ok().has("blocked", "true")
}

func TestTeamList(t *testing.T) {
	g := newGateway(t)
	if got := g.get("/team/list").ok().text; got != `{"teams":[]}`+"\n" {
		t.Errorf("no teams: %s", got)
	}
	g.post("/team/new", `{"team_id":"z","team_alias":"Alpha"}`).ok()
	g.post("/team/new", `{"team_id":"a","team_alias":"Zulu"}`).ok()
	g.post("/key/generate", `{"team_id":"a","user_id":"u1"}`).ok()
	g.post("/key/generate", `{"team_id":"a","user_id":"u1"}`).ok()
	g.spending.spent("z", money.USD)
	for query, want := range map[string]string{
		"": "z,a", "?user_id=u1": "a", "?user_id=nobody": "", "?team_id=z": "z", "?team_id=z&user_id=u1": "",
		"?team_alias=ALP": "z", "?organization_id=default_organization": "z,a", "?organization_id=other": "",
	} {
		if got := ids(t, g.get("/team/list"+query), "teams", "team_id"); got != want {
			t.Errorf("/team/list%s = %s, want %s", query, got, want)
		}
	}
	if text := g.get("/team/list").text; !strings.Contains(text, `"spend":1`) {
		t.Errorf("spend is not in the list: %s", text)
	}
}

func TestTeamList_pages(t *testing.T) {
	g := newGateway(t)
	for _, id := range []string{"c", "a", "d", "b", "e"} {
		g.post("/team/new", `{"team_id":"`+id+`","team_alias":"`+strings.ToUpper(id)+`x"}`).ok()
		g.wait(1e9)
	}
	g.get("/v2/team/list?page=2&page_size=2").ok().
		has("total", "5", "page", "2", "page_size", "2", "total_pages", "3")
	for query, want := range map[string]string{
		"":                                    "e,b,d,a,c",
		"?page=2&page_size=2":                 "d,a",
		"?page=3&page_size=2":                 "c",
		"?page=4&page_size=2":                 "",
		"?sort_by=team_id":                    "a,b,c,d,e",
		"?sort_by=team_alias&sort_order=desc": "e,d,c,b,a",
		"?sort_by=created_at&page_size=1000":  "c,a,d,b,e",
		"?sort_order=asc":                     "c,a,d,b,e",
		"?team_alias=bX":                      "b",
		"?team_id=d":                          "d",
		"?team_alias=%25":                     "",
		"?status=deleted":                     "",
	} {
		if got := ids(t, g.get("/v2/team/list"+query), "teams", "team_id"); got != want {
			t.Errorf("/v2/team/list%s = %s, want %s", query, got, want)
		}
	}
	for query, param := range map[string]string{
		"?page=0": "page", "?page=x": "page", "?page_size=1001": "page_size", "?page_size=-1": "page_size",
		"?sort_by=spend": "sort_by", "?sort_order=up": "sort_order",
	} {
		g.get("/v2/team/list"+query).refused(400, param, "must be")
	}
}

func TestTeam_auditKnowsWhoAndWhy(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a"}`, "litellm-changed-by", "bob", "X-Change-Reason", "a new\tteam", "X-Request-Id", "run-1").ok()
	g.post("/team/update", `{"team_id":"a"}`, "litellm-changed-by", "bob", "X-Bursar-Actor", "terraform").ok()
	audits, _, err := g.store.Audits(t.Context(), api.AuditFilter{})
	if err != nil || len(audits) != 2 {
		t.Fatalf("audits = %+v, %v", audits, err)
	}
	if first := audits[1]; first.Actor != "bob" || first.Reason != "a new team" || first.RequestID != "run-1" || first.Address != "127.0.0.1" {
		t.Errorf("first = %+v", first)
	}
	if audits[0].Actor != "terraform" {
		t.Errorf("second = %+v", audits[0])
	}
}
