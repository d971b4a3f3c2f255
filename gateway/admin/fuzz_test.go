package admin_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin"
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
)

// FuzzRoutes sends any body to any route: it is answered or refused, and nothing breaks.
func FuzzRoutes(f *testing.F) {
	routes := admin.Routes()
	for i := range routes {
		for _, body := range []string{
			`{"team_id":"a","team_alias":"A","models":["m"],"rpm_limit":1,"max_budget":1.5,"soft_budget":1,"metadata":{"a":[1]},"key":"k"}`,
			`{"key":"sk-own-secret-of-2026-long","duration":"30d","team_id":"","expires":"2027-01-01T00:00:00Z","speak_for_teams":["*"]}`,
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

// FuzzQuery sends any query to any reading route: it is answered or refused, and nothing breaks.
func FuzzQuery(f *testing.F) {
	var reading []route.Route
	for _, route := range admin.Routes() {
		if route.Method == http.MethodGet {
			reading = append(reading, route)
		}
	}
	for i := range reading {
		for _, query := range []string{
			"page=1&size=2&page_size=2&sort_by=key_alias&sort_order=asc&cursor=eyJzIjoiYWxpYXMiLCJpIjoiayJ9",
			"team_id=a&user_id=b&key=sk-x&key_hash=c&status=active&organization_id=o&strict=true", "page=2147483647&size=1000",
			"start_date=2026-01-01&end_date=2026-12-31&group_by=team,day&format=csv&min_spend=1e9&limit=3", "a=%zz", "team_alias=%25_%5C%00",
		} {
			f.Add(uint8(i), query)
		}
	}
	g := newGateway(f)
	f.Fuzz(func(t *testing.T, index uint8, query string) {
		route := reading[int(index)%len(reading)]
		r := httptest.NewRequest(route.Method, path(route), nil)
		r.URL.RawQuery = query
		r.Header.Set("Authorization", "Bearer "+adminKey)
		recorder := httptest.NewRecorder()
		g.Config.Handler.ServeHTTP(recorder, r)
		if recorder.Code >= http.StatusInternalServerError {
			t.Errorf("%s %q: status %d: %s", route.Pattern(), query, recorder.Code, recorder.Body)
		}
	})
}
