package app_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

const (
	burstCalls = 24
	// burstUses is what each call of a burst uses in tokens, burstMay what it may use; it reserves five times as much.
	burstUses, burstMay = 25, 140
	// burstLimit has room for all of them by what they use, and for what the last of them reserves.
	burstLimit = burstCalls*burstUses + burstMay - burstUses
)

// burstTerms are limits that a whole burst fits in. A token costs a cent.
var burstTerms = map[string]struct{ team, key, pot string }{
	"a team's budget":     {team: fmt.Sprintf(`,"max_budget":%d.%02d`, burstLimit/100, burstLimit%100)},
	"a key's budget":      {key: fmt.Sprintf(`,"max_budget":%d.%02d`, burstLimit/100, burstLimit%100)},
	"a pot":               {pot: fmt.Sprintf(`,"max_budget":%d.%02d`, burstLimit/100, burstLimit%100)},
	"tokens per minute":   {team: fmt.Sprintf(`,"tpm_limit":%d`, burstLimit)},
	"requests per minute": {team: fmt.Sprintf(`,"rpm_limit":%d`, burstCalls)},
	"all of them": {
		team: fmt.Sprintf(`,"max_budget":%d.%02d,"tpm_limit":%d,"rpm_limit":%d`, burstLimit/100, burstLimit%100, burstLimit, burstCalls),
		key:  fmt.Sprintf(`,"max_budget":%d.%02d,"tpm_limit":%d`, burstLimit/100, burstLimit%100, burstLimit),
		pot:  fmt.Sprintf(`,"max_budget":%d.%02d`, burstLimit/100, burstLimit%100),
	},
}

// A burst that fits by what it uses is served whole, though five times as much is reserved at its height: a refusal
// would be a false one. Nothing is used beyond the limit either.
func TestBurst_isServedWholeWhenItFits(t *testing.T) {
	t.Run("in process", func(t *testing.T) {
		t.Parallel()
		upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
		everyBurst(t, []*gateway{start(t, settings(t, upstream))}, upstream)
	})
	t.Run("with Redis", func(t *testing.T) {
		t.Parallel()
		i := install(t, 3)
		everyBurst(t, i.gateways, i.upstream)
	})
}

func everyBurst(t *testing.T, gateways []*gateway, upstream *testenv.Upstream) {
	t.Helper()
	number := 0
	for name, terms := range burstTerms {
		number++
		team := fmt.Sprintf("burst-%d", number)
		gateways[0].admin("POST", "/team/new", fmt.Sprintf(`{"team_id":%q%s}`, team, terms.team))
		key := gateways[0].newKey(fmt.Sprintf(`{"team_id":%q%s}`, team, terms.key))
		if terms.pot != "" {
			gateways[0].admin("POST", "/budget/new", fmt.Sprintf(`{"budget_id":%q,"team_ids":[%q]%s}`, team, team, terms.pot))
		}
		upstream.Reset()
		refused := burst(t, gateways, team, key)
		bill := upstream.Billed()
		used := bill.PromptTokens + bill.CompletionTokens
		t.Logf("%s: %d calls at once, overshoot %d, false refusals %d", name, burstCalls, max(0, used-burstLimit), len(refused))
		if len(refused) > 0 || used != burstCalls*burstUses {
			t.Errorf("%s: %d of %d tokens were used, and refused falsely were %v", name, used, burstLimit, refused)
		}
	}
}

// burst sends all calls at once and returns how those were refused that were.
func burst(t *testing.T, gateways []*gateway, name, key string) (refused []string) {
	t.Helper()
	var mu sync.Mutex
	var running sync.WaitGroup
	for call := range burstCalls {
		running.Go(func() {
			o := try(t.Context(), gateways[call%len(gateways)].URL(), key, fmt.Sprintf("%s-%d", name, call), chat(burstUses-5, "delay_ms=50"))
			if o.status == http.StatusOK && o.interrupted == nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			refused = append(refused, fmt.Sprintf("%d %s %v", o.status, o.body, o.interrupted))
		})
	}
	running.Wait()
	return refused
}
