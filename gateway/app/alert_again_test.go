package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// Once a budget's spending is reset, or its cap was raised and lowered back, people hear of each threshold again,
// and of the cap once, on whatever counters: in process and with two gateways on Redis.
func TestAlerts_tellAgainAfterAResetOrAnotherCap(t *testing.T) {
	t.Parallel()
	for _, c := range alertedBudgets {
		for _, again := range c.again {
			t.Run(c.name+": "+again.name, func(t *testing.T) {
				t.Parallel()
				s := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
				testAlertsTellAgain(t, []*gateway{start(t, s)}, c, again.calls)
			})
		}
	}
}

func TestAlerts_tellAgainOnRedis(t *testing.T) {
	t.Parallel()
	for _, c := range alertedBudgets {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
			testAlertsTellAgain(t, replicas(t, 2, s), c, c.again[0].calls)
		})
	}
}

// alertedBudget is a budget of ten dollars that tells at three, and what makes it tell again.
type alertedBudget struct {
	name  string
	setUp []adminCall
	// key is the body that makes the key to spend with.
	key   string
	scope string
	again []tellAgain
}

type tellAgain struct {
	name  string
	calls []adminCall
}

type adminCall struct{ path, body string }

var alertedBudgets = []alertedBudget{
	{
		"a team",
		[]adminCall{{"/team/new", `{"team_id":"red","max_budget":10,"soft_budget":3,"budget_duration":"1mo"}`}},
		`{"team_id":"red"}`, "team:red",
		[]tellAgain{
			{"reset", []adminCall{{"/budget/reset", `{"team_id":"red"}`}}},
			{"reset by LiteLLM's route", []adminCall{{"/team/red/reset_spend", `{"reset_to":0}`}}},
		},
	},
	{
		"terms that a team names",
		[]adminCall{
			{"/budget/new", `{"budget_id":"terms","max_budget":10,"soft_budget":3,"budget_duration":"1mo"}`},
			{"/team/new", `{"team_id":"red","budget_id":"terms"}`},
		},
		`{"team_id":"red"}`, "team:red",
		[]tellAgain{{"reset", []adminCall{{"/budget/reset", `{"team_id":"red"}`}}}},
	},
	{
		"a key", nil, `{"key_alias":"k","max_budget":10,"soft_budget":3,"budget_duration":"1mo"}`, "key:",
		[]tellAgain{{"reset", []adminCall{{"/budget/reset", `{"key_id":"KEY"}`}}}},
	},
	{
		"a user",
		[]adminCall{{"/user/new", `{"user_id":"ann","max_budget":10,"soft_budget":3,"budget_duration":"1mo","auto_create_key":false}`}},
		`{"user_id":"ann"}`, "user:ann",
		[]tellAgain{{"reset", []adminCall{{"/budget/reset", `{"user_id":"ann"}`}}}},
	},
	{
		"a member",
		[]adminCall{
			{"/team/new", `{"team_id":"red"}`},
			{"/user/new", `{"user_id":"ann","auto_create_key":false}`},
			{"/team/member_add", `{"team_id":"red","member":{"user_id":"ann","role":"user"},"max_budget_in_team":10}`},
			{"/alert_route/new", `{"name":"r","thresholds":[0.3],"webhook":{"url":"https://hooks.example.com/x"}}`},
		},
		`{"team_id":"red","user_id":"ann"}`, "member:red#ann",
		[]tellAgain{{"reset", []adminCall{{"/budget/reset", `{"team_id":"red","user_id":"ann"}`}}}},
	},
	{
		"a pot",
		[]adminCall{
			{"/team/new", `{"team_id":"red"}`},
			{"/budget/new", `{"budget_id":"pot","team_ids":["red"],"max_budget":10,"soft_budget":3,"budget_duration":"1mo"}`},
		},
		`{"team_id":"red"}`, "budget:pot",
		[]tellAgain{{"reset", []adminCall{{"/budget/reset", `{"budget_id":"pot"}`}}}},
	},
}

func testAlertsTellAgain(t *testing.T, gateways []*gateway, c alertedBudget, again []adminCall) {
	g := gateways[0]
	for _, call := range c.setUp {
		g.admin("POST", call.path, call.body)
	}
	made := g.admin("POST", "/key/generate", c.key)
	secret, keyID := made["key"].(string), made["token"].(string)
	spendToTheCap(t, gateways, secret)
	first := awaitEvents(t, gateways, c.scope, 2)
	for _, call := range again {
		g.admin("POST", call.path, strings.ReplaceAll(call.body, "KEY", keyID))
	}
	spendToTheCap(t, gateways, secret)
	events := awaitEvents(t, gateways, c.scope, 4)
	want := []string{api.EventBudgetHardLimit, api.EventBudgetHardLimit, api.EventBudgetSoftLimit, api.EventBudgetSoftLimit}
	types := []string{}
	for _, event := range events {
		types = append(types, event.Event)
	}
	slices.Sort(types)
	if !slices.Equal(types, want) {
		t.Errorf("told of %q at first and of %q in all, want %q", first, types, want)
	}
}

// spendToTheCap calls a model, 55 cents at a time, until the budget refuses three times.
func spendToTheCap(t *testing.T, gateways []*gateway, secret string) {
	t.Helper()
	refused := 0
	for n := 0; n < 60 && refused < 3; n++ {
		status, _, body := gateways[n%len(gateways)].do("POST", "/v1/chat/completions", secret, chat(50, ""))
		switch status {
		case http.StatusOK:
		case http.StatusForbidden:
			refused++
		default:
			t.Fatalf("call %d: %d %s", n, status, body)
		}
	}
	if refused < 3 {
		t.Fatalf("60 calls were not refused by the cap")
	}
}

