package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// A team that is only watched is let through beyond its limits, is told so call by call, and is refused from the day on
// that was given, without a restart and with what it has spent meanwhile.
func TestWatched_refusesFromItsDayOn(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	hook := testenv.StartWebhook(t, testenv.WebhookOptions{})
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	g := startBy(t, settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{})), now, now)
	g.admin("POST", "/alert_route/new", fmt.Sprintf(`{"name":"hook","events":["budget.hard_limit"],"webhook":{"url":%q}}`, hook.URL()))
	from := time.Now().Add(24 * time.Hour).UTC().Truncate(time.Second)
	g.admin("POST", "/team/new", fmt.Sprintf(`{"team_id":"red","rpm_limit":2,"max_budget":0.000001,"mode":"audit","enforce_from":%q}`, from.Format(time.RFC3339)))
	secret := g.newKey(`{"team_id":"red","rpm_limit":1}`)
	call := func() (int, http.Header, string) { return g.do("POST", "/v1/chat/completions", secret, hello) }

	for number, would := range []string{"team.budget", "key.requests, team.budget", "team.requests, key.requests, team.budget"} {
		status, header, body := call()
		if status != http.StatusOK || header.Get("X-Bursar-Would-Refuse") != would || header.Get("X-Bursar-Enforced-From") != from.Format(time.RFC3339) {
			t.Errorf("call %d: %d %q from %q %s", number, status, header.Get("X-Bursar-Would-Refuse"), header.Get("X-Bursar-Enforced-From"), body)
		}
	}
	told := awaitHeard(t, hook, api.EventBudgetHardLimit, 1)[0]
	if !told.Watched || told.HardCap || told.Severity != "warning" || !strings.Contains(told.Message, "would be refused, and are not yet") {
		t.Errorf("told of a watched budget: %+v", told)
	}
	_, _, metrics := g.do("GET", "/metrics", adminKey, "")
	if !strings.Contains(metrics, `bursar_would_refuse_total{limit="team.requests",team_id="red"} 1`) {
		t.Error("the metrics lack what would have been refused")
	}
	await(t, awaitLong, "the record to tell what would have been refused", func() bool {
		return g.admin("GET", "/quota/refusals?team_id=red&watched=true", "")["refused"] == 3.0
	})
	if refused := g.admin("GET", "/quota/refusals?team_id=red", "")["refused"]; refused != 0.0 {
		t.Errorf("%v calls count as refused", refused)
	}
	if limits := limitsOf(g, secret); strings.Count(limits, `"watched":true`) != 3 {
		t.Errorf("what binds the key: %s", limits)
	}

	ahead.Store(int64(25 * time.Hour))
	status, header, body := call()
	if status != http.StatusForbidden || !strings.Contains(body, "Budget has been exceeded") || header.Get("X-Bursar-Would-Refuse") != "" {
		t.Errorf("on the day: %d %s", status, body)
	}
	if told := awaitHeard(t, hook, api.EventBudgetHardLimit, 2)[1]; told.Watched || !told.HardCap {
		t.Errorf("told of the budget once it refuses: %+v", told)
	}
}

// All gateways that share counters begin to refuse at the same moment, by the clock of the counters.
func TestWatched_allGatewaysRefuseAtOnce(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	i := installWith(t, now, 2, func(*config.Config) {})
	from := now().Add(time.Hour).UTC()
	secret := i.team("red", fmt.Sprintf(`,"rpm_limit":0,"mode":"audit","enforce_from":%q`, from.Format(time.RFC3339)))
	for _, later := range []time.Duration{0, 2 * time.Hour} {
		want := http.StatusOK
		if later > 0 {
			want = http.StatusTooManyRequests
		}
		ahead.Store(int64(later))
		for number, g := range i.gateways {
			if status, header, body := g.do("POST", "/v1/chat/completions", secret, hello); status != want {
				t.Errorf("gateway %d after %s: %d, want %d (%s) %s", number, later, status, want, header.Get("X-Bursar-Would-Refuse"), body)
			}
		}
	}
}

