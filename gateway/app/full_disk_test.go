package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store/storetest"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// The disk of a gateway with embedded stores is full: only the calls that were under way then are asked of a provider
// without anybody being able to write them down. Readiness says so, admin calls fail at once, and when there is room
// again every call of a provider is in the ledger.
func TestFullDisk_spendsNothingThatCannotBeWrittenDown(t *testing.T) {
	dir := testenv.SmallDisk(t, 16<<20)
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	c := settings(t, upstream)
	c.DataDir, c.DatabaseURL = dir, storetest.SQLite(t, dir)
	g := start(t, c)
	g.admin("POST", "/team/new", `{"team_id":"marketing","max_budget":1000}`)
	key := g.newKey(`{"team_id":"marketing"}`)
	if o := try(t.Context(), g.URL(), key, "before", chat(1, "")); !o.served() {
		t.Fatalf("before: %d %s", o.status, o.body)
	}
	g.admin("GET", "/spend/logs/v2", "")
	free := testenv.FillDisk(t, dir)

	const calls = 50
	for number := range calls {
		o := try(t.Context(), g.URL(), key, fmt.Sprintf("full-%d", number), chat(1, ""))
		if o.served() {
			t.Fatalf("call %d was answered although it cannot be written down: %s", number, o.body)
		}
		if o.status != http.StatusServiceUnavailable || o.header.Get("Retry-After") == "" || o.ended.Sub(o.started) > 2*time.Second {
			t.Errorf("call %d: %d after %s: %s", number, o.status, o.ended.Sub(o.started), o.body)
		}
	}
	asked := len(upstream.Requests()) - 1
	if asked > 1 { // the first one finds out
		t.Errorf("a provider was asked %d times of %d while nothing could be written down", asked, calls)
	}
	status, ready := g.readiness()
	if status != http.StatusServiceUnavailable || ready.DB != "Not writable" || strings.Join(ready.Refused, ",") != "all calls" || !strings.Contains(ready.Reason, "takes no rows") {
		t.Errorf("readiness: %d %+v", status, ready)
	}
	for _, call := range []struct{ method, path, body string }{
		{"POST", "/team/new", `{"team_id":"another"}`},
		{"POST", "/team/update", `{"team_id":"marketing","max_budget":2000}`},
		{"GET", "/team/info?team_id=marketing", ""},
		{"GET", "/team/list", ""},
		{"GET", "/spend/logs/v2", ""},
		{"GET", "/usage", ""},
	} {
		began := time.Now()
		status, _, body := g.do(call.method, call.path, adminKey, call.body)
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%s %s hung for %s: %d %.200s", call.method, call.path, took, status, body)
		}
		if status != http.StatusOK && !strings.Contains(body, string(api.StoreUnavailable)) && status != http.StatusServiceUnavailable {
			t.Errorf("%s %s: %d %s", call.method, call.path, status, body)
		}
	}

	free()
	await(t, awaitLong, "the gateway to be ready", func() bool {
		status, ready := g.readiness()
		return status == http.StatusOK && ready.Status == "healthy"
	})
	await(t, awaitLong, "calls to be served", func() bool { return try(t.Context(), g.URL(), key, "after", chat(1, "")).served() })
	bill := upstream.Billed()
	want := float64(bill.PromptTokens+bill.CompletionTokens) / 100
	await(t, awaitLong, "the ledger to say what the provider bills", func() bool {
		spend, _ := g.admin("GET", "/team/info?team_id=marketing", "")["spend"].(float64)
		return spend == want
	})
}
