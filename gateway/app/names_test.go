package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// expectNames calls models one after the other and compares the statuses.
func (g *gateway) expectNames(key string, want map[string]int) {
	g.t.Helper()
	for model, status := range want {
		if got, _, body := g.do("POST", "/v1/chat/completions", key, sayTo(model)); got != status {
			g.t.Errorf("%s: %d %s, want %d", model, got, body, status)
		}
	}
}

// lastModel is the name that the provider was asked for last.
func lastModel(t *testing.T, upstream *testenv.Upstream) string {
	t.Helper()
	requests := upstream.Requests()
	if len(requests) == 0 {
		return ""
	}
	_, model, _ := strings.Cut(string(requests[len(requests)-1].Body), `"model":"`)
	model, _, _ = strings.Cut(model, `"`)
	return model
}

func TestWildcard_servesWhatItMatchesAndPassesTheRestOn(t *testing.T) {
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	g := start(t, settings(t, upstream))
	g.admin("POST", "/model/new", newModel("acme", "acme/*", upstream, ""))
	g.admin("POST", "/model/new", newModel("acme-s", "acme/s*", upstream, `,"upstream_model":"special-*"`))
	g.admin("POST", "/model/new", newModel("exact", "acme/exact", upstream, `,"upstream_model":"the-one"`))
	g.admin("POST", "/model/new", newModel("claude", "claude-*", upstream, ""))
	g.admin("POST", "/team/new", `{"team_id":"t","models":["acme/*"]}`)
	key := g.newKey(`{"team_id":"t"}`)
	for asked, passed := range map[string]string{"acme/large": "large", "acme/small": "special-mall", "acme/exact": "the-one"} {
		g.expectNames(key, map[string]int{asked: http.StatusOK})
		if got := lastModel(t, upstream); got != passed {
			t.Errorf("%s is asked for as %q, want %q", asked, got, passed)
		}
	}
	free := g.newKey(`{}`)
	g.expectNames(free, map[string]int{"claude-x": http.StatusOK})
	if got := lastModel(t, upstream); got != "claude-x" {
		t.Errorf("claude-x is asked for as %q", got)
	}
	g.expectNames(free, map[string]int{
		"acme/": http.StatusNotFound, "acme/../x": http.StatusNotFound, "acme/.": http.StatusNotFound, "acme/*": http.StatusNotFound, "acme/a b": http.StatusNotFound, "acme": http.StatusNotFound,
		"acme/l\u017f": http.StatusNotFound, "ACME/large": http.StatusNotFound,
	})
	if status, _, _ := g.do("POST", "/v1/chat/completions", key, sayTo("claude-x")); status == http.StatusOK {
		t.Error("a team with acme/* got claude-x")
	}
	if _, _, list := g.do("GET", "/v1/models", key, ""); strings.Contains(list, "*") || !strings.Contains(list, `"acme/exact"`) {
		t.Errorf("the key sees %s", list)
	}
	if status, _, body := g.do("GET", "/v1/models/acme%2Flarge", key, ""); status != http.StatusOK {
		t.Errorf("%d %s", status, body)
	}
}

