package proxy_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func TestChat_settlesActualUsage(t *testing.T) {
	b := newBench(t, nil)
	got := b.post(say("m", "prompt_tokens=20 completion_tokens=7", ""))
	if got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	want := []api.LedgerRow{{
		Kind: api.LedgerSettle, TeamID: "marketing", KeyID: "key_1", UserID: "user-1", Model: "m",
		PromptTokens: 20, CompletionTokens: 7, Cost: 27 * perToken, RequestID: got.header.Get("X-Request-Id"),
	}}
	want[0].ReservedTokens = b.ledger()[0].ReservedTokens
	want[0].ReservedCost = money.Nano(want[0].ReservedTokens) * perToken
	if want[0].ReservedTokens <= 1000 {
		t.Errorf("the row has %d tokens reserved, and the model alone may write 1000", want[0].ReservedTokens)
	}
	ignored := cmpopts.IgnoreFields(api.LedgerRow{}, "ID", "AdmittedAt", "SettledAt", "Upstream", "PriceVersion")
	if diff := cmp.Diff(want, b.ledger(), ignored); diff != "" {
		t.Error(diff)
	}
	if row := b.ledger()[0]; row.ID == "" || row.PriceVersion == "" || row.AdmittedAt.IsZero() || !strings.HasPrefix(row.Upstream, "openai/127.0.0.1") {
		t.Errorf("row: %+v", row)
	}
	if state := b.spent(); state.Settled != 27*perToken || state.Reserved != 0 {
		t.Errorf("budget: %+v", state)
	}
	if cost := got.header.Get("x-bursar-cost-usd"); cost != "0.000027" {
		t.Errorf("cost header: %q", cost)
	}
}

func TestChat_forwardsTheBodyWithModelAndCap(t *testing.T) {
	b := newBench(t, nil)
	b.post(say("m", "completion_tokens=3", `,"temperature":0.25,"x_unknown":{"a":[1,2]}`))
	b.post(say("m", "completion_tokens=3", `,"max_tokens":5000`))
	b.post(say("m", "completion_tokens=3", `,"max_completion_tokens":12`))
	requests := b.upstream.Requests()
	for i, want := range []map[string]any{
		{"model": "real-m", "temperature": 0.25, "x_unknown": map[string]any{"a": []any{1.0, 2.0}}, "max_tokens": 1000.0},
		{"model": "real-m", "max_tokens": 1000.0},
		{"model": "real-m", "max_completion_tokens": 12.0},
	} {
		var got map[string]any
		if err := json.Unmarshal(requests[i].Body, &got); err != nil {
			t.Fatal(err)
		}
		delete(got, "messages")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("request %d: %s", i, diff)
		}
	}
	if auth := requests[0].Header.Get("Authorization"); auth != "Bearer sk-provider" {
		t.Errorf("the upstream was sent %q", auth)
	}
}

