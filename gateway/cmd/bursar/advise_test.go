package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/advice"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// The advice on a real gateway: what nobody has used is said to be unused, in each format.
func TestAdvise_asksAGateway(t *testing.T) {
	address := gatewayWithATeam(t)
	gateway, err := client.New(client.Options{Endpoint: address, AdminKey: adminKey})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gateway.UpdateTeam(t.Context(), "marketing", api.TeamFields{RateLimits: api.RateLimits{RPMLimit: new(int64(60))}}, 0); err != nil {
		t.Fatal(err)
	}
	advise := func(more ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		if code := run(t.Context(), append([]string{"advise", "--endpoint", address, "--admin-key", adminKey}, more...), &out, &errs); code != 0 {
			t.Fatalf("exit code %d: %s", code, errs.String())
		}
		return out.String()
	}
	if got := advise(); !strings.Contains(got, "0 of 1 limits could be others") || !strings.Contains(got, "nothing was used of it") {
		t.Errorf("text is %s", got)
	}
	if got := advise("--format", "markdown", "--unused-for", "7d"); !strings.Contains(got, "| <code>marketing</code> | `rpm_limit` | 60 |") {
		t.Errorf("markdown is %s", got)
	}
	var report advice.Report
	if err := json.Unmarshal([]byte(advise("--format", "json")), &report); err != nil || len(report.Limits) != 1 || report.Limits[0].Cap != 60 {
		t.Errorf("JSON is %+v, %v", report, err)
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"advise", "--endpoint", address, "--admin-key", adminKey, "--unused-for", "soon"}, &out, &errs); code != 1 || !strings.Contains(errs.String(), "--unused-for") {
		t.Errorf("exit code %d: %s", code, errs.String())
	}
}
