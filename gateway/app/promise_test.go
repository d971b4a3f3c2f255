package app_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store/storetest"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// The promises are kept by whole gateways here; gateway/quota tests the engine alone, and harder.

// cent is what a token costs at the fake model server.
const cent = money.USD / 100

// mostReserved is more than one [chat] reserves once its prompt, less than 90 tokens, has been counted exactly.
const mostReserved = 140 * cent

// installation is several gateways in the test's process that share one PostgreSQL and one Redis.
type installation struct {
	t        *testing.T
	gateways []*gateway
	redis    *testenv.RedisServer
	upstream *testenv.Upstream
	// settings are what another gateway of the installation would be started with, but for its data folder.
	settings config.Config
	record   *sql.DB
}

func install(t *testing.T, gateways int) *installation {
	t.Helper()
	return installAt(t, testenv.StartRedis(t), "", make([]time.Duration, gateways)...)
}

// installAt installs a gateway for each skew of a clock, that reach their Redis at an address, "" for its own.
func installAt(t *testing.T, redis *testenv.RedisServer, address string, skews ...time.Duration) *installation {
	t.Helper()
	i := &installation{t: t, redis: redis, upstream: testenv.StartUpstream(t, testenv.UpstreamOptions{})}
	i.settings = settings(t, i.upstream)
	i.settings.DatabaseURL, i.settings.RedisURL = storetest.Postgres(t), i.redis.URL()
	if address != "" {
		i.settings.RedisURL = "redis://" + address
	}
	i.settings.SecretKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	record, err := sql.Open("pgx", i.settings.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = record.Close() })
	i.record = record
	for _, skew := range skews {
		own := i.settings
		own.DataDir = t.TempDir()
		i.gateways = append(i.gateways, startAt(t, own, func() time.Time { return time.Now().Add(skew) }))
	}
	return i
}

// installWith installs gateways that all go by one clock of the test's, Redis included, and tell only when they are asked to.
func installWith(t *testing.T, now func() time.Time, gateways int, change func(*config.Config)) *installation {
	t.Helper()
	i := installAt(t, testenv.StartRedis(t), "")
	i.settings.RedisTimeout = 10 * time.Second // this is not about a machine that is busy
	change(&i.settings)
	for range gateways {
		own := i.settings
		own.DataDir = t.TempDir()
		log := &logBuffer{}
		a, err := app.New(t.Context(), app.Options{
			Config: own, Logger: slog.New(slog.NewJSONHandler(log, nil)), Version: "test", Now: now, CounterNow: now,
		})
		if err != nil {
			t.Fatal(err)
		}
		a.StartByHand()
		g := &gateway{App: a, t: t, log: log}
		t.Cleanup(g.stop)
		i.gateways = append(i.gateways, g)
	}
	return i
}

// team makes a team with the given fields and a key for it, and returns the key's secret.
func (i *installation) team(id, fields string) string {
	i.t.Helper()
	i.gateways[0].admin("POST", "/team/new", fmt.Sprintf(`{"team_id":%q%s}`, id, fields))
	return i.gateways[0].admin("POST", "/key/generate", fmt.Sprintf(`{"team_id":%q}`, id))["key"].(string)
}

// spend is what the counters say that the team has spent.
func (i *installation) spend(team string) money.Nano {
	i.t.Helper()
	spend := i.gateways[0].admin("GET", "/team/info?team_id="+team, "")["spend"].(float64)
	return money.Nano(spend*float64(money.USD) + 0.5)
}

// ledgerRow is one row of the record's ledger.
type ledgerRow struct {
	Kind                  string
	RequestID             string
	AdmittedAt, SettledAt time.Time
	// Tokens are all of them, Output those that the model said.
	Tokens, Output int64
	Cost           money.Nano
}

// ledger returns the team's rows, oldest admission first.
func (i *installation) ledger(team string) (rows []ledgerRow) {
	i.t.Helper()
	found, err := i.record.QueryContext(i.t.Context(), `SELECT kind, request_id, admitted_at_ms, settled_at_ms,
		prompt_tokens + completion_tokens, completion_tokens, cost_nano FROM ledger WHERE team_id = $1 ORDER BY admitted_at_ms, id`, team)
	if err != nil {
		i.t.Fatal(err)
	}
	defer found.Close()
	for found.Next() {
		var row ledgerRow
		var admitted, settled int64
		if err := found.Scan(&row.Kind, &row.RequestID, &admitted, &settled, &row.Tokens, &row.Output, &row.Cost); err != nil {
			i.t.Fatal(err)
		}
		row.AdmittedAt, row.SettledAt = time.UnixMilli(admitted), time.UnixMilli(settled)
		rows = append(rows, row)
	}
	if err := found.Err(); err != nil {
		i.t.Fatal(err)
	}
	return rows
}

func costOf(rows []ledgerRow) (cost money.Nano) {
	for _, row := range rows {
		cost += row.Cost
	}
	return cost
}

// awaitLedger waits until the ledger says what the counters say, and returns the team's rows.
func (i *installation) awaitLedger(team string) (rows []ledgerRow) {
	i.t.Helper()
	await(i.t, awaitLong, "the ledger of "+team+" to say what the counters say", func() bool {
		rows = i.ledger(team)
		return costOf(rows) == i.spend(team)
	})
	return rows
}

// awaitLong is how long a test waits for what must come. One that passes waits for a moment; a busy machine with the race
// detector may take its time, and that is no fault.
const awaitLong = time.Minute

// await looks again and again until the condition holds.
func await(t *testing.T, patience time.Duration, what string, condition func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited %s in vain for %s", patience, what)
		}
	}
}

// outcome is how one call ended for its client.
type outcome struct {
	id          string
	started     time.Time
	ended       time.Time
	status      int
	header      http.Header
	body        string
	interrupted error
}

// try makes one chat call, which may fail in any way. id becomes the ledger row's request id.
func try(ctx context.Context, url, key, id, body string) outcome {
	return tryAt(ctx, url+"/v1/chat/completions", key, id, body)
}

// tryAt is try at another address.
func tryAt(ctx context.Context, address, key, id, body string) (o outcome) {
	o = outcome{id: id, started: time.Now()}
	defer func() { o.ended = time.Now() }()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		o.interrupted = err
		return o
	}
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("X-Request-Id", id)
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		o.interrupted = err
		return o
	}
	defer response.Body.Close()
	o.status, o.header = response.StatusCode, response.Header
	data, err := io.ReadAll(response.Body)
	o.body, o.interrupted = string(data), err
	return o
}

// served says whether the client has the whole answer.
func (o outcome) served() bool { return o.interrupted == nil && o.status == http.StatusOK }

// chat is a call of at most 50 tokens of output whose answer has as many as asked for.
func chat(tokens int, instructions string) string {
	return fmt.Sprintf(`{"model":"gpt-4.1-mini","max_tokens":50,"messages":[{"role":"user","content":"fake: prompt_tokens=5 completion_tokens=%d %s"}]}`,
		tokens, instructions)
}