func TestChat_rateLimitIs429WithRetryAfter(t *testing.T) {
	b := newBench(t, func(b *bench) { b.team.RPMLimit = new(int64(2)) })
	for range 2 {
		if got := b.post(say("m", "", "")); got.status != http.StatusOK {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	got := b.post(say("m", "", ""))
	if got.status != http.StatusTooManyRequests {
		t.Fatalf("%d %s", got.status, got.body)
	}
	wait, err := strconv.Atoi(got.header.Get("Retry-After"))
	if err != nil || wait < 1 || wait > 63 {
		t.Errorf("Retry-After: %q", got.header.Get("Retry-After"))
	}
	detail := got.error(t)
	if detail.Type != "rate_limit_error" || detail.Code != "429" ||
		!strings.HasPrefix(detail.Message, "Rate limit exceeded for team: marketing. Limit type: requests. Current limit: 2, Remaining: 0.") {
		t.Errorf("body: %+v", detail)
	}
	for header, want := range map[string]string{
		"x-ratelimit-limit-requests": "2", "x-ratelimit-remaining-requests": "0", "x-bursar-denied-by": "team.requests",
		"x-ratelimit-team-limit-requests": "2", "x-ratelimit-team-remaining-requests": "0",
	} {
		if value := got.header.Get(header); value != want {
			t.Errorf("%s: %q, want %q", header, value, want)
		}
	}
	if n := len(b.upstream.Requests()); n != 2 {
		t.Errorf("the upstream saw %d requests", n)
	}
}

func TestChat_tightestLimitStandsInTheHeaders(t *testing.T) {
	b := newBench(t, func(b *bench) {
		b.team.RPMLimit, b.team.TPMLimit = new(int64(100)), new(int64(10_000))
		b.key.RPMLimit, b.key.ModelTPMLimit = new(int64(3)), map[string]int64{"m": 1000}
	})
	for _, stream := range []string{"", `,"stream":true`} {
		got := b.post(say("m", "prompt_tokens=10 completion_tokens=10", `,"max_tokens":20`+stream))
		for header, want := range map[string]string{
			"x-ratelimit-limit-requests": "3", "x-ratelimit-limit-tokens": "1000",
			"x-ratelimit-team-limit-tokens": "10000", "x-ratelimit-api_key-limit-requests": "3",
			"x-ratelimit-model_per_key-limit-tokens": "1000",
		} {
			if value := got.header.Get(header); value != want {
				t.Errorf("%s: %q, want %q", header, value, want)
			}
		}
	}
}

func TestChat_softLimitThrottles(t *testing.T) {
	b := newBench(t, func(b *bench) {
		b.team.RPMLimit, b.team.MaxBudget, b.team.SoftBudget = new(int64(4)), new(money.USD), new(10*perToken)
	})
	for i, want := range []int{200, 200, 429} {
		got := b.post(say("m", "prompt_tokens=20 completion_tokens=7", ""))
		if got.status != want {
			t.Errorf("call %d: %d, want %d", i, got.status, want)
		}
		if throttled := got.header.Get("x-bursar-throttled"); i > 0 && throttled != "team" {
			t.Errorf("call %d: throttled %q", i, throttled)
		}
	}
}

// A burst of calls without an output cap must get every request that the limits allow,
// not be refused because the first of them reserved the minute's tokens.
func TestChat_burstWithoutCapsUsesTheWholeRequestLimit(t *testing.T) {
	b := newBench(t, func(b *bench) {
		b.team.RPMLimit, b.team.TPMLimit, b.team.MaxBudget = new(int64(30)), new(int64(15_000)), new(100*money.USD)
	})
	statuses := map[int]int{}
	var mu sync.Mutex
	var calls sync.WaitGroup
	for range 60 {
		calls.Go(func() {
			got := b.post(say("m", "delay_ms=100", ""))
			mu.Lock()
			defer mu.Unlock()
			statuses[got.status]++
		})
	}
	calls.Wait()
	if diff := cmp.Diff(map[int]int{200: 30, 429: 30}, statuses); diff != "" {
		t.Error(diff)
	}
}

func TestChat_tooLargeForTheMinuteIs400(t *testing.T) {
	b := newBench(t, func(b *bench) { b.team.TPMLimit = new(int64(500)) })
	got := b.post(say("m", "", `,"max_tokens":600`))
	if detail := got.error(t); got.status != http.StatusBadRequest || !strings.Contains(detail.Message, "more than the team may use in a whole minute (500)") {
		t.Fatalf("%d %s", got.status, got.body)
	}
}

// Calls that wait for each other at a cap must end up with every one that really fits.
func TestChat_contentionAtTheCapIsWaitedFor(t *testing.T) {
	b := newBench(t, func(b *bench) { b.team.MaxBudget = new(2000 * perToken) })
	var mu sync.Mutex
	admitted := 0
	var calls sync.WaitGroup
	for range 10 {
		// Each reserves more than half of the budget and uses a hundredth of it.
		calls.Go(func() {
			if got := b.post(say("m", "prompt_tokens=10 completion_tokens=10 delay_ms=20", `,"max_tokens":1000`)); got.status == http.StatusOK {
				mu.Lock()
				defer mu.Unlock()
				admitted++
			}
		})
	}
	calls.Wait()
	if admitted != 10 {
		t.Errorf("%d of 10 were admitted", admitted)
	}
	if state := b.spent(); state.Settled != 200*perToken {
		t.Errorf("settled %s", state.Settled)
	}
}

func TestChat_softBudgetContinues(t *testing.T) {
	b := newBench(t, func(b *bench) { b.team.MaxBudget, b.team.HardCap = new(10*perToken), false })
	for range 3 {
		if got := b.post(say("m", "prompt_tokens=20 completion_tokens=20", "")); got.status != http.StatusOK {
			t.Fatalf("%d %s", got.status, got.body)
		}
	}
	if state := b.spent(); state.Settled != 120*perToken {
		t.Errorf("settled %s", state.Settled)
	}
}

func TestChat_zeroBudgetBlocksNullDoesNot(t *testing.T) {
	b := newBench(t, func(b *bench) { b.team.MaxBudget = new(money.Nano(0)) })
	if got := b.post(say("m", "", "")); got.status != http.StatusForbidden {
		t.Fatalf("%d %s", got.status, got.body)
	}
	b.change(func(team *api.Team) { team.MaxBudget = nil })
	if got := b.post(say("m", "", "")); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
}

func TestChat_changesAreInForceAtOnce(t *testing.T) {
	b := newBench(t, func(b *bench) { b.team.RPMLimit = new(int64(1)) })
	expect := func(what string, status int) {
		t.Helper()
		if got := b.post(say("m", "", "")); got.status != status {
			t.Errorf("%s: %d %s", what, got.status, got.body)
		}
	}
	expect("first", http.StatusOK)
	expect("limit reached", http.StatusTooManyRequests)
	b.change(func(team *api.Team) { team.RPMLimit = new(int64(2)) })
	expect("limit raised", http.StatusOK)
	b.change(func(team *api.Team) { team.RPMLimit = nil; team.Blocked = true })
	expect("blocked", http.StatusUnauthorized)
	b.change(func(team *api.Team) { team.Blocked = false; team.Models = api.StringList{"other"} })
	expect("model not allowed", http.StatusNotFound)
	b.change(func(team *api.Team) { team.Models = nil })
	expect("free", http.StatusOK)
}
