package app_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// What cannot be written down must not be spent: hard budgets close while too much of a team waits for the record,
// others go on, and the metrics say how much and since when.
func TestBacklog_closesBudgets(t *testing.T) {
	t.Parallel()
	const most = 3
	i := install(t, 1)
	i.settings.MaxBacklog, i.settings.DataDir = most, t.TempDir()
	i.gateways = append(i.gateways, start(t, i.settings))
	capped, rated := i.team("capped", `,"max_budget":50`), i.team("rated", `,"rpm_limit":1000`)
	client := i.redisClient()
	var waiting []string
	for number := range most {
		if o := try(t.Context(), i.gateways[1].URL(), capped, fmt.Sprintf("backlog-%d", number), chat(1, "")); !o.served() {
			t.Fatalf("with %d entries waiting: %d %s", number, o.status, o.body)
		}
		i.awaitDrained(client, int64(number))
		// No gateway understands it, and so it stays. Scripts count the rows that an entry holds.
		id, err := client.XAdd(t.Context(), &redis.XAddArgs{Stream: "bursar:{t:capped}:led", Values: []string{"kind", "of another version"}}).Result()
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Incr(t.Context(), "bursar:{t:capped}:led:rows").Err(); err != nil {
			t.Fatal(err)
		}
		waiting = append(waiting, id)
	}

	refused := try(t.Context(), i.gateways[1].URL(), capped, "backlog-full", chat(1, ""))
	if refused.status != http.StatusServiceUnavailable || refused.header.Get("Retry-After") != "1" || !strings.Contains(refused.body, "budgets.max_backlog") {
		t.Errorf("with %d entries waiting: %d %v %s", most, refused.status, refused.header, refused.body)
	}
	for number, key := range []string{capped, rated} { // another gateway has another limit, another team another backlog
		if o := try(t.Context(), i.gateways[number].URL(), key, fmt.Sprintf("backlog-other-%d", number), chat(1, "")); !o.served() {
			t.Errorf("gateway %d: %d %s", number, o.status, o.body)
		}
	}
	await(t, awaitLong, "the metric of the backlog", func() bool {
		return i.metric(1, fmt.Sprintf("bursar_ledger_backlog_entries %d", most)) && !i.metric(1, "bursar_ledger_lag_seconds 0")
	})
	if err := client.XDel(t.Context(), "bursar:{t:capped}:led", waiting...).Err(); err != nil {
		t.Fatal(err)
	}
	if err := client.DecrBy(t.Context(), "bursar:{t:capped}:led:rows", most).Err(); err != nil {
		t.Fatal(err)
	}
	if o := try(t.Context(), i.gateways[1].URL(), capped, "backlog-gone", chat(1, "")); !o.served() {
		t.Errorf("with nothing waiting: %d %s", o.status, o.body)
	}
	await(t, awaitLong, "the metrics of no backlog", func() bool {
		return i.metric(1, "bursar_ledger_backlog_entries 0") && i.metric(1, "bursar_ledger_lag_seconds 0")
	})
}

// awaitDrained waits until only so many entries of the team are left.
func (i *installation) awaitDrained(client *redis.Client, left int64) {
	i.t.Helper()
	await(i.t, awaitLong, "the stream to be drained", func() bool {
		return client.XLen(i.t.Context(), "bursar:{t:capped}:led").Val() == left
	})
}

// A Redis that may lose counters is refused, unless the operator says that a warning is enough.
func TestPreflight_refusesOrWarns(t *testing.T) {
	t.Parallel()
	careless := testenv.StartRedis(t, "--appendonly", "no")
	own := settings(t, testenv.StartUpstream(t, testenv.UpstreamOptions{}))
	own.RedisURL = careless.URL()
	_, err := app.New(t.Context(), app.Options{Config: own, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err == nil || !strings.Contains(err.Error(), "appendonly") || !strings.Contains(err.Error(), "redis.preflight: warn") {
		t.Errorf("refuse: %v", err)
	}
	own.RedisPreflightWarns = true
	g := start(t, own)
	if log := g.log.String(); !strings.Contains(log, "redis may lose counters") || !strings.Contains(log, "appendonly is off") {
		t.Errorf("warn: %s", log)
	}
}
