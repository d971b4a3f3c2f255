package admin_test

import (
	"fmt"
	"strings"
	"testing"
)

// A field by which LiteLLM limits what may be spent or done is never left out in silence: it is refused with what
// takes its place, and nothing is made or changed.
func TestReplacedFields_areRefused(t *testing.T) {
	g := newGateway(t)
	g.post("/team/new", `{"team_id":"a","max_budget":5}`).ok()
	g.post("/user/new", `{"user_id":"u","auto_create_key":false}`).ok()
	g.post("/budget/new", `{"budget_id":"b","max_budget":5}`).ok()
	key := g.post("/key/generate", `{"key_alias":"k","max_budget":5}`).ok().textAt("key_id")
	fields := map[string][2]string{
		"model_max_budget":         {`{"gpt-4.1":{"budget_limit":0.0000001,"time_period":"1d"}}`, "POST /budget/new (key_ids or team_ids, models"},
		"budget_limits":            {`[{"budget_duration":"1d","max_budget":1}]`, "each further window is a pot"},
		"budget_fallbacks":         {`{"gpt-4.1":["gpt-4.1-mini"]}`, "calls no other model"},
		"aliases":                  {`{"fast":"gpt-4.1-mini"}`, "POST /model/update (aliases)"},
		"model_aliases":            {`{"fast":"gpt-4.1-mini"}`, "bursar_model.aliases"},
		"tags":                     {`["prod"]`, "metadata.tags"},
		"tpd_limit":                {`1000`, "budget_duration \"1d\""},
		"rpd_limit":                {`1000`, "budget_duration \"1d\""},
		"team_member_key_duration": {`"7d"`, "each key its duration"},
		"permissions":              {`{"get_spend_routes":true}`, "role"},
		"object_permission":        {`{"vector_stores":["v"]}`, "models only"},
		"enforced_params":          {`["user"]`, "no parameter"},
		"allowed_model_region":     {`"eu"`, "models of the region"},
		"allowed_routes":           {`["/chat/completions"]`, "POST /admin_key/new"},
		"key_type":                 {`"management"`, "POST /admin_key/new"},
	}
	for path, named := range map[string]string{
		"/team/new": `"team_id":"new"`, "/team/update": `"team_id":"a","max_budget":9`, "/key/generate": `"key_alias":"new"`,
		"/key/service-account/generate": `"team_id":"a","key_alias":"new"`, "/key/update": `"key":"` + key + `","max_budget":9`,
		"/key/" + key + "/regenerate": `"max_budget":9`, "/budget/new": `"budget_id":"new"`, "/budget/update": `"budget_id":"b","max_budget":9`,
		"/user/new": `"user_id":"new","auto_create_key":false`, "/user/update": `"user_id":"u","max_budget":9`,
		"/team/member_add": `"team_id":"a","member":{"user_id":"new"}`,
	} {
		for field, values := range fields {
			for _, strict := range []string{"", "?strict=true"} {
				got := g.post(path+strict, fmt.Sprintf(`{%s,%q:%s}`, named, field, values[0])).refused(400, field, "")
				if message := got.textAt("error.message"); strict == "" && !strings.Contains(message, values[1]) {
					t.Errorf("%s with %s does not name what takes its place: %s", path, field, message)
				}
			}
		}
	}
	for path, left := range map[string]string{
		"/team/info?team_id=new": "team", "/user/info?user_id=new": "user", "/budget/settings?budget_id=new": "budget",
	} {
		if got := g.get(path); got.status != 404 && got.status != 400 {
			t.Errorf("the %s was made: %d %s", left, got.status, got.text)
		}
	}
	g.get("/team/info?team_id=a").ok().has("max_budget", "5")
	g.get("/key/info?key="+key).ok().has("info.max_budget", "5")
}

// Values that limit nothing are what LiteLLM's clients send without being asked.
func TestReplacedFields_thatLimitNothing(t *testing.T) {
	g := newGateway(t)
	got := g.post("/key/generate", `{"model_max_budget":{},"budget_limits":[],"aliases":{ },"tags":[],"permissions":{},"object_permission":null,
		"enforced_params":[],"allowed_routes":["llm_api_routes"],"key_type":"llm_api","tpd_limit":null,"allowed_model_region":""}`).ok()
	const unknown = "aliases, allowed_model_region, allowed_routes, budget_limits, enforced_params, key_type, model_max_budget, " +
		"object_permission, permissions, tags, tpd_limit"
	if header := got.header.Get("X-Bursar-Unknown-Fields"); header != unknown {
		t.Errorf("header = %q", header)
	}
}
