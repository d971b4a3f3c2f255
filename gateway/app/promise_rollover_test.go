package app_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// Three gateways, two with clocks that are five minutes wrong, share a budget whose period ends while calls and
// a stream are under way. The clock of Redis decides for all of them, and every call is counted in one period.
func TestPromise_T3_rolloverAcrossGateways(t *testing.T) {
	t.Parallel()
	const skew = 5 * time.Minute
	i := installAt(t, testenv.StartRedis(t), "", -skew, 0, skew)
	made := time.Now().Add(-time.Hour).Truncate(time.Millisecond)
	duration, edge := edgeIn(6*time.Second, made)
	key := i.team("marketing", fmt.Sprintf(`,"max_budget":4,"budget_duration":%q`, duration))
	if _, err := i.record.Exec("UPDATE team SET created_at_ms = $1", made.UnixMilli()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()

	streamed := make(chan outcome, 1)
	go func() {
		streamed <- try(ctx, i.gateways[1].URL(), key, "t3-stream", `{"model":"gpt-4.1-mini","stream":true,"max_tokens":20,"messages":[{"role":"user","content":"fake: prompt_tokens=5 completion_tokens=20 hang_after=2"}]}`)
	}()
	if err := i.upstream.WaitRunning(ctx, 1); err != nil {
		t.Fatal(err)
	}
	served := map[string]bool{"t3-stream": true}
	i.spendUntilRefused(key, "t3-old", served)
	if !time.Now().Before(edge) {
		t.Fatalf("the machine is too slow: the period has ended at %s", edge)
	}

	// No job, no restart: the first call of the new period is served as soon as it has begun.
	await(t, time.Minute, "the next period", func() bool { return i.now().After(edge) })
	for number, gateway := range i.gateways {
		id := fmt.Sprintf("t3-first-%d", number)
		if o := try(ctx, gateway.URL(), key, id, chat(1, "")); !o.served() {
			t.Errorf("gateway %d, the first call of the new period: %d %s", number, o.status, o.body)
		}
		served[id] = true
	}
	i.upstream.Release()
	if o := <-streamed; !o.served() {
		t.Errorf("the stream over the edge: %d %s %v", o.status, o.body, o.interrupted)
	}
	i.spendUntilRefused(key, "t3-new", served)
	i.checkPeriods(edge, 4*money.USD, served)
}

// streamReserved is more than what the stream over the edge keeps from others: its prompt's loose bound.
const streamReserved = 250 * cent

// edgeIn finds a duration of several minutes whose running period, of a team that was made then, ends soon, but not
// before wanted has passed, and says when.
func edgeIn(wanted time.Duration, made time.Time) (duration string, edge time.Time) {
	for seconds := 400; seconds < 50_000; seconds++ {
		calendar := quota.Calendar{Span: &api.Span{Count: seconds, Unit: api.Second}, ResetDay: 1, Zone: time.UTC, Made: made}
		period := calendar.At(time.Now())
		if left := time.Until(period.End); left > wanted && left < wanted+4*time.Second {
			return fmt.Sprintf("%ds", seconds), period.End
		}
	}
	panic("no period ends soon")
}

// now is the time of Redis.
func (i *installation) now() time.Time {
	now, err := i.redisClient().Time(i.t.Context()).Result()
	if err != nil {
		i.t.Fatal(err)
	}
	return now
}

// spendUntilRefused calls the gateways in turn until the budget refuses: for good, or because of what the stream holds.
func (i *installation) spendUntilRefused(key, name string, served map[string]bool) {
	i.t.Helper()
	for call := range 1000 {
		id := fmt.Sprintf("%s-%d", name, call)
		o := try(i.t.Context(), i.gateways[call%len(i.gateways)].URL(), key, id, chat(30, ""))
		if o.status == http.StatusForbidden || strings.Contains(o.body, `"reason":"held"`) { // by the stream
			return
		}
		if !o.served() {
			i.t.Fatalf("call %s: %d %s", id, o.status, o.body)
		}
		served[id] = true
	}
}

// checkPeriods wants every call in exactly one period, none above the cap, and the counter to be the new one's.
func (i *installation) checkPeriods(edge time.Time, limit money.Nano, served map[string]bool) {
	i.t.Helper()
	var before, after money.Nano
	await(i.t, awaitLong, "the counter to be what the new period's calls cost", func() bool {
		before, after = 0, 0
		seen := map[string]bool{}
		for _, row := range i.ledger("marketing") {
			seen[row.RequestID] = true
			if row.AdmittedAt.Before(edge) {
				before += row.Cost
			} else {
				after += row.Cost
			}
		}
		return len(seen) == len(served) && after == i.spend("marketing")
	})
	if before > limit || limit-before >= mostReserved+streamReserved {
		i.t.Errorf("%s of %s was spent in the old period", before, limit)
	}
	if after > limit || limit-after >= mostReserved {
		i.t.Errorf("%s of %s was spent in the new period", after, limit)
	}
	i.t.Logf("%s spent in the old period, %s in the new one, by %d calls", before, after, len(served))
}
