package proxy

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
)

const (
	// headerWouldRefuse names the watched limits that would have refused the call, with commas.
	headerWouldRefuse httpx.HeaderName = "X-Bursar-Would-Refuse"
	// headerEnforcedFrom is when the first of them begins to refuse; left out where none ever does.
	headerEnforcedFrom httpx.HeaderName = "X-Bursar-Enforced-From"
)

// letPass notes that the engine admitted the call, and which watched limits would not have in the end: a prompt that was
// only bounded by its length is counted first, and what only waits for calls under way is no refusal, as ever.
func (p *Proxy) letPass(ctx context.Context, c *call, decision quota.Decision, request quota.Request) {
	c.decision = decision
	would := decision.WouldRefuse
	if len(would) == 0 {
		return
	}
	if !c.bounds.exact && c.inputMatters(quota.Decision{Denials: would}, request) {
		would = withoutWhatFitsCounted(would, c.bounds, p.exactBounds(ctx, c))
	}
	if contended(quota.Decision{Denials: would}) {
		would = nil
	}
	c.decision.WouldRefuse = would
	for _, denial := range would {
		c.wouldRefuse = append(c.wouldRefuse, deniedBy(denial.Name, denial.Kind))
	}
}

// withoutWhatFitsCounted leaves out the limits that have room for the call once its prompt is counted.
func withoutWhatFitsCounted(denials []quota.Denial, loose, exact bounds) []quota.Denial {
	return slices.DeleteFunc(slices.Clone(denials), func(d quota.Denial) bool {
		switch d.Kind {
		case quota.KindTokens:
			return d.Settled+d.Need-(loose.inputTokens-exact.inputTokens) <= d.Limit
		case quota.KindBudget:
			return d.Settled+d.Need-int64(loose.inputCost-exact.inputCost) <= d.Limit
		default:
			return false
		}
	})
}

// setWatchedHeaders tells which watched limits would have refused the call, and from when they will.
func setWatchedHeaders(head *httpx.Head, c *call) {
	if len(c.wouldRefuse) == 0 {
		return
	}
	head.Text(headerWouldRefuse, strings.Join(c.wouldRefuse, ", "))
	first := slices.MinFunc(c.decision.WouldRefuse, func(a, b quota.Denial) int { return a.EnforcedFrom.Compare(b.EnforcedFrom) }).EnforcedFrom
	if first.Before(quota.Never) {
		head.Text(headerEnforcedFrom, first.UTC().Format(time.RFC3339))
	}
}
