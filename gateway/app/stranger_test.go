package app_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// A team's admin who makes somebody a member spends the team's budget, not what that person has elsewhere: not while
// the gateway runs, and not when it counts again from the ledger.
func TestTeamAdmin_cannotSpendAStrangersOwnBudget(t *testing.T) {
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	g := start(t, c)
	for _, team := range []string{"mine", "theirs"} {
		g.admin("POST", "/team/new", `{"team_id":"`+team+`"}`)
	}
	g.admin("POST", "/user/new", `{"user_id":"bob","max_budget":100,"rpm_limit":2,"auto_create_key":false}`)
	g.admin("POST", "/team/member_add", `{"team_id":"theirs","member":{"user_id":"bob"}}`)
	bobs := g.newKey(`{"team_id":"theirs","user_id":"bob"}`)
	admin := g.admin("POST", "/admin_key/new", `{"role":"team_admin","team_ids":["mine"]}`)["key"].(string)

	status, _, body := g.do("POST", "/team/member_add", admin, `{"team_id":"mine","member":{"user_id":"bob"},"max_budget_in_team":5}`)
	if status != http.StatusOK {
		t.Fatalf("member_add: %d %s", status, body)
	}
	status, _, body = g.do("POST", "/key/generate", admin, `{"team_id":"mine","user_id":"bob"}`)
	var made map[string]any
	if err := json.Unmarshal([]byte(body), &made); err != nil || status != http.StatusOK {
		t.Fatalf("key: %d %s", status, body)
	}
	for call := range 4 {
		if status, _, body := g.do("POST", "/v1/chat/completions", made["key"].(string), hello); status != http.StatusOK {
			t.Fatalf("call %d of the team's: %d %s", call, status, body)
		}
	}
	if status, _, body := g.do("POST", "/v1/chat/completions", made["key"].(string), hello); status != http.StatusForbidden {
		t.Errorf("beyond the member's budget: %d %s", status, body)
	}
	if spend := g.admin("GET", "/user/info?user_id=bob", "")["spend"]; spend != 0.0 {
		t.Errorf("bob spent %v of his own", spend)
	}
	g.stop()
	g = start(t, c) // it counts from the ledger
	if spend := g.admin("GET", "/user/info?user_id=bob", "")["spend"]; spend != 0.0 {
		t.Errorf("by the ledger bob spent %v of his own", spend)
	}
	for call, want := range []int{200, 200, 429} {
		if status, _, body := g.do("POST", "/v1/chat/completions", bobs, hello); status != want {
			t.Errorf("bob's call %d: %d %s", call, status, body)
		}
	}
	if spend := g.admin("GET", "/user/info?user_id=bob", "")["spend"]; spend != 2.0 {
		t.Errorf("bob spent %v", spend)
	}
}
