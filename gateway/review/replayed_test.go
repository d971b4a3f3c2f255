package review_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/review"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// pastCalls is a gateway's answer to a replay.
type pastCalls struct {
	told  api.QuotaReplay
	fails error
	asked []api.QuotaChange
}

func (p *pastCalls) Replay(_ context.Context, changes []api.QuotaChange) (api.QuotaReplay, error) {
	p.asked = changes
	return p.told, p.fails
}

// The review says how many calls of the last days the plan would have refused, by what, since when and whose.
func TestRender_saysWhatTheReplayFound(t *testing.T) {
	t.Parallel()
	plan, err := os.ReadFile("testdata/change.json")
	if err != nil {
		t.Fatal(err)
	}
	to := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	first := to.AddDate(0, 0, -3)
	gateway := &pastCalls{told: api.QuotaReplay{
		From: to.AddDate(0, 0, -14), To: to, Calls: 12_345, Cost: 99 * money.USD, Notes: []string{"2 calls were refused at their time."},
		Before: api.ReplayOutcome{Refused: 1},
		After: api.ReplayOutcome{Refused: 1_200, RefusedCost: 7 * money.USD, Limits: []api.ReplayLimit{
			{Scope: "team:research", Kind: "budget", Refused: 1_199, Cost: 6 * money.USD, First: first},
			{Scope: "key:key_1", Kind: "deleted", Refused: 1, Cost: money.USD, First: first},
		}},
		Callers: []api.ReplayCaller{
			{TeamID: "research", KeyID: "key_1", KeyAlias: "batch|`x`", Model: "gpt", Calls: 5_000, RefusedBefore: 1, RefusedAfter: 1_200, RefusedCost: 7 * money.USD},
			{TeamID: "same", KeyID: "key_2", Model: "gpt", Calls: 5, RefusedBefore: 1, RefusedAfter: 1},
		},
	}}
	got, result := render(t, plan, review.Options{Replay: gateway})
	for _, want := range []string{
		"**Replay of the last 14 days** (12,345 calls, which cost $99.00): these limits would have refused **1,200 calls**, which cost $7.00; today's limits would have refused 1 call.",
		"| budget of team `research` | 1,199 | $6.00 | Thu 26 Nov 12:00 UTC |",
		"| key `key_1` is deleted | 1 | $1.00 | Thu 26 Nov 12:00 UTC |",
		"| key <code>batch&#124;&#96;x&#96;</code> of `research` | `gpt` | 5,000 | 1 | 1,200 | $7.00 |",
		"* 2 calls were refused at their time.",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the review lacks %s:\n%s", want, got)
		}
	}
	if strings.Contains(got, "key_2") || result.Asking != nil || len(gateway.asked) == 0 {
		t.Errorf("%v, %d changes asked:\n%s", result.Asking, len(gateway.asked), got)
	}

	gateway.fails = errors.New("connection refused")
	if got, result = render(t, plan, review.Options{Replay: gateway}); result.Asking == nil || !strings.Contains(got, "could not be replayed: `connection refused`") {
		t.Errorf("%v: %s", result.Asking, got)
	}
	// What the gateway would not take was asked about all the same.
	gateway.fails = api.Errorf(api.Invalid, "number 2 would be refused")
	if got, result = render(t, plan, review.Options{Replay: gateway}); result.Asking != nil || !strings.Contains(got, "number 2 would be refused") {
		t.Errorf("%v: %s", result.Asking, got)
	}
}
