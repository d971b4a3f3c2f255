package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// A reset is in force on every gateway when it is answered, concerns one counter alone, outlives the counters,
// and is in the audit log.
func TestReset_spendOfOneBudget(t *testing.T) {
	t.Parallel()
	i := install(t, 2)
	key := i.team("marketing", `,"max_budget":4`)
	i.gateways[0].admin("POST", "/budget/new", `{"budget_id":"pot","team_ids":["marketing"],"max_budget":100}`)
	served := map[string]bool{}
	i.spendUntilRefused(key, "first", served)
	before := i.spend("marketing")

	answer := i.gateways[1].admin("POST", "/team/marketing/reset_spend", `{"reset_to":0.5}`)
	if answer["spend"] != 0.5 || answer["previous_spend"] != float64(before)/1e9 || answer["max_budget"] != 4.0 {
		t.Errorf("reset: %v, want what was spent, %s, and 0.5", answer, before)
	}
	for number, gateway := range i.gateways {
		if o := try(t.Context(), gateway.URL(), key, fmt.Sprintf("after-%d", number), chat(1, "")); !o.served() {
			t.Errorf("gateway %d after the reset: %d %s", number, o.status, o.body)
		}
	}
	spent := i.spend("marketing")
	flush(t, i.redis)
	await(t, awaitLong, "the counters to come back", func() bool { return i.spend("marketing") == spent })
	if pot := i.potSpend("pot"); pot != before-money.USD/2+spent {
		t.Errorf("the pot says %s, want all that was spent and no reset: %s", pot, before-money.USD/2+spent)
	}
	i.gateways[0].admin("POST", "/budget/reset", `{"budget_id":"pot"}`)
	if pot := i.potSpend("pot"); pot != 0 {
		t.Errorf("the pot after its reset: %s", pot)
	}
	status, _, body := i.gateways[0].do("GET", "/audit?action=team.reset_spend", adminKey, "")
	if status != http.StatusOK || !strings.Contains(body, "marketing") {
		t.Errorf("the audit log: %d %s", status, body)
	}
}

func (i *installation) potSpend(id string) money.Nano {
	i.t.Helper()
	for _, line := range i.gateways[0].list("GET", "/budget/list") {
		if line["budget_id"] == id {
			return money.Nano(line["spend"].(float64)*float64(money.USD) + 0.5)
		}
	}
	i.t.Fatalf("there is no budget %s", id)
	return 0
}

func TestReset_refusesWhatIsNotThere(t *testing.T) {
	g := start(t, settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{})))
	g.admin("POST", "/team/new", `{"team_id":"marketing"}`)
	g.admin("POST", "/budget/new", `{"budget_id":"terms","max_budget":5}`)
	for body, want := range map[string]int{
		`{}`: http.StatusBadRequest, `{"team_id":"marketing","budget_id":"terms"}`: http.StatusBadRequest,
		`{"budget_id":"terms"}`: http.StatusBadRequest, `{"team_id":"nobody"}`: http.StatusNotFound,
		`{"team_id":"marketing","reset":0}`: http.StatusBadRequest, `{"team_id":"marketing","member_id":"ann"}`: http.StatusBadRequest,
		`{"team_id":"marketing","user_id":"ann"}`: http.StatusNotFound, `{"user_id":"ann","key_id":"k"}`: http.StatusBadRequest,
		`{"team_id":"marketing","reset_to":1}`: http.StatusBadRequest, `{"team_id":"marketing","reset_to":-1}`: http.StatusBadRequest,
		`{"team_id":"marketing"}`: http.StatusOK,
	} {
		if status, _, text := g.do("POST", "/budget/reset", adminKey, body); status != want {
			t.Errorf("%s: %d %s, want %d", body, status, text, want)
		}
	}
}

// list sends an admin request that must succeed and returns the answer's objects.
func (g *gateway) list(method, path string) (objects []map[string]any) {
	g.t.Helper()
	status, _, text := g.do(method, path, adminKey, "")
	if err := json.Unmarshal([]byte(text), &objects); err != nil || status != http.StatusOK {
		g.t.Fatalf("%s %s: %d %s %v", method, path, status, text, err)
	}
	return objects
}

// What makes something with an odd duration answers with the end of the period that it gets, not with that of another grid.
func TestOddDurations_areAnsweredAsTheyRun(t *testing.T) {
	g := start(t, settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{})))
	for made, read := range map[string]string{
		"/team/new " + `{"team_id":"odd","max_budget":1,"budget_duration":"90d"}`:        "/team/info?team_id=odd",
		"/key/generate " + `{"key_alias":"odd","max_budget":1,"budget_duration":"365d"}`: "/key/info?key=",
	} {
		path, body, _ := strings.Cut(made, " ")
		answer := g.admin("POST", path, body)
		if id, isKey := answer["key_id"].(string); isKey {
			read += id
		}
		got := g.admin("GET", read, "")
		if answer["budget_reset_at"] == nil || answer["budget_reset_at"] != got["budget_reset_at"] {
			t.Errorf("%s: answered %v, and then %v", path, answer["budget_reset_at"], got["budget_reset_at"])
		}
	}
}