// The case that people reported: names with a star were taken and matched nothing.
func TestWildcard_inTeamAndModelAsReported(t *testing.T) {
	for form, model := range map[string]string{
		"ours":                 `{"name":"acme/*","base_url":%[1]q,%[2]s}`,
		"LiteLLM's":            `{"model_name":"acme/*","litellm_params":{"model":"openai/*","api_base":%[1]q,%[3]s}}`,
		"LiteLLM's, by itself": `{"model_name":"acme/*","litellm_params":{"model":"acme/*","api_base":%[1]q,%[3]s}}`,
	} {
		t.Run(form, func(t *testing.T) {
			upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
			g := start(t, settings(t, upstream))
			g.admin("POST", "/model/new?strict=true", fmt.Sprintf(model, upstream.URL(),
				`"price":{"input_per_million_usd":1,"output_per_million_usd":1}`, `"input_cost_per_token":1e-6,"output_cost_per_token":1e-6`))
			g.admin("POST", "/team/new?strict=true", `{"team_id":"t","models":["acme/*","acme/known"]}`)
			key := g.newKey(`{"team_id":"t"}`)
			g.expectNames(key, map[string]int{"acme/small": http.StatusOK, "acme/org/small": http.StatusOK, "acme": http.StatusNotFound})
			g.expectNames(key, map[string]int{"acme/small": http.StatusOK})
			if got := lastModel(t, upstream); got != "small" {
				t.Errorf("acme/small is asked for as %q, want what the star stands for", got)
			}
			if _, _, list := g.do("GET", "/v1/models", key, ""); strings.Contains(list, "*") || strings.Count(list, `"id":"`) != 1 || !strings.Contains(list, `"acme/known"`) {
				t.Errorf("the key sees %s; the one name that is known is the team's own", list)
			}
			for _, path := range []string{"/v1/models/acme/small", "/v1/models/acme%2Fsmall", "/models/acme/small"} {
				if status, _, body := g.do("GET", path, key, ""); status != http.StatusOK || !strings.Contains(body, `"id":"acme/small"`) {
					t.Errorf("%s: %d %s", path, status, body)
				}
			}
			if status, _, body := g.do("GET", "/v1/models/gpt-4.1-mini", key, ""); status != http.StatusNotFound {
				t.Errorf("a model that the team may not use: %d %s", status, body)
			}
		})
	}
}

// Whoever turns a model off wants it off, also where a wildcard would match its name.
func TestWildcard_doesNotServeWhatIsOff(t *testing.T) {
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	g := start(t, settings(t, upstream))
	g.admin("POST", "/model/new", newModel("all", "*", upstream, ""))
	g.admin("POST", "/model/new", newModel("big", "big", upstream, `,"aliases":["fast"],"enabled":false`))
	g.admin("POST", "/model/new", newModel("acme", "acme/*", upstream, `,"enabled":false`))
	g.admin("POST", "/model/new", newModel("acme-s", "acme/s*", upstream, ""))
	key := g.newKey(`{}`)
	g.expectNames(key, map[string]int{
		"big": http.StatusNotFound, "fast": http.StatusNotFound, "acme/x": http.StatusNotFound, "acme/s1": http.StatusOK, "other": http.StatusOK,
	})
	g.admin("POST", "/model/update", `{"model_id":"big","enabled":true}`)
	g.admin("POST", "/model/delete", `{"id":"acme"}`)
	g.expectNames(key, map[string]int{"big": http.StatusOK, "fast": http.StatusOK, "acme/x": http.StatusOK})
}

// Of a provider that the catalogue does not have no names are known, and none are made up.
func TestWildcard_showsOnlyNamesOfItsOwnVendor(t *testing.T) {
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	g := start(t, settings(t, upstream))
	g.admin("POST", "/model/new", newModel("acme", "acme/*", upstream, ""))
	g.admin("POST", "/model/new", fmt.Sprintf(`{"model_id":"groq","name":"groq/*","base_url":%q}`, upstream.URL()))
	g.admin("POST", "/model/new", fmt.Sprintf(`{"model_id":"claude","name":"claude-*","base_url":%q}`, upstream.URL()))
	_, _, list := g.do("GET", "/v1/models", g.newKey(`{}`), "")
	for _, wrong := range []string{`"acme/`, `"groq/gpt-4.1"`, `"groq/mistral`, `"claude-*"`} {
		if strings.Contains(list, wrong) {
			t.Errorf("the list holds %s: %s", wrong, list)
		}
	}
	for _, right := range []string{`"groq/`, `"claude-`} {
		if !strings.Contains(list, right) {
			t.Errorf("the list lacks %s: %s", right, list)
		}
	}
}

