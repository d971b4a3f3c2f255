package admin_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin"
)

// FuzzRoutes sends any body to any route: it is answered or refused, and nothing breaks.
func FuzzRoutes(f *testing.F) {
	routes := admin.Routes()
	for i := range routes {
		for _, body := range []string{
			`{"team_id":"a","team_alias":"A","models":["m"],"rpm_limit":1,"max_budget":1.5,"soft_budget":1,"metadata":{"a":[1]},"key":"k"}`,
			`{"key":"sk-own-secret-of-2026","duration":"30d","team_id":"","expires":"2027-01-01T00:00:00Z","speak_for_teams":["*"]}`,
			`{"budget_id":"b","alert_thresholds":[0.5,1],"timezone":"Europe/Berlin","on_soft_limit":{"reduce_rpm_pct":0.5},"id":"b"}`,
			`{"alert_route_id":"r","name":"n","webhook":{"url":"https://a","secret":null},"events":["budget.soft_limit"]}`,
			`{"team_ids":["a"],"keys":["key_x"],"key_aliases":["k"],"budgets":["b"],"alert_route_ids":["r"],"grace_period":"1h"}`,
			`{"max_budget":1e400,"rpm_limit":1e99,"metadata":{"":null},"model_rpm_limit":{"":1},"budget_duration":"999999y"}`,
		} {
			f.Add(uint8(i), body)
		}
	}
	g := newGateway(f)
	f.Fuzz(func(t *testing.T, index uint8, body string) {
		route := routes[int(index)%len(routes)]
		r := httptest.NewRequest(route.Method, path(route), strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+adminKey)
		recorder := httptest.NewRecorder()
		g.Config.Handler.ServeHTTP(recorder, r)
		if recorder.Code >= http.StatusInternalServerError {
			t.Errorf("%s %q: status %d: %s", route.Pattern(), body, recorder.Code, recorder.Body)
		}
	})
}