// loggedAlert is an alert's line in the log.
type loggedAlert struct {
	Event    string `json:"event"`
	Scope    string `json:"scope"`
	Severity string `json:"severity"`
}

// awaitEvents waits until the log shows n alerts of the scope at thresholds, and returns all there are.
func awaitEvents(t *testing.T, gateways []*gateway, scope string, n int) (events []loggedAlert) {
	t.Helper()
	await(t, awaitLong, fmt.Sprintf("%d alerts of %s", n, scope), func() bool {
		events = nil
		for _, g := range gateways {
			for line := range strings.SplitSeq(g.log.String(), "\n") {
				var alert loggedAlert
				if json.Unmarshal([]byte(line), &alert) == nil && strings.HasSuffix(alert.Event, "_limit") && strings.HasPrefix(alert.Scope, scope) {
					events = append(events, alert)
				}
			}
		}
		return len(events) >= n
	})
	return events
}

// A cap that is raised and lowered back arms its alert again, without anything spent in between: whoever raised it
// may have taken the first alert for settled.
func TestAlerts_tellAgainOfACapThatWasRaisedAndLoweredBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		setUp        []adminCall
		raise, lower adminCall
	}{
		"a team": {
			[]adminCall{{"/team/new", `{"team_id":"red","max_budget":10}`}},
			adminCall{"/team/update", `{"team_id":"red","max_budget":20}`},
			adminCall{"/team/update", `{"team_id":"red","max_budget":10}`},
		},
		"terms": {
			[]adminCall{{"/budget/new", `{"budget_id":"terms","max_budget":10}`}, {"/team/new", `{"team_id":"red","budget_id":"terms"}`}},
			adminCall{"/budget/update", `{"budget_id":"terms","max_budget":20}`},
			adminCall{"/budget/update", `{"budget_id":"terms","max_budget":10}`},
		},
		"a pot": {
			[]adminCall{{"/team/new", `{"team_id":"red"}`}, {"/budget/new", `{"budget_id":"pot","team_ids":["red"],"max_budget":10}`}},
			adminCall{"/budget/update", `{"budget_id":"pot","max_budget":20}`},
			adminCall{"/budget/update", `{"budget_id":"pot","max_budget":10}`},
		},
		"a member by the team's terms": {
			[]adminCall{
				{"/team/new", `{"team_id":"red","team_member_budget":10}`},
				{"/user/new", `{"user_id":"ann","auto_create_key":false}`},
				{"/team/member_add", `{"team_id":"red","member":{"user_id":"ann","role":"user"}}`},
			},
			adminCall{"/team/update", `{"team_id":"red","team_member_budget":20}`},
			adminCall{"/team/update", `{"team_id":"red","team_member_budget":10}`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := start(t, settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{})))
			for _, call := range c.setUp {
				g.admin("POST", call.path, call.body)
			}
			secret := g.newKey(`{"team_id":"red","user_id":"ann"}`)
			spendToTheCap(t, []*gateway{g}, secret)
			awaitEvents(t, []*gateway{g}, "", 1)
			g.admin("POST", c.raise.path, c.raise.body)
			g.admin("POST", c.lower.path, c.lower.body)
			spendToTheCap(t, []*gateway{g}, secret)
			for _, event := range awaitEvents(t, []*gateway{g}, "", 2) {
				if event.Event != api.EventBudgetHardLimit {
					t.Errorf("told of %+v, want the cap only", event)
				}
			}
		})
	}
}

// A first try by a loose bound raises nothing, a call that alone asks for more than half a warning, and the refusal at
// the real cap one alert.
func TestAlerts_hardLimitIsToldAtTheRealCap(t *testing.T) {
	t.Parallel()
	s := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	micro := money.USD // per million tokens
	s.Models = append(s.Models, config.Model{
		Name: "cheap", Upstream: "openai", BaseURL: s.Models[0].BaseURL, UpstreamModel: "gpt-4.1-mini",
		Price: &api.ModelPrice{TokenPrices: api.TokenPrices{Input: &micro, Output: &micro}},
	})
	g := start(t, s)
	secret := g.newKey(`{"max_budget":10}`)
	dear := func(model string, tokens int) string {
		return fmt.Sprintf(`{"model":%q,"max_tokens":%d,"messages":[{"role":"user","content":%q}]}`, model, tokens, strings.Repeat("the quick brown fox ", 20))
	}
	// By its length alone the call would cost more than ten dollars.
	loose := `{"model":"gpt-4.1-mini","max_tokens":5,"messages":[{"role":"user","content":"fake: prompt_tokens=5 completion_tokens=5"}],"user":"` + strings.Repeat("u", 1000) + `"}`
	for body, want := range map[string]int{
		dear("gpt-4.1-mini", 900): http.StatusForbidden, dear("cheap", 5): http.StatusOK, loose: http.StatusOK,
	} {
		if status, _, text := g.do("POST", "/v1/chat/completions", secret, body); status != want {
			t.Fatalf("%s: %d %s, want %d", body, status, text, want)
		}
	}
	spendToTheCap(t, []*gateway{g}, secret)
	severities := []string{}
	for _, event := range awaitEvents(t, []*gateway{g}, "key:", 2) {
		severities = append(severities, event.Severity)
	}
	if !slices.Equal(severities, []string{"warning", "critical"}) {
		t.Errorf("alerts: %q, want a warning of the call that is too dear, and the cap's", severities)
	}
}