// A response that a provider keeps can be read by whoever may use its model by the name it was made with only.
func TestAlias_readsTheResponseThatItMade(t *testing.T) {
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	g := start(t, settings(t, upstream))
	g.admin("POST", "/model/new", newModel("big", "big", upstream, `,"aliases":["fast"]`))
	g.admin("POST", "/model/new", newModel("acme", "acme/*", upstream, ""))
	for _, model := range []string{"fast", "acme/small"} {
		key := g.newKey(fmt.Sprintf(`{"models":[%q]}`, model))
		status, _, body := g.do("POST", "/v1/responses", key, fmt.Sprintf(`{"model":%q,"max_output_tokens":50,"input":"hi"}`, model))
		if status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
		id := gjson.Get(body, "id").String()
		if status, _, body := g.do("GET", "/v1/responses/"+id, key, ""); status != http.StatusOK {
			t.Errorf("%s: %d %s", model, status, body)
		}
	}
}

// A key gets no larger limit than its team's, by whatever name it is set.
func TestNames_limitsOfKeysStayWithinTheTeams(t *testing.T) {
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	g := start(t, settings(t, upstream))
	g.admin("POST", "/model/new", newModel("big", "big", upstream, `,"aliases":["fast"],"access_groups":["beta"]`))
	g.admin("POST", "/team/new", `{"team_id":"t","model_rpm_limit":{"acme/*":3,"beta":4,"big":5}}`)
	for entry, want := range map[string]int{"acme/a": 3, "acme/*": 3, "acme/s*": 3, "big": 4, "fast": 4, "BIG": 5} {
		for limit, status := range map[int]int{want: http.StatusOK, want + 1: http.StatusBadRequest} {
			if got, _, body := g.do("POST", "/key/generate", adminKey, fmt.Sprintf(`{"team_id":"t","model_rpm_limit":{%q:%d}}`, entry, limit)); got != status {
				t.Errorf("%d for %s: %d %s", limit, entry, got, body)
			}
		}
	}
}

// A wildcard without a price of its own has the catalogue's by the real name, shows the names that the
// catalogue has, and serves no other.
func TestWildcard_isPricedByTheRealName(t *testing.T) {
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	g := start(t, settings(t, upstream))
	g.admin("POST", "/model/new", fmt.Sprintf(`{"model_id":"all","name":"openai/*","base_url":%q}`, upstream.URL()))
	key := g.newKey(`{"models":["openai/gpt-4.1*"]}`)
	g.expectNames(key, map[string]int{"openai/gpt-4.1": http.StatusOK, "openai/gpt-4.1-nobody-knows": http.StatusForbidden})
	_, _, list := g.do("GET", "/v1/models", key, "")
	if !strings.Contains(list, `"openai/gpt-4.1-nano"`) || strings.Contains(list, "gpt-4o") || strings.Contains(list, "*") {
		t.Errorf("the key sees %s", list)
	}
	_, _, metrics := g.do("GET", "/metrics", adminKey, "")
	if strings.Contains(metrics, "nobody-knows") || !strings.Contains(metrics, `model="openai/gpt-4.1"`) {
		t.Error("the metrics' labels are names that callers make up, or lack those that are known")
	}
}

func TestWildcard_severalAreBalancedOver(t *testing.T) {
	good, dead := testenv.StartUpstream(t, testenv.UpstreamOptions{}), testenv.StartUpstream(t, testenv.UpstreamOptions{Default: testenv.Behaviour{Fail: 500}})
	g := start(t, settings(t, good))
	g.admin("POST", "/model/new", newModel("a", "acme/*", good, ""))
	g.admin("POST", "/model/new", newModel("b", "acme/*", dead, ""))
	key := g.newKey(`{}`)
	for i := range 20 {
		g.expectNames(key, map[string]int{fmt.Sprintf("acme/m%d", i): http.StatusOK})
	}
	if n := len(dead.Requests()); n == 0 || n > 4 {
		t.Errorf("the failing deployment got %d calls; it is to be asked, and left alone under every name once it failed", n)
	}
}

