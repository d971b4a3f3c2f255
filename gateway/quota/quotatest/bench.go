package quotatest

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Bench measures reserve and settle by so many callers at once, and the slowest percent of reserves.
func Bench(b *testing.B, engine quota.Engine) {
	for _, callers := range []int{1, 64} {
		b.Run("callers="+strconv.Itoa(callers), func(b *testing.B) {
			var mu sync.Mutex
			var took []time.Duration
			var group sync.WaitGroup
			b.ReportAllocs()
			b.ResetTimer()
			for caller := range callers {
				group.Go(func() {
					own := make([]time.Duration, 0, b.N/callers+1)
					for n := caller; n < b.N; n += callers {
						own = append(own, benchCall(b, engine))
					}
					mu.Lock()
					defer mu.Unlock()
					took = append(took, own...)
				})
			}
			group.Wait()
			b.StopTimer()
			slices.Sort(took)
			if len(took) > 0 {
				b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "reserve-p99-us")
			}
		})
	}
}

// benchCall reserves and settles one request of one team and key, and says how long the reserve took.
func benchCall(b *testing.B, engine quota.Engine) time.Duration {
	request := benchRequest()
	begun := time.Now()
	decision, err := engine.Reserve(b.Context(), request)
	took := time.Since(begun)
	if err != nil || !decision.Admitted {
		b.Error(decision, err)
		return took
	}
	if _, err := engine.Settle(b.Context(), quota.Settlement{ID: request.ID, Slot: "marketing", Tokens: 150, Cost: 1500}); err != nil {
		b.Error(err)
	}
	return took
}

func benchRequest() quota.Request {
	return quota.Request{
		ID: NewID(), Slot: "marketing", InputTokens: 100, OutputTokens: 100, MinOutputTokens: 100, InputCost: 1000, OutputTokenCost: 10,
		Windows: []quota.Window{
			{Scope: "team:marketing", RPM: 1 << 40, TPM: 1 << 40, Parallel: 1 << 40},
			{Scope: "key:key_1", RPM: 1 << 40, TPM: 1 << 40, Parallel: 1 << 40},
		},
		Budgets: []quota.Budget{
			{Scope: "team:marketing", Limit: 1 << 50, Hard: true},
			{Scope: "key:key_1", Limit: 1 << 50, Hard: true},
		},
	}
}

// Discard is a record that costs nothing.
type Discard struct{}

func (Discard) Append(context.Context, []quota.Entry) error { return nil }

func (Discard) Spend(context.Context, quota.Scope, quota.Period) (money.Nano, error) { return 0, nil }

func (Discard) SpendBySlot(context.Context, quota.Scope, quota.Period) (map[string]money.Nano, error) {
	return nil, nil
}
