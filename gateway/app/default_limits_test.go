package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// rate_limits.default binds who has no team, too: a key without one, and one that may speak for teams and names none.
// /team/info says which limits a team without any has, and reports say what was spent for no team.
func TestDefaultLimits_bindWhoHasNoTeam(t *testing.T) {
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	c.DefaultRPM = new(int64(2))
	g := start(t, c)
	g.admin("POST", "/team/new", `{"team_id":"a"}`)
	for name, key := range map[string]string{
		"without a team":        g.newKey(`{}`),
		"for teams, names none": g.newKey(`{"speak_for_teams":["a"]}`),
	} {
		for range 2 {
			if status, _, body := g.do("POST", "/v1/chat/completions", key, hello); status != http.StatusOK {
				t.Fatalf("%s: %d %s", name, status, body)
			}
		}
		if status, _, body := g.do("POST", "/v1/chat/completions", key, hello); status != http.StatusTooManyRequests {
			t.Errorf("%s: the third call in a minute got %d %s", name, status, body)
		}
	}
	own := g.newKey(`{"rpm_limit":3}`)
	for range 3 {
		if status, _, body := g.do("POST", "/v1/chat/completions", own, hello); status != http.StatusOK {
			t.Errorf("a key with limits of its own: %d %s", status, body)
		}
	}
	if limits, _ := g.admin("GET", "/team/info?team_id=a", "")["limits_in_force"].(map[string]any); limits["rpm_limit"] != 2.0 || limits["tpm_limit"] != nil {
		t.Errorf("limits in force: %v", limits)
	}
	if spend := g.admin("GET", "/global/spend/teams", ""); !strings.Contains(strings.Join(texts(spend["teams"]), ","), "no team") {
		t.Errorf("spending of keys without a team: %v", spend)
	}
}

func texts(list any) (texts []string) {
	items, _ := list.([]any)
	for _, item := range items {
		text, _ := item.(string)
		texts = append(texts, text)
	}
	return texts
}