// Whoever may use a model by several names gets no more of it than by one.
func TestNames_areNoWayAroundALimit(t *testing.T) {
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	g := start(t, settings(t, upstream))
	g.admin("POST", "/model/new", newModel("big", "big", upstream, `,"aliases":["fast","gpt-fast"],"access_groups":["beta"]`))
	g.admin("POST", "/model/new", newModel("any", "*", upstream, ""))
	for limited, names := range map[string][]string{
		"big":  {"big", "fast", "gpt-fast"},
		"fast": {"big", "fast", "gpt-fast"},
		"beta": {"big", "fast", "gpt-fast"},
		"bi*":  {"big", "fast", "BIG", "big-2"},
		"BIG":  {"big", "fast", "BIG", "bIg"},
		"*":    {"big", "fast", "x", "y"},
	} {
		key := g.newKey(fmt.Sprintf(`{"model_rpm_limit":{%q:2}}`, limited))
		served := 0
		for _, name := range names {
			for range 2 {
				switch status, _, body := g.do("POST", "/v1/chat/completions", key, sayTo(name)); status {
				case http.StatusOK:
					served++
				case http.StatusTooManyRequests:
				default:
					t.Errorf("%s under a limit of %s: %d %s", name, limited, status, body)
				}
			}
		}
		if served != 2 {
			t.Errorf("a limit of 2 for %s let %d calls through by %v", limited, served, names)
		}
	}
}

// Two limits that stand for one model bind both: the one under the pattern counts what the exact one lets through.
func TestLimits_everyOneThatMatchesBinds(t *testing.T) {
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	g := start(t, settings(t, upstream))
	g.admin("POST", "/model/new", newModel("acme", "acme/*", upstream, ""))
	key := g.newKey(`{"model_rpm_limit":{"acme/*":3,"acme/a":2}}`)
	counts := map[string]int{}
	for _, name := range []string{"acme/a", "acme/a", "acme/a", "acme/b", "acme/b", "acme/c"} {
		if status, _, _ := g.do("POST", "/v1/chat/completions", key, sayTo(name)); status == http.StatusOK {
			counts[name]++
		}
	}
	if _, _, body := g.do("POST", "/v1/chat/completions", key, sayTo("acme/c")); !strings.Contains(body, "which counts acme/*") {
		t.Errorf("the refusal does not name the limit: %s", body)
	}
	if counts["acme/a"] != 2 || counts["acme/b"] != 1 || counts["acme/c"] != 0 {
		t.Errorf("%v", counts)
	}
}

func TestNames_inListsOfAllowedModels(t *testing.T) {
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	g := start(t, settings(t, upstream))
	g.admin("POST", "/model/new", newModel("big", "big", upstream, `,"aliases":["fast"],"access_groups":["beta"]`))
	g.admin("POST", "/model/new", newModel("acme", "acme/*", upstream, `,"access_groups":["beta"]`))
	g.admin("POST", "/model/new", newModel("other", "other", upstream, ""))
	for list, want := range map[string]map[string]bool{
		`"beta"`:  {"big": true, "fast": true, "acme/x": true, "other": false},
		`"big"`:   {"big": true, "fast": true, "acme/x": false},
		`"fast"`:  {"big": false, "fast": true},
		`"b*"`:    {"big": true, "fast": true, "acme/x": false},
		`"other"`: {"other": true, "big": false, "fast": false},
	} {
		key := g.newKey(`{"models":[` + list + `]}`)
		for model, allowed := range want {
			status, _, body := g.do("POST", "/v1/chat/completions", key, sayTo(model))
			if served := status == http.StatusOK; served != allowed || !served && !strings.Contains(body, "not allowed to access model") {
				t.Errorf("a key with %s that asks for %s gets %d %s", list, model, status, body)
			}
		}
	}
	g.expectNames(g.newKey(`{"models":["beta"]}`), map[string]int{"beta": http.StatusNotFound}) // a group is no model
	// A key of a team with the access group may list its models, by any of their names.
	g.admin("POST", "/team/new", `{"team_id":"t","models":["beta"]}`)
	g.newKey(`{"team_id":"t","models":["big","fast","acme/*","acme/x"]}`)
	if status, _, body := g.do("POST", "/key/generate", adminKey, `{"team_id":"t","models":["other"]}`); status != http.StatusBadRequest {
		t.Errorf("%d %s", status, body)
	}
}

