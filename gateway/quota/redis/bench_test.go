package redis_test

import (
	"bufio"
	"context"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/quotatest"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota/redis"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// BenchmarkRedis is promise T20: what deciding and settling through Redis on this machine take, alone and among others.
func BenchmarkRedis(b *testing.B) {
	engine, err := redis.Open(b.Context(), testenv.Redis(b), quotatest.Discard{}, redis.Options{Prefix: quotatest.NewID(), Timeout: 5 * time.Second})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = engine.Close() })
	quotatest.Bench(b, engine)
}

// BenchmarkRedis_ofOneTeam reserves and settles with one caller, and with 64, of one team and key, and prints the CPU time that
// Redis and this process took for one request, which a busy machine falsifies less than the time that passed.
func BenchmarkRedis_ofOneTeam(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run("callers="+strconv.Itoa(callers), func(b *testing.B) { benchOneTeam(b, callers) })
	}
}

func benchOneTeam(b *testing.B, callers int) {
	server := testenv.StartRedis(b, "--appendonly", "yes")
	engine, err := redis.Open(b.Context(), server.URL(), quotatest.Discard{}, redis.Options{StrictRecovery: true, Timeout: 5 * time.Second})
	if err != nil {
		b.Fatal(err)
	}
	client := goredis.NewClient(&goredis.Options{Addr: server.Addr()})
	request := teamBenchRequest()
	b.ReportAllocs()
	b.ResetTimer()
	redisBefore, before := redisCPU(b, client), processCPU(b)
	var group sync.WaitGroup
	for caller := range callers {
		group.Go(func() {
			for n := caller; n < b.N; n += callers {
				reserveAndSettle(b.Context(), b, engine, request)
			}
		})
	}
	group.Wait()
	b.StopTimer()
	b.ReportMetric(float64(redisCPU(b, client)-redisBefore)/float64(b.N)/1e3, "redis-us/op")
	b.ReportMetric(float64(processCPU(b)-before)/float64(b.N)/1e3, "process-us/op")
	if err := engine.Close(); err != nil {
		b.Error(err)
	}
	if err := client.Close(); err != nil {
		b.Error(err)
	}
}

func teamBenchRequest() quota.Request {
	month := &api.Span{Count: 1, Unit: api.Month}
	periods := quota.Calendar{Span: month, ResetDay: 1, Zone: time.UTC}.Around(time.Now())
	about := api.AlertEvent{TeamID: "marketing", TeamAlias: "Marketing"}
	return quota.Request{
		Slot: "marketing", InputTokens: 100, OutputTokens: 100, MinOutputTokens: 100, InputCost: 1000, OutputTokenCost: 10,
		Windows: []quota.Window{
			{Scope: "team:marketing", Name: "team", RPM: 1 << 40, TPM: 1 << 40, Parallel: 1 << 40},
			{Scope: "key:key_1", Name: "key", RPM: 1 << 40, TPM: 1 << 40, Parallel: 1 << 40},
		},
		Budgets: []quota.Budget{
			{Scope: "team:marketing", Slot: "marketing", Name: "team", Limit: money.Max / 2, Hard: true, Periods: periods, About: about},
			{Scope: "budget:all", Name: "budget all", Limit: money.Max / 2, Hard: true, Periods: periods, About: about},
		},
		Row: api.LedgerRow{
			RequestID: "req_01J8ZQ5T0ZJ6M3W4V1C9", TeamID: "marketing", KeyID: "key_1", Model: "gpt-4.1-mini",
			Upstream: "api.openai.com", PromptTokens: 100, PriceVersion: "2026-11-01",
		},
	}
}

func reserveAndSettle(ctx context.Context, b *testing.B, engine quota.Engine, request quota.Request) {
	request.ID = quotatest.NewID()
	if decision, err := engine.Reserve(ctx, request); err != nil || !decision.Admitted {
		b.Errorf("reserve: %+v, %v", decision, err)
	}
	settlement := quota.Settlement{ID: request.ID, Slot: request.Slot, Tokens: 150, Cost: 1500, Row: request.Row}
	settlement.Row.CompletionTokens = 50
	if _, err := engine.Settle(ctx, settlement); err != nil {
		b.Error(err)
	}
}

// redisCPU is the CPU time that Redis has taken so far.
func redisCPU(b *testing.B, client *goredis.Client) (total time.Duration) {
	info, err := client.Info(context.WithoutCancel(b.Context()), "cpu").Result()
	if err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewScanner(strings.NewReader(info))
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		if name != "used_cpu_sys" && name != "used_cpu_user" {
			continue
		}
		seconds, err := strconv.ParseFloat(value, 64)
		if err != nil {
			b.Fatal(err)
		}
		total += time.Duration(seconds * float64(time.Second))
	}
	return total
}

// processCPU is the CPU time that this process has taken so far.
func processCPU(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
