package app_test

import (
	"fmt"
	"testing"
)

// What a soft limit leaves of a team's requests per minute is said of the team and of its keys, on every gateway,
// until the budget is raised.
func TestThrottle_isReported(t *testing.T) {
	t.Parallel()
	i := install(t, 2)
	i.gateways[0].admin("POST", "/budget/new", `{"budget_id":"terms","max_budget":50,"soft_budget":0.3,"on_soft_limit":{"reduce_rpm_pct":0.5}}`)
	secret := i.team("marketing", `,"rpm_limit":1000,"budget_id":"terms"`)
	check := func(when string, throttled bool, rpm any) {
		t.Helper()
		for number, gateway := range i.gateways {
			for _, path := range []string{"/team/info?team_id=marketing", "/key/info?key=" + secret} {
				answer := gateway.admin("GET", path, "")
				if answer["throttled"] != throttled || answer["effective_rpm_limit"] != rpm {
					t.Errorf("%s: gateway %d, %s: throttled %v, %v; want %v, %v", when, number, path[:9],
						answer["throttled"], answer["effective_rpm_limit"], throttled, rpm)
				}
			}
		}
	}
	check("before", false, nil)
	i.call(secret, "throttle", 2)
	check("at the soft limit", true, 500.0)
	i.gateways[0].admin("POST", "/key/update", fmt.Sprintf(`{"key":%q,"rpm_limit":20}`, secret))
	for number, gateway := range i.gateways {
		if rpm := gateway.admin("GET", "/key/info?key="+secret, "")["effective_rpm_limit"]; rpm != 20.0 {
			t.Errorf("gateway %d: a key with less has %v", number, rpm)
		}
	}
	i.gateways[0].admin("POST", "/key/update", fmt.Sprintf(`{"key":%q,"rpm_limit":null}`, secret))
	i.gateways[1].admin("POST", "/budget/update", `{"budget_id":"terms","soft_budget":40}`)
	check("raised", false, nil)
}
