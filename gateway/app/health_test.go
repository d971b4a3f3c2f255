package app_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/quotatest"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

type readiness struct {
	Status, DB, Cache, Reason string
	Refused                   []string
}

func (g *gateway) readiness() (status int, answer readiness) {
	g.t.Helper()
	status, _, body := g.do("GET", "/health/readiness", "", "")
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		g.t.Fatalf("%v in %s", err, body)
	}
	return status, answer
}

// One gateway of two loses sight of a store: while the other one goes on to reach it, that one alone is not ready. When
// none reaches it, both are ready for what they serve without it.
func TestReadiness_aReplicaThatAloneIsCutOff(t *testing.T) {
	for _, lost := range []string{"counters", "record"} {
		t.Run(lost, func(t *testing.T) {
			t.Parallel()
			c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
			counters, record := testenv.StartRedis(t).Addr(), testenv.Postgres(t)
			way, direct := counters, record[strings.Index(record, "@")+1:]
			direct = direct[:strings.Index(direct, "/")]
			if lost == "record" {
				way = direct
			}
			links := []*quotatest.Proxy{quotatest.StartProxy(t, way), quotatest.StartProxy(t, way)}
			nobody := testenv.FreeAddress(t)
			var gateways []*gateway
			for _, link := range links {
				own := c
				own.DataDir, own.SecretKey = t.TempDir(), "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
				own.DatabaseURL, own.RedisURL, own.RedisTimeout = record, "redis://"+counters, time.Second
				if lost == "counters" {
					own.RedisURL = "redis://" + link.Addr()
				} else {
					own.DatabaseURL = strings.Replace(record, direct, link.Addr(), 1)
				}
				gateways = append(gateways, start(t, own))
			}
			is := func(g *gateway, status int, want string) func() bool {
				return func() bool {
					got, answer := g.readiness()
					return got == status && answer.Status == want
				}
			}
			for _, g := range gateways {
				await(t, awaitLong, "all to be ready", is(g, http.StatusOK, "healthy"))
			}
			links[0].Redirect(nobody)
			await(t, awaitLong, "the one that is cut off to say so", is(gateways[0], http.StatusServiceUnavailable, "unhealthy"))
			if _, answer := gateways[0].readiness(); answer.Reason != "only this gateway cannot reach the "+lost+": others do" {
				t.Errorf("reason: %q", answer.Reason)
			}
			if status, answer := gateways[1].readiness(); status != http.StatusOK {
				t.Errorf("the other one: %d %+v", status, answer)
			}
			links[1].Redirect(nobody)
			for _, g := range gateways {
				await(t, awaitLong, "both to serve what they can", is(g, http.StatusOK, "degraded"))
			}
			if _, answer := gateways[0].readiness(); len(answer.Refused) == 0 || slices.Contains(answer.Refused, "all calls") {
				t.Errorf("refused: %q", answer.Refused)
			}
			for i, link := range links {
				link.Redirect(way)
				await(t, awaitLong, "all to be well", is(gateways[i], http.StatusOK, "healthy"))
			}
		})
	}
}

// What is refused while Redis is away depends on the settings; a gateway that refuses everything is not ready, nor is
// one whose owner wants the strict answer.
func TestReadiness_bySettings(t *testing.T) {
	for name, test := range map[string]struct {
		rates, budgets string
		strict         bool
		status         int
		refused        string
	}{
		"as it is":       {"local", "closed", false, http.StatusOK, "calls with a hard budget"},
		"strict":         {"local", "closed", true, http.StatusServiceUnavailable, "calls with a hard budget"},
		"all closed":     {"closed", "closed", false, http.StatusServiceUnavailable, "all calls"},
		"rates closed":   {"closed", "open", false, http.StatusOK, "calls with a rate limit"},
		"nothing at all": {"open", "open", false, http.StatusOK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			redis := testenv.StartRedis(t)
			c := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
			c.RedisURL, c.RateLimitsOnStoreDown, c.BudgetsOnStoreDown, c.ReadinessStrict = redis.URL(), test.rates, test.budgets, test.strict
			g := start(t, c)
			if status, answer := g.readiness(); status != http.StatusOK || answer.Status != "healthy" || answer.Refused != nil {
				t.Fatalf("with Redis: %d %+v", status, answer)
			}
			redis.Kill()
			defer redis.Restart(t) // for the gateway to take leave of
			status, answer := g.readiness()
			if status != test.status || strings.Join(answer.Refused, ",") != test.refused || answer.Cache != "Not connected" || answer.DB != "connected" {
				t.Errorf("without Redis: %d %+v", status, answer)
			}
		})
	}
}
