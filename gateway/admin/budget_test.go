package admin_test

import (
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func TestBudget(t *testing.T) {
	g := newGateway(t)
	g.post("/budget/new", `{"budget_id":"pot","max_budget":10,"budget_duration":"7d","alert_thresholds":[0.5,0.8],"models":["m2","m1"],
		"on_soft_limit":{"reduce_rpm_pct":0.5}}`).ok().has("budget_id", `"pot"`, "max_budget", "10", "alert_thresholds", "[0.5,0.8]",
		"models", `["m2","m1"]`, "team_ids", "null", "everything", "false", "hard_cap", "true", "on_soft_limit", `{"reduce_rpm_pct":0.5}`)
	g.wait(1e9)
	made := g.post("/budget/new", `{"max_budget":3}`).ok().textAt("budget_id")
	if told := g.changes.takeTold(); told != "budget nil->10; budget nil->3" {
		t.Errorf("told of %q", told)
	}
	g.spending.spent("pot", 2*money.USD)
	if got := g.post("/budget/info", `{"budgets":["`+made+`","missing","pot"]}`).ok().text; !jsonList(t, got, "budget_id", made+",pot") {
		t.Errorf("info = %s", got)
	}
	if got := g.get("/budget/list").ok().text; !jsonList(t, got, "spend", "2,0") {
		t.Errorf("list = %s", got)
	}
	g.post("/budget/update", `{"budget_id":"pot","max_budget":20,"models":null,"everything":true}`).ok().
		has("max_budget", "20", "models", "null", "everything", "true", "budget_duration", `"7d"`, "revision", "2", "spend", "2")
	if told := g.changes.takeTold(); told != "budget 10->20" {
		t.Errorf("told of %q", told)
	}
	g.post("/budget/delete", `{"id":"pot"}`).ok().has("budget_id", `"pot"`)
	g.post("/budget/delete", `{"budget_id":"`+made+`"}`).ok()
	if told := g.changes.takeTold(); told != "budget 20->nil; budget 3->nil" {
		t.Errorf("told of %q", told)
	}
	for path, body := range map[string]string{"/budget/info": `{"budgets":["pot"]}`, "/budget/list": ""} {
		method := map[bool]string{true: "GET", false: "POST"}[body == ""]
		if got := g.send(method, path, body).ok().text; got != "[]\n" {
			t.Errorf("%s = %s", path, got)
		}
	}
}

func TestBudget_refuses(t *testing.T) {
	g := newGateway(t)
	g.post("/budget/new", `{"budget_id":"b","max_budget":10}`).ok()
	g.post("/team/new", `{"team_id":"a","budget_id":"b"}`).ok().has("budget_id", `"b"`, "max_budget", "null")
	g.post("/budget/new", `{"budget_id":"b"}`).refused(400, "budget_id", "already exists")
	g.post("/budget/new", `{"max_budget":-1}`).refused(400, "max_budget", "cannot be negative")
	g.post("/budget/new", `{"alert_thresholds":[0.8,0.5],"max_budget":1}`).refused(400, "alert_thresholds", "must be ascending")
	g.post("/budget/new", `{"timezone":"Mars"}`).refused(400, "timezone", "is not an IANA time zone")
	g.post("/budget/new", `{"on_soft_limit":{"reduce_rpm_pct":"half"}}`).refused(400, "on_soft_limit.reduce_rpm_pct", "must be a number")
	g.post("/budget/update", `{"max_budget":1}`).refused(400, "budget_id", "is required")
	g.post("/budget/update", `{"budget_id":"c","max_budget":1}`).refused(404, "", "Budget not found")
	g.post("/budget/update", `{"budget_id":"b","max_budget":1}`, "If-Match", "3").refused(412, "", "yours was 3")
	g.post("/budget/info", `{"budgets":[]}`).refused(400, "budgets", "is required")
	g.post("/budget/delete", `{}`).refused(400, "id", "is required")
	g.post("/budget/delete", `{"id":"b","budget_id":"c"}`).refused(400, "id", "the one budget")
	g.post("/budget/delete", `{"id":"c"}`).refused(404, "", "Budget not found")
	g.post("/budget/delete", `{"id":"b"}`).refused(409, "", "a")
	g.declared["b"] = "gateway.yaml"
	g.post("/budget/update", `{"budget_id":"b","max_budget":1}`).refused(409, "", "is declared in gateway.yaml")
	g.post("/budget/delete", `{"id":"b"}`).refused(409, "", "is declared in gateway.yaml")
	g.post("/budget/info", `{"budgets":["b"]}`).ok()
}

// An empty scope would count nothing, where elsewhere an empty list is all.
func TestBudget_refusesAnEmptyScope(t *testing.T) {
	g := newGateway(t)
	g.post("/budget/new", `{"budget_id":"p","team_ids":[]}`).refused(400, "team_ids", "everything: true")
	g.post("/budget/new", `{"budget_id":"p","team_ids":["a"]}`).ok()
	g.post("/budget/update", `{"budget_id":"p","team_ids":[]}`).refused(400, "team_ids", "everything: true")
	g.post("/budget/update", `{"budget_id":"p","team_ids":null,"everything":true}`).ok()
}
