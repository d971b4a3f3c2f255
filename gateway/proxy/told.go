package proxy

import (
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
)

const (
	// toldFor is how long a gateway relies on people having been told that a budget is exhausted.
	toldFor = 10 * time.Second
	maxTold = 10_000
)

// told remembers the budgets of whose refusals people were told a moment ago. Telling costs a second reservation,
// whose refusal is the caller's last word; without this every refusal would cost one.
type told struct {
	mu      sync.Mutex
	budgets map[refusing]time.Time
}

// refusing is a budget that people are told about once, and once more as long as it refuses only what is too dear.
type refusing struct {
	scope      quota.Scope
	start      time.Time
	generation int64
	tooDear    bool
}

// worthTelling says whether a budget refuses for good that did not a moment ago, and notes it.
// Asking again as the last try then tells people, or finds room that has come meanwhile.
func (t *told) worthTelling(decision quota.Decision, request quota.Request, now time.Time) bool {
	worth := false
	for _, denial := range decision.Denials {
		if !denial.ForGood() {
			continue
		}
		for i, budget := range request.Budgets {
			if budget.Scope == denial.Scope && i < len(decision.Budgets) {
				worth = t.note(refusing{budget.Scope, decision.Budgets[i].Period.Start, budget.Generation, denial.TooDear()}, now) || worth
			}
		}
	}
	return worth
}

// note says whether the budget was not noted a moment ago.
func (t *told) note(budget refusing, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Sub(t.budgets[budget]) < toldFor {
		return false
	}
	if t.budgets == nil || len(t.budgets) >= maxTold {
		t.budgets = map[refusing]time.Time{}
	}
	t.budgets[budget] = now
	return true
}
