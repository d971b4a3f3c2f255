package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// TestGateway_usageAndQuotaCheckThroughTheClient spends, reads what was spent, and asks what a change would do.
func TestGateway_usageAndQuotaCheckThroughTheClient(t *testing.T) {
	c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	c.DefaultTPM = new(int64(90_000))
	g := start(t, c)
	var key string
	for i := range 3 {
		team := fmt.Sprint("t", i)
		g.admin("POST", "/team/new", `{"team_id":"`+team+`","rpm_limit":50,"max_budget":100}`)
		key = g.newKey(`{"team_id":"` + team + `"}`)
		for range i {
			status, _, text := g.do("POST", "/v1/chat/completions", key,
				`{"model":"gpt-4.1-mini","messages":[{"role":"user","content":"fake: prompt_tokens=20 completion_tokens=5"}]}`)
			if status != http.StatusOK {
				t.Fatalf("%d %s", status, text)
			}
		}
	}
	gateway, err := client.New(client.Options{Endpoint: g.URL(), AdminKey: adminKey})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	sums, err := gateway.ListUsage(t.Context(), api.UsageQuery{
		GroupBy: []string{api.GroupTeam}, Period: api.PeriodTotal, From: now.AddDate(0, 0, -1), To: now.Add(24 * time.Hour),
	})
	if err != nil || len(sums) != 2 || *sums[1].TeamID != "t2" || sums[1].TotalRequests != 2 || sums[1].TotalTokens != 50 || sums[1].TotalCost != money.USD/2 {
		t.Errorf("%+v, %v", sums, err)
	}
	if _, err := gateway.ListUsage(t.Context(), api.UsageQuery{GroupBy: []string{"planet"}}); api.CodeOf(err) != api.Invalid {
		t.Errorf("a query without sense: %v", err)
	}
	check, err := gateway.CheckQuota(t.Context(), []api.QuotaChange{{Route: "/team/update", Body: json.RawMessage(`{"team_id":"t2","rpm_limit":1,"max_budget":0.5}`)}})
	if err != nil || !check.OK {
		t.Fatalf("%+v, %v", check, err)
	}
	team := check.Teams[0]
	if team.Used.RPM != 2 || team.Used.TPM != 50 || team.Used.Spend != money.USD/2 || team.PeakLastDay.Requests < 1 || !team.Refused || !team.Throttled ||
		*team.New.TPMLimit != 90_000 || *team.New.RPMLimit != 1 || *team.Old.RPMLimit != 50 {
		t.Errorf("%+v %+v", team, team.New)
	}
	// A key is judged where it is counted now: the team that it would go to is not there yet.
	moved, err := gateway.CheckQuota(t.Context(), []api.QuotaChange{
		{Route: "/team/new", Body: json.RawMessage(`{"team_id":"t9","models":["gpt-4.1-mini","none"]}`)},
		{Route: "/key/update", Body: json.RawMessage(`{"key":"` + key + `","team_id":"t9","max_budget":0.4}`)},
	})
	if err != nil || !moved.OK || len(moved.Keys) != 1 || moved.Keys[0].Spend != money.USD/2 || !moved.Keys[0].Refused || fmt.Sprint(moved.UnservedModels) != "[none]" {
		t.Errorf("%+v, %v", moved, err)
	}
	if status, _, text := g.do("GET", "/team/info?team_id=t2", adminKey, ""); status != http.StatusOK {
		t.Errorf("%d %s", status, text)
	}
}
