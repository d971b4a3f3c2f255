package app_test

// adminExamples are requests of the admin API and of what anybody may read, in an order in which they succeed.
var adminExamples = []example{
	{pattern: "GET /health/liveliness"}, {pattern: "GET /health/liveness"}, {pattern: "GET /health/readiness"},
	{pattern: "GET /metrics"}, {pattern: "GET /openapi.json"},
	{pattern: "GET /docs"}, {pattern: "GET /docs/page.js"}, {pattern: "GET /docs/page.css"},

	{
		pattern: "POST /budget/new", body: `{"budget_id":"pot","max_budget":100,"everything":true,"alert_thresholds":[0.5],"timezone":"UTC"}`,
		bad: `{"max_budget":-1}`, status: 400,
	},
	{pattern: "POST /budget/new", body: `{"max_budget":5,"soft_budget":4,"budget_duration":"1mo","on_soft_limit":{"reduce_rpm_pct":0.5}}`, save: "budget_id=budget"},
	{pattern: "GET /budget/list"},
	{pattern: "GET /budget/settings", query: "?budget_id={budget}", bad: "?budget_id=none", status: 404},
	{pattern: "POST /budget/info", body: `{"budgets":["{budget}","pot","none"]}`, bad: `{"budgets":[]}`, status: 400},
	{pattern: "POST /budget/update", body: `{"budget_id":"{budget}","max_budget":6}`, bad: `{"budget_id":"none"}`, status: 404},

	{
		pattern: "POST /team/new", bad: `{"team_id":"team-a"}`, status: 400,
		body: `{"team_id":"team-a","team_alias":"A","models":["gpt-4.1-mini","claude"],"rpm_limit":1000,"model_rpm_limit":{"claude":500},"metadata":{"a":[1]}}`,
	},
	{pattern: "POST /team/new", body: `{"team_id":"team-b","budget_id":"{budget}"}`},
	{pattern: "GET /team/list"}, {pattern: "GET /team/list", query: "?user_id=nobody"},
	{pattern: "GET /v2/team/list", query: "?page_size=1&sort_by=team_id", bad: "?page=0", status: 400},
	{pattern: "POST /team/update", body: `{"team_id":"team-a","max_budget":50,"budget_duration":"1mo"}`, bad: `{"team_id":"none"}`, status: 404},
	{pattern: "POST /team/block", body: `{"team_id":"team-b"}`, bad: `{}`, status: 400},
	{pattern: "POST /team/unblock", body: `{"team_id":"team-b"}`, bad: `{"team_id":"none"}`, status: 404},

	{
		pattern: "POST /key/generate", save: "key_id=key", bad: `{"team_id":"team-a","rpm_limit":2000}`, status: 400,
		body: `{"team_id":"team-a","key_alias":"k","user_id":"u","models":["claude"],"max_budget":1,"duration":"30d","speak_for_teams":["team-b"]}`,
	},
	{
		pattern: "POST /key/service-account/generate", save: "key_id=service", bad: `{"key_alias":"s"}`, status: 400,
		body: `{"team_id":"team-a","key_alias":"s"}`,
	},
	{pattern: "GET /key/info", query: "?key={key}", bad: "?key=none", status: 404},
	{pattern: "POST /v2/key/info", body: `{"keys":["{key}","none"]}`, bad: `{"keys":[]}`, status: 400},
	{pattern: "GET /key/list", query: "?team_id=team-a&status=active", bad: "?status=odd", status: 400},
	{pattern: "GET /key/list", query: "?return_full_object=true&size=1", bad: "?cursor=odd", status: 400},
	{pattern: "GET /key/aliases", query: "?search=K", bad: "?size=0", status: 400},
	{pattern: "POST /key/health", body: `{}`},
	{pattern: "POST /key/update", body: `{"key":"{key}","rpm_limit":10,"duration":null}`, bad: `{"key":"none"}`, status: 404},
	{pattern: "POST /key/bulk_update", body: `{"keys":[{"key":"{key}","tpm_limit":100},{"key":"none"}]}`, bad: `{"keys":1}`, status: 400},
	{pattern: "POST /key/block", body: `{"key":"{service}"}`, bad: `{"key":"none"}`, status: 404},
	{pattern: "POST /key/unblock", body: `{"key":"{service}"}`, bad: `{"key":"none"}`, status: 404},
	{pattern: "POST /key/rotate", body: `{"key":"{service}","grace_period":"1h"}`, bad: `{"key":"none"}`, status: 404},
	{pattern: "POST /key/regenerate", body: `{"key":"{service}"}`, bad: `{"key":"{service}","new_key":"short"}`, status: 400},
	{pattern: "POST /key/{key}/regenerate", body: `{}`},
	{pattern: "GET /team/info", query: "?team_id=team-a", bad: "?team_id=none", status: 404},

	{
		pattern: "POST /alert_route/new", save: "alert_route_id=route", bad: `{"name":"n"}`, status: 400,
		body: `{"name":"oncall","events":["budget.soft_limit"],"min_severity":"warning","webhook":{"url":"{receiver}","secret":"a secret of twenty-four b"}}`,
	},
	{pattern: "GET /alert_route/info", query: "?alert_route_id={route}", bad: "?alert_route_id=none", status: 404},
	{pattern: "GET /alert_route/list", query: "?name=oncall"},
	{pattern: "POST /alert_route/update", body: `{"alert_route_id":"{route}","enabled":true,"thresholds":[0.9]}`, bad: `{"alert_route_id":"none"}`, status: 404},
	{pattern: "POST /alert_route/test", body: `{"alert_route_id":"{route}"}`, bad: `{"alert_route_id":"none"}`, status: 404},
}

