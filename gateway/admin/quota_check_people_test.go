package admin_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func TestQuotaCheck_tellsOfMembers(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"t1","team_member_budget":10,"team_member_rpm_limit":5}`).ok()
	g.post("/team/member_add", `{"team_id":"t1","member":{"user_id":"ada","role":"user"},"max_budget_in_team":20}`).ok()
	g.post("/key/generate", `{"team_id":"t1","user_id":"ada","key_alias":"laptop"}`).ok()
	g.spending.spent("t1#ada", 8*money.USD)
	before := g.dump()

	check := g.check("/team/member_update", `{"team_id":"t1","user_id":"ada","role":"admin","max_budget_in_team":8}`)
	if !check.OK || len(check.Members) != 1 || len(check.Teams) != 0 {
		t.Fatalf("%+v", check)
	}
	ada := check.Members[0]
	if ada.TeamID != "t1" || ada.UserID != "ada" || *ada.Old.MaxBudget != 20*money.USD || *ada.New.MaxBudget != 8*money.USD || ada.Old.Role != "user" || ada.New.Role != "admin" || *ada.New.RPMLimit != 5 {
		t.Errorf("terms: %+v, %+v", ada.Old, ada.New)
	}
	if !ada.Refused || ada.RefusedNow || ada.Spend != 8*money.USD || fmt.Sprint(ada.RefusedBecause) != "[max_budget is $8.00 and $8.00 is spent]" {
		t.Errorf("refused: %+v", ada)
	}
	ada = g.check("/team/member_update", `{"team_id":"t1","user_id":"ada","max_budget_in_team":null}`).Members[0]
	if ada.Refused || *ada.New.MaxBudget != 10*money.USD {
		t.Errorf("as the team has it: %+v", ada.New)
	}
	if gone := g.check("/team/member_delete", `{"team_id":"t1","user_id":"ada"}`).Members[0]; gone.New != nil || len(gone.DeletedKeys) != 1 || *gone.DeletedKeys[0].KeyAlias != "laptop" {
		t.Errorf("gone: %+v", gone)
	}
	joined := g.check("/team/member_add", `{"team_id":"t1","member":{"user_id":"bob","role":"user"},"rpm_limit":0}`)
	if len(joined.Members) != 1 || len(joined.Users) != 1 || joined.Members[0].Old != nil || !joined.Members[0].Refused || joined.Users[0].UserID != "bob" {
		t.Errorf("joined: %+v %+v", joined.Members, joined.Users)
	}
	if refused := g.check("/team/member_add", `{"team_id":"t1","member":{"user_id":"ada","role":"user"}}`); refused.OK || refused.Changes[0].Error == nil {
		t.Errorf("who is there already: %+v", refused)
	}
	if g.dump() != before {
		t.Error("a rehearsal changed something")
	}
}

func TestQuotaCheck_tellsOfUsers(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"t1"}`).ok()
	g.post("/user/new", `{"user_id":"ada","max_budget":20,"teams":["t1"]}`).ok()
	g.spending.spent("ada", 9*money.USD)
	ada := g.check("/user/update", `{"user_id":"ada","max_budget":9}`).Users[0]
	if !ada.Refused || ada.RefusedNow || *ada.Old.MaxBudget != 20*money.USD || ada.Spend != 9*money.USD || !slices.Equal(ada.Teams, api.StringList{"t1"}) {
		t.Errorf("%+v", ada)
	}
	if gone := g.check("/user/delete", `{"user_ids":["ada"]}`).Users[0]; gone.New != nil || len(gone.DeletedKeys) != 1 {
		t.Errorf("gone: %+v", gone)
	}
	if made := g.check("/user/new", `{"user_id":"bob","auto_create_key":false}`).Users[0]; made.Old != nil || made.New.MaxBudget != nil || made.Refused {
		t.Errorf("made: %+v", made)
	}
}

func TestQuotaCheck_tellsOfModels(t *testing.T) {
	g := newGateway(t)
	g.post("/model/new", `{"model_id":"m1","name":"house","aliases":["home"],"price":{"input_per_million_usd":1,"output_per_million_usd":2}}`).ok()
	g.used("2026-11-17", "t1", "k1", "house", 100)
	g.used("2026-11-17", "t2", "k2", "house", 300)
	before := g.get("/model/list").ok().text
	house := g.check("/model/update", `{"model_id":"m1","price":{"input_per_million_usd":2,"output_per_million_usd":4}}`).Models[0]
	if house.Name != "house" || house.Old == nil || house.New == nil || len(house.NoLongerServed) != 0 {
		t.Errorf("%+v", house)
	}
	if house.LastWeek.Requests != 2 || house.LastWeek.Teams != 2 || house.LastWeek.Most[0].TeamID != "t2" || house.LastWeek.Cost != 4*money.USD {
		t.Errorf("last week: %+v", house.LastWeek)
	}
	for route, body := range map[string]string{"/model/update": `{"model_id":"m1","enabled":false}`, "/model/delete": `{"id":"m1"}`} {
		if gone := g.check(route, body).Models[0]; fmt.Sprint(gone.NoLongerServed) != "[house home]" {
			t.Errorf("%s: %+v", route, gone)
		}
	}
	if refused := g.check("/model/new", `{"name":"home"}`); refused.OK {
		t.Errorf("a name that is taken: %+v", refused)
	}
	if g.get("/model/list").ok().text != before {
		t.Error("a rehearsal changed something")
	}
	g.post("/quota/replay", `{"changes":[{"route":"/model/delete","body":{"id":"m1"}}]}`).refused(400, "changes", "cannot be replayed")
	viewer := g.post("/admin_key/new", `{"role":"viewer"}`).ok().textAt("key")
	g.post("/quota/check", `{"route":"/model/new","body":{"name":"x","base_url":"http://inside.example"}}`, "Authorization", "Bearer "+viewer).refused(403, "", "may not use /model/new")
}
