package app_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// Redis dies, or stops answering without a word. Four gateways go on with a team that has a rate limit only, within
// that limit together, and refuse one that has a budget; everybody is told; and all is booked when Redis is back.
func TestPromise_T7_withoutCountersRatesAreShared(t *testing.T) {
	for name, take := range map[string]func(t *testing.T, server *testenv.RedisServer) (back func()){
		"killed": func(t *testing.T, server *testenv.RedisServer) func() {
			server.Kill()
			return func() { server.Restart(t) }
		},
		"stopped": func(t *testing.T, server *testenv.RedisServer) func() { return server.Pause(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const limit = 40
			i := install(t, 4)
			receiver := testenv.StartWebhook(t, testenv.WebhookOptions{})
			i.gateways[0].admin("POST", "/alert_route/new", `{"name":"oncall","events":["store.degraded"],"webhook":{"url":"`+receiver.URL()+`"}}`)
			rated := i.team("rated", fmt.Sprintf(`,"rpm_limit":%d`, limit))
			capped := i.team("capped", `,"max_budget":50`)
			for number, gateway := range i.gateways {
				for call, key := range []string{rated, capped} {
					if o := try(t.Context(), gateway.URL(), key, fmt.Sprintf("t7-before-%d-%d", number, call), chat(1, "")); !o.served() {
						t.Fatalf("gateway %d before: %d %s", number, o.status, o.body)
					}
				}
			}
			i.awaitAlive(4)

			back := take(t, i.redis)
			served := 4
			for number := range i.gateways {
				served += i.drainShare(number, rated)
				refused := try(t.Context(), i.gateways[number].URL(), capped, "t7-capped", chat(1, ""))
				if refused.status != http.StatusServiceUnavailable || refused.header.Get("Retry-After") == "" || refused.header.Get("X-Bursar-Mode") != "degraded" {
					t.Errorf("gateway %d, a budget without Redis: %d %v %s", number, refused.status, refused.header, refused.body)
				}
			}
			if served > limit || served < limit-len(i.gateways) {
				t.Errorf("%d calls were served in a minute, the limit is %d", served, limit)
			}
			for number := range i.gateways {
				await(t, awaitLong, "the metric", func() bool { return i.metric(number, "bursar_store_degraded 1") })
			}
			i.awaitDelivery(receiver)

			back()
			for number := range i.gateways {
				await(t, awaitLong, "the gateway to find back", func() bool { return i.metric(number, "bursar_store_degraded 0") })
			}
			if rows := i.awaitLedger("rated"); len(rows) != served {
				t.Errorf("%d rows in the ledger, %d calls were served", len(rows), served)
			}
			after := try(t.Context(), i.gateways[2].URL(), rated, "t7-after", chat(1, ""))
			if served == limit && after.status != http.StatusTooManyRequests {
				t.Errorf("a call in the same minute when Redis is back: %d, want 429", after.status)
			}
			i.wantLogged("the counters cannot be reached", "the counters are in reach again")
		})
	}
}

// drainShare calls one gateway until it refuses, and returns how often it served.
func (i *installation) drainShare(number int, key string) (served int) {
	i.t.Helper()
	for call := range 100 {
		o := try(i.t.Context(), i.gateways[number].URL(), key, fmt.Sprintf("t7-%d-%d", number, call), chat(1, ""))
		if o.header.Get("X-Bursar-Mode") != "degraded" {
			i.t.Errorf("gateway %d does not say that it is degraded: %d %v", number, o.status, o.header)
		}
		if o.status == http.StatusTooManyRequests {
			return served
		}
		if !o.served() {
			i.t.Fatalf("gateway %d without Redis: %d %s", number, o.status, o.body)
		}
		served++
	}
	i.t.Fatal("the share has no end")
	return served
}

// awaitAlive waits until every gateway has beaten while all of them lived: then each knows how many they are.
func (i *installation) awaitAlive(gateways int64) {
	i.t.Helper()
	client := i.redisClient()
	begun := time.Now().UnixMicro()
	await(i.t, awaitLong, "all gateways to beat", func() bool {
		return client.ZCount(i.t.Context(), "bursar:{gateways}:live", fmt.Sprint(begun), "+inf").Val() == gateways
	})
}

func (i *installation) metric(gateway int, line string) bool {
	_, _, text := i.gateways[gateway].do("GET", "/metrics", adminKey, "")
	return strings.Contains(text, "\n"+line+"\n")
}

func (i *installation) awaitDelivery(receiver *testenv.Webhook) {
	i.t.Helper()
	ctx, cancel := context.WithTimeout(i.t.Context(), awaitLong)
	defer cancel()
	deliveries, err := receiver.Wait(ctx, 1)
	if err != nil || !strings.Contains(string(deliveries[0].Body), "shares of 4 gateways") {
		i.t.Errorf("the alert: %v %v", deliveries, err)
	}
}

// wantLogged looks for one line of each text on every gateway, not one for each call. A machine so busy that Redis
// does not answer in time has outages of its own, which are told too.
func (i *installation) wantLogged(away, back string) {
	i.t.Helper()
	const outages = 4
	for number, gateway := range i.gateways {
		log := gateway.log.String()
		went, came := strings.Count(log, `"msg":"`+away+`"`), strings.Count(log, `"msg":"`+back+`"`)
		if came < 1 || came > went || went > outages {
			i.t.Errorf("gateway %d has logged %q %d times and %q %d times", number, away, went, back, came)
		}
	}
}
