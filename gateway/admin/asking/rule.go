package asking

import (
	"context"
	"log/slog"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Rule approves what stays within all that it says.
type Rule struct {
	// UpToPct is how much of the limit in force may be added, in percent; 0 does not say.
	UpToPct float64
	// UpToUSD is how much of a budget may be added; 0 does not say.
	UpToUSD money.Nano
	// Per is the time within which all that was approved so for a limit counts together.
	Per time.Duration
}

// allowed says whether a rule approves the request.
func (d *Desk) allowed(ctx context.Context, r api.QuotaRequest, l limit) (bool, error) {
	before, err := d.Record.QuotaRequests(ctx, api.QuotaRequestFilter{TeamIDs: []string{r.TeamID}, State: api.RequestDone})
	if err != nil {
		return false, err
	}
	for _, rule := range d.Rules {
		if rule.allows(r, l, before, d.Now()) {
			return d.passes(ctx, r, l)
		}
	}
	return false, nil
}

// passes says whether the policy leaves the request to the rules. What it sends to approval is people's.
func (d *Desk) passes(ctx context.Context, r api.QuotaRequest, l limit) (bool, error) {
	if d.Policy == nil {
		return true, nil
	}
	raise, err := l.raiseOf(r, d.Now())
	if err != nil {
		return false, err
	}
	reasons, err := d.Policy(ctx, raise)
	if err != nil {
		return false, err
	}
	for _, reason := range reasons {
		d.Logger.InfoContext(ctx, "a request is left to people by the policy", slog.String("quota_request_id", r.QuotaRequestID), slog.String("reason", reason))
	}
	return len(reasons) == 0, nil
}

// allows counts what the rules approved for the limit within the rule's time, so that many small requests are no large one.
func (rule Rule) allows(r api.QuotaRequest, l limit, before []api.QuotaRequest, now time.Time) bool {
	var usd money.Nano
	var by int64
	counted := []api.QuotaRequest{r}
	for _, earlier := range before {
		if earlier.QuotaRequestID != r.QuotaRequestID && earlier.Automatic && earlier.CreatedAt.After(now.Add(-rule.Per)) && sameLimit(r, earlier) {
			counted = append(counted, earlier)
		}
	}
	for _, earlier := range counted {
		if earlier.USD != nil {
			usd += *earlier.USD
		}
		if earlier.By != nil {
			by += *earlier.By
		}
	}
	if r.Limit != api.LimitBudget { // amounts say nothing of a rate
		return rule.UpToPct > 0 && float64(by) <= rule.UpToPct/100*float64(l.baseRate(r, now))
	}
	withinPct := rule.UpToPct == 0 || float64(usd) <= rule.UpToPct/100*float64(l.base(now))
	withinUSD := rule.UpToUSD == 0 || usd <= rule.UpToUSD
	return withinPct && withinUSD && (rule.UpToPct > 0 || rule.UpToUSD > 0)
}

// base is the cap without increases, so that a share of it does not grow with what was approved before; baseRate is the
// same of a rate.
func (l limit) base(now time.Time) money.Nano {
	if l.tempBudget.InForce(now) {
		return *l.budget - *l.tempBudget.TempBudgetIncrease
	}
	return *l.budget
}

func (l limit) baseRate(r api.QuotaRequest, now time.Time) int64 {
	increase := l.tempRates.TempRPMIncrease
	if r.Limit == api.LimitTPM {
		increase = l.tempRates.TempTPMIncrease
	}
	if !l.tempRates.InForce(now) || increase == nil {
		return *l.rate
	}
	return *l.rate - *increase
}

func sameLimit(a, b api.QuotaRequest) bool {
	nounA, idA := a.Of()
	nounB, idB := b.Of()
	return a.TeamID == b.TeamID && a.Limit == b.Limit && nounA == nounB && idA == idB
}