// lastExamples are those that look at what was used, and those that remove.
var lastExamples = []example{
	{pattern: "GET /usage", bad: "?period=odd", status: 400},
	{pattern: "GET /usage", query: "?format=csv"}, {pattern: "GET /usage", query: "?format=jsonl"},
	{pattern: "GET /spend/logs", query: "?start_date=2026-01-01", bad: "?start_date=odd", status: 400},
	{pattern: "GET /spend/logs", query: "?format=csv"},
	{pattern: "GET /spend/logs/v2", bad: "?page=0", status: 400},
	{pattern: "GET /spend/logs/ui", bad: "?cursor=odd", status: 400},
	{pattern: "GET /spend/tags", bad: "?start_date=odd", status: 400},
	{pattern: "GET /global/spend/tags"}, {pattern: "GET /global/spend"}, {pattern: "GET /global/spend/teams"},
	{pattern: "GET /global/spend/report", query: "?start_date=2026-01-01&end_date=2026-12-31", bad: "?group_by=odd", status: 400},
	{pattern: "GET /global/spend/keys", query: "?limit=3", bad: "?limit=0", status: 400},
	{pattern: "GET /global/spend/models", query: "?limit=3", bad: "?limit=0", status: 400},
	{pattern: "POST /spend/calculate", body: `{"model":"gpt-4.1-mini","messages":[{"role":"user","content":"hi"}]}`, bad: `{}`, status: 400},
	{pattern: "GET /team/daily/activity", query: "?team_ids=team-a&start_date=2026-01-01&end_date=2026-12-31", bad: "?start_date=odd", status: 400},
	{pattern: "GET /user/daily/activity", query: "?start_date=2026-01-01&end_date=2026-12-31", bad: "?start_date=odd", status: 400},

	{pattern: "POST /quota/check", body: `{"changes":[{"route":"/team/update","body":{"team_id":"team-b","rpm_limit":1}},{"route":"/budget/new","body":{"everything":true}}]}`, bad: `{}`, status: 400},
	{pattern: "POST /quota/check", body: `{"route":"/team/update","body":{"team_id":"none"}}`},

	{pattern: "GET /audit", query: "?page_size=2", bad: "?page=0", status: 400},
	{pattern: "GET /audit/verify"},
	{pattern: "GET /audit/{id}"},

	{pattern: "POST /budget/reset", body: `{"team_id":"team-a"}`, bad: `{}`, status: 400},
	{pattern: "POST /team/{team_id}/reset_spend", body: `{}`, bad: `{"reset_to":-1}`, status: 400},
	{pattern: "POST /key/{key}/reset_spend", body: `{}`, bad: `{"reset_to":-1}`, status: 400},

	{pattern: "POST /alert_route/delete", body: `{"alert_route_ids":["{route}"]}`, bad: `{"alert_route_ids":["none"]}`, status: 404},
	{pattern: "POST /key/delete", body: `{"keys":["{service}"],"key_aliases":["k"]}`, bad: `{"keys":["none"]}`, status: 404},
	{pattern: "POST /team/delete", body: `{"team_ids":["team-b"]}`, bad: `{"team_ids":["none"]}`, status: 404},
	{pattern: "POST /budget/delete", body: `{"id":"{budget}"}`, bad: `{"id":"none"}`, status: 404},
}