// The gateway's own mode holds for who says nothing, and a team, a key or a budget may say something else.
func TestWatched_theInnerModeHolds(t *testing.T) {
	t.Parallel()
	s := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	s.Enforcement.Mode = new(api.ModeAudit)
	s.DefaultRPM = new(int64(0))
	g := start(t, s)
	g.admin("POST", "/budget/new", `{"budget_id":"strict","rpm_limit":0,"mode":"enforce"}`)
	g.admin("POST", "/team/new", `{"team_id":"silent"}`)
	g.admin("POST", "/team/new", `{"team_id":"eager","mode":"enforce"}`)
	g.admin("POST", "/team/new", `{"team_id":"named","budget_id":"strict"}`)
	for body, want := range map[string]int{
		`{"team_id":"silent"}`:                                http.StatusOK,
		`{"team_id":"silent","rpm_limit":0}`:                  http.StatusOK,
		`{"team_id":"silent","rpm_limit":0,"mode":"enforce"}`: http.StatusTooManyRequests,
		`{"team_id":"eager"}`:                                 http.StatusTooManyRequests,
		`{"team_id":"eager","mode":"audit"}`:                  http.StatusTooManyRequests,
		`{"team_id":"named"}`:                                 http.StatusTooManyRequests,
		`{}`:                                                  http.StatusOK,
	} {
		secret := g.newKey(body)
		if status, header, answer := g.do("POST", "/v1/chat/completions", secret, hello); status != want {
			t.Errorf("%s: %d, want %d (%s) %s", body, status, want, header.Get("X-Bursar-Would-Refuse"), answer)
		}
	}
	g.admin("POST", "/budget/new", `{"budget_id":"pot","everything":true,"max_budget":0,"mode":"enforce"}`)
	if status, _, body := g.do("POST", "/v1/chat/completions", g.newKey(`{"team_id":"silent"}`), hello); status != http.StatusForbidden {
		t.Errorf("a pot that refuses: %d %s", status, body)
	}
	g.admin("POST", "/budget/update", `{"budget_id":"pot","mode":null}`)
	if status, header, body := g.do("POST", "/v1/chat/completions", g.newKey(`{"team_id":"silent"}`), hello); status != http.StatusOK ||
		!strings.Contains(header.Get("X-Bursar-Would-Refuse"), "budget.pot.budget") || header.Get("X-Bursar-Enforced-From") != "" {
		t.Errorf("a pot that is watched: %d %v %s", status, header, body)
	}
}

// What is no mode is refused when it is set.
func TestWatched_refusesWhatIsNoMode(t *testing.T) {
	t.Parallel()
	g := start(t, settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{})))
	for body, says := range map[string]string{
		`{"team_id":"a","mode":"shadow"}`:                                        `must be \"enforce\" or \"audit\"`,
		`{"team_id":"a","enforce_from":"2027-01-01T00:00:00Z"}`:                  `needs mode`,
		`{"team_id":"a","mode":"enforce","enforce_from":"2027-01-01T00:00:00Z"}`: `needs mode`,
		`{"team_id":"a","mode":"audit","enforce_from":"tomorrow"}`:               `enforce_from`,
		`{"team_id":"a","mode":"audit","enforce_from":"9999-01-01T00:00:00Z"}`:   `nobody's plan`,
	} {
		if status, _, answer := g.do("POST", "/team/new", adminKey, body); status != http.StatusBadRequest || !strings.Contains(answer, says) {
			t.Errorf("%s: %d %s", body, status, answer)
		}
	}
}

func limitsOf(g *gateway, secret string) string {
	_, _, body := g.do("GET", "/v1/usage/limits", secret, "")
	return body
}

// A rehearsal says that nobody is refused by what is only watched, and what would be.
func TestWatched_rehearsed(t *testing.T) {
	t.Parallel()
	g := start(t, settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{})))
	g.admin("POST", "/team/new", `{"team_id":"red"}`)
	key := g.admin("POST", "/key/generate", `{"team_id":"red"}`)["key_id"]
	g.admin("POST", "/budget/new", `{"budget_id":"pot","everything":true,"max_budget":5}`)
	for mode, refused := range map[string]string{"audit": "false", "enforce": "true"} {
		_, _, answer := g.do("POST", "/quota/check", adminKey, fmt.Sprintf(`{"changes":[
			{"route":"/team/update","body":{"team_id":"red","rpm_limit":0,"mode":%[1]q}},
			{"route":"/key/update","body":{"key":%[2]q,"rpm_limit":0,"mode":%[1]q}},
			{"route":"/budget/update","body":{"budget_id":"pot","max_budget":0,"mode":%[1]q}}]}`, mode, key))
		if strings.Count(answer, `"refused":`+refused) != 3 || strings.Contains(answer, `"would_refuse_because":["rpm_limit is 0"]`) != (mode == "audit") {
			t.Errorf("%s: %s", mode, answer)
		}
	}
}
