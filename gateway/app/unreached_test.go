package app_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// A provider that nobody reaches is asked again and again: the ledger says how often, in a row a second and not in one
// for each call.
func TestUnreached_callsAreSummed(t *testing.T) {
	for name, redis := range map[string]bool{"in process": false, "redis": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
			c.Models[0].BaseURL = "http://" + testenv.FreeAddress(t)
			c.Routing.Retries = new(0)
			if redis {
				c.RedisURL, c.RedisTimeout = testenv.StartRedis(t).URL(), 10*time.Second
			}
			g := start(t, c)
			g.admin("POST", "/team/new", `{"team_id":"marketing","max_budget":1000,"rpm_limit":100000}`)
			key := g.newKey(`{"team_id":"marketing"}`)
			const calls, callers = 400, 8
			began := time.Now()
			var running sync.WaitGroup
			for caller := range callers {
				running.Go(func() {
					for n := range calls / callers {
						o := try(t.Context(), g.URL(), key, fmt.Sprintf("u-%d-%d", caller, n), chat(1, ""))
						if o.status != http.StatusBadGateway && o.status != http.StatusServiceUnavailable {
							t.Errorf("a call of a provider that is away: %d %s", o.status, o.body)
						}
					}
				})
			}
			running.Wait()
			most := int(time.Since(began)/time.Second) + 3
			var rows, counted int
			await(t, awaitLong, "the calls to be in the ledger", func() bool {
				logs, _ := g.admin("GET", "/spend/logs/v2?kind=void&page_size=1000", "")["data"].([]any)
				rows, counted = len(logs), 0
				for _, log := range logs {
					row, _ := log.(map[string]any)
					stands, more := row["calls"].(float64)
					if !more {
						stands = 1
					}
					counted += int(stands)
				}
				return counted >= calls
			})
			if counted != calls || rows > most {
				t.Errorf("%d calls are in %d rows of the ledger as %d, want %d rows at most", calls, rows, counted, most)
			}
			if spend := g.admin("GET", "/team/info?team_id=marketing", "")["spend"]; spend != float64(0) {
				t.Errorf("they have cost %v", spend)
			}
		})
	}
}
