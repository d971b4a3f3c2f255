package app_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Without Redis nobody knows what is spent: calls are refused at once, readiness says why, what was under
// way is booked, and all is well again when Redis is.
func TestPromise_T7_withoutCountersCallsAreRefused(t *testing.T) {
	t.Parallel()
	i := install(t, 2)
	key := i.team("marketing", `,"max_budget":50,"rpm_limit":1000`)
	if o := try(t.Context(), i.gateways[0].URL(), key, "t7-before", chat(1, "")); !o.served() {
		t.Fatalf("a call before: %d %s", o.status, o.body)
	}
	underWay := make(chan outcome, 1)
	go func() { underWay <- try(t.Context(), i.gateways[0].URL(), key, "t7-under-way", chat(10, "hang")) }()
	waiting, cancel := context.WithTimeout(t.Context(), awaitLong)
	defer cancel()
	if err := i.upstream.WaitRunning(waiting, 1); err != nil {
		t.Fatal(err)
	}

	i.redis.Kill()
	for number, gateway := range i.gateways {
		o := try(t.Context(), gateway.URL(), key, "t7-without", chat(1, ""))
		if o.status != http.StatusServiceUnavailable || o.header.Get("Retry-After") == "" {
			t.Errorf("gateway %d without Redis: %d %v %s", number, o.status, o.header, o.body)
		}
		t.Logf("gateway %d refused after %s", number, o.ended.Sub(o.started).Round(time.Millisecond))
		status, _, body := gateway.do("GET", "/health/readiness", "", "")
		if status != http.StatusOK || !strings.Contains(body, `"cache":"Not connected"`) || !strings.Contains(body, `"db":"connected"`) ||
			!strings.Contains(body, `"status":"degraded"`) || !strings.Contains(body, `"refused":["calls with a hard budget"]`) {
			t.Errorf("readiness of gateway %d does not name the store that is down: %d %s", number, status, body)
		}
	}
	i.upstream.Release()
	if o := <-underWay; !o.served() {
		t.Errorf("the call under way: %d %s", o.status, o.body)
	}

	i.redis.Restart(t)
	for _, gateway := range i.gateways {
		await(t, awaitLong, "calls to be served again", func() bool {
			return try(t.Context(), gateway.URL(), key, "t7-after", chat(1, "")).served()
		})
		status, _, body := gateway.do("GET", "/health/readiness", "", "")
		if status != http.StatusOK {
			t.Errorf("readiness after Redis came back: %d %s", status, body)
		}
	}
	rows := map[string]int{}
	for _, row := range i.awaitLedger("marketing") {
		rows[row.RequestID]++
	}
	if rows["t7-under-way"] != 1 {
		t.Errorf("the call under way is in the ledger %d times", rows["t7-under-way"])
	}
}