// A pot that names a model by a pattern, alias or access group counts what was spent under its real name, also when
// it is counted from the record.
func TestPots_countModelsByAllTheirNames(t *testing.T) {
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	c := settings(t, upstream)
	g := start(t, c)
	g.admin("POST", "/model/new", newModel("big", "big", upstream, `,"aliases":["fast"],"access_groups":["beta"]`))
	g.admin("POST", "/model/new", newModel("acme", "acme/*", upstream, ""))
	pots := map[string]string{"pattern": "acme/*", "alias": "fast", "group": "beta", "case": "BIG", "none": "x*"}
	for id, models := range pots {
		g.admin("POST", "/budget/new", fmt.Sprintf(`{"budget_id":%q,"models":[%q],"max_budget":100}`, id, models))
	}
	g.expectNames(g.newKey(`{}`), map[string]int{"acme/x": http.StatusOK, "fast": http.StatusOK})
	check := func(g *gateway, when string) {
		for id := range pots {
			_, _, body := g.do("POST", "/budget/info", adminKey, fmt.Sprintf(`{"budgets":[%q]}`, id))
			if spent := !strings.Contains(body, `"spend":0,`); spent != (id != "none") {
				t.Errorf("%s: %s is %s", when, id, body)
			}
		}
	}
	check(g, "counted")
	g.stop()
	again := start(t, c)
	check(again, "from the record")
}

func TestNames_whatIsNotUnderstoodIsRefusedWhenItIsSet(t *testing.T) {
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	g := start(t, settings(t, upstream))
	g.admin("POST", "/model/new", newModel("big", "big", upstream, `,"aliases":["fast"]`))
	for path, bodies := range map[string][]string{
		"/team/new": {
			`{"models":["acme/**"]}`, `{"models":["a*b"]}`, `{"models":[""]}`, `{"model_rpm_limit":{"*x":1}}`,
			`{"model_tpm_limit":{"":1}}`, `{"model_aliases":{"a":"b"}}`,
		},
		"/key/generate": {`{"models":["**"]}`, `{"aliases":{"a":"b"}}`, `{"model_rpm_limit":{"a**":1}}`},
		"/budget/new":   {`{"models":["a*b"],"max_budget":1}`},
		"/model/new": {
			newModel("n", "a*b", upstream, ""), newModel("n", "acme/**", upstream, ""),
			newModel("n", "n", upstream, `,"upstream_model":"x*"`), newModel("n", "n*", upstream, `,"upstream_model":"x**"`),
			newModel("n", "n*", upstream, `,"aliases":["m"]`), newModel("n", "n", upstream, `,"aliases":["m*"]`),
			newModel("n", "n", upstream, `,"aliases":["fast"]`), newModel("n", "fast", upstream, ""),
			newModel("n", "n", upstream, `,"access_groups":["big"]`), newModel("n", "n", upstream, `,"aliases":["n"]`),
			newModel("n", "n", upstream, `,"aliases":["all-proxy-models"]`),
		},
	} {
		for _, body := range bodies {
			if status, _, answer := g.do("POST", path, adminKey, body); status != http.StatusBadRequest {
				t.Errorf("%s %s: %d %s", path, body, status, answer)
			}
		}
	}
	g.admin("POST", "/team/new", `{"team_id":"t","models":["acme/*"],"model_aliases":{}}`)
}
