package app_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// What the policy of pull requests sends to approval no rule lets through, be it as the increase that it is or as the larger
// limit that it amounts to; what it only warns of passes.
func TestAutoApprove_leavesToPeopleWhatThePolicyDoes(t *testing.T) {
	for name, c := range map[string]struct {
		rule, limit string
		usd, by     int
		automatic   bool
	}{
		"without a word":           {`{name: large, when: {increase_above_usd: 500}, then: approval}`, "max_budget", 10, 0, true},
		"a warning":                {`{name: any, when: {loosened: true}, then: warn}`, "max_budget", 10, 0, true},
		"more than so many USD":    {`{name: large, when: {increase_above_usd: 5}, then: approval}`, "max_budget", 10, 0, false},
		"more than a share":        {`{name: large, when: {increase_above_pct: 5}, then: approval}`, "max_budget", 10, 0, false},
		"of a rate":                {`{name: large, when: {increase_above_pct: 5}, then: approval}`, "rpm_limit", 0, 3, false},
		"a small share of a rate":  {`{name: large, when: {increase_above_pct: 50}, then: approval}`, "rpm_limit", 0, 3, true},
		"an increase at all":       {`{name: any, when: {loosened: true}, then: approval}`, "max_budget", 10, 0, false},
		"all teams together":       {`{name: total, when: {total_above_usd: 1105}, then: approval}`, "max_budget", 10, 0, false},
		"all teams in their bound": {`{name: total, when: {total_above_usd: 1115}, then: approval}`, "max_budget", 10, 0, true},
		"an expression":            {`{name: launch, when: {cel: 'team == "a" && has(after.temp_budget_increase)'}, then: approval}`, "max_budget", 10, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			settings := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
			settings.AutoApprove = []config.AutoApproval{{UpToPct: 20, Per: 30 * 24 * time.Hour}}
			settings.RequestPolicy = filepath.Join(t.TempDir(), "quota-policy.yaml")
			if err := os.WriteFile(settings.RequestPolicy, []byte("rules:\n- "+c.rule+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			g := start(t, settings)
			for _, team := range []string{`{"team_id":"a","max_budget":100,"budget_duration":"1mo","rpm_limit":30}`, `{"team_id":"b","max_budget":1000,"budget_duration":"1mo"}`} {
				if status, _, body := g.do("POST", "/team/new", adminKey, team); status != http.StatusOK {
					t.Fatal(status, body)
				}
			}
			more := fmt.Sprintf(`"usd":%d`, c.usd)
			if c.by > 0 {
				more = fmt.Sprintf(`"by":%d`, c.by)
			}
			status, _, body := g.do("POST", "/quota_request/new", adminKey, fmt.Sprintf(`{"team_id":"a","limit":%q,%s,"until":%q,"reason":"a launch"}`,
				c.limit, more, time.Now().Add(24*time.Hour).UTC().Format(time.RFC3339)))
			want := map[bool]string{true: `"state":"done"`, false: `"state":"pending"`}[c.automatic]
			if status != http.StatusOK || !strings.Contains(body, want) {
				t.Errorf("%d %s, want %s", status, body, want)
			}
		})
	}
}

// Many small requests are one large one.
func TestAutoApprove_addsUpForThePolicy(t *testing.T) {
	settings := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	settings.AutoApprove = []config.AutoApproval{{UpToPct: 90, Per: 30 * 24 * time.Hour}}
	settings.RequestPolicy = filepath.Join(t.TempDir(), "quota-policy.yaml")
	if err := os.WriteFile(settings.RequestPolicy, []byte("rules:\n- {name: large, when: {increase_above_usd: 5}, then: approval}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	g := start(t, settings)
	g.do("POST", "/team/new", adminKey, `{"team_id":"a","max_budget":100,"budget_duration":"1mo"}`)
	body := fmt.Sprintf(`{"team_id":"a","limit":"max_budget","usd":4,"until":%q,"reason":"a launch"}`, time.Now().Add(24*time.Hour).UTC().Format(time.RFC3339))
	for _, want := range []string{`"state":"done"`, `"state":"pending"`} {
		if _, _, answer := g.do("POST", "/quota_request/new", adminKey, body); !strings.Contains(answer, want) {
			t.Errorf("%s, want %s", answer, want)
		}
	}
}

// A policy that is not understood stops the gateway, and is told by check-config, with line and column.
func TestAutoApprove_refusesAPolicyItDoesNotUnderstand(t *testing.T) {
	settings := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	settings.RequestPolicy = filepath.Join(t.TempDir(), "quota-policy.yaml")
	if err := os.WriteFile(settings.RequestPolicy, []byte("rules:\n- {name: a, when: {increase: 5}, then: approval}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, err := range map[string]error{settings.RequestPolicy + ":2:": app.CheckFiles(settings), "no condition is named": app.CheckFiles(settings)} {
		if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "requests.policy") {
			t.Errorf("%v, want %s", err, file)
		}
	}
}
