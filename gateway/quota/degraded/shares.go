package degraded

import (
	"context"
	"fmt"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
)

// backIn is after how long a refusal by a share is worth another try: the counters may be back, and the limit is larger.
const backIn = time.Second

// reserveAlone decides without the counters, if the limits' owners want that; cause is why the counters did not.
func (e *Engine) reserveAlone(ctx context.Context, request quota.Request, cause error) (quota.Decision, error) {
	now := time.Now().UTC()
	if !e.policy.covers(request, now) {
		return quota.Decision{}, cause
	}
	if !freshAlone(request.PolicyVersion, now) {
		return quota.Decision{}, quota.ErrStalePolicy
	}
	budgets := make([]quota.BudgetState, 0, len(request.Budgets))
	for _, budget := range request.Budgets {
		period, ok := budget.PeriodAt(now)
		if !ok {
			return quota.Decision{}, fmt.Errorf("%s at %s: %w", budget.Scope, now.Format(time.RFC3339), quota.ErrNoPeriod)
		}
		budgets = append(budgets, budget.State(period, 0, 0))
	}
	own := request
	own.PolicyVersion, own.Budgets = 0, nil
	e.mu.Lock()
	defer e.mu.Unlock()
	own.Windows = e.sharesLocked(request, now)
	decision, err := e.windows.Reserve(ctx, own)
	if err != nil {
		return quota.Decision{}, err
	}
	decision.Degraded = true
	if !decision.Admitted {
		return withoutCertainty(decision, request), nil
	}
	decision.Budgets = budgets
	e.Adopt(request, decision)
	return decision, nil
}

// withoutCertainty words a refusal by a share: the counters may be back in a second, and the limit is larger.
func withoutCertainty(decision quota.Decision, request quota.Request) quota.Decision {
	for i := range decision.Denials {
		denial := &decision.Denials[i]
		for _, window := range request.Windows {
			if window.Scope == denial.Scope {
				ofWhole(denial, window)
			}
		}
		if !denial.TooLarge {
			denial.RetryAfter = backIn
		}
	}
	decision.RetryAfter = quota.LongestWait(decision.Denials)
	return decision
}

// ofWhole words a denial by a share as one of the limit it is a share of, of which the rest counts as used.
func ofWhole(d *quota.Denial, window quota.Window) {
	whole := map[string]int64{quota.KindRequests: window.RPM, quota.KindTokens: window.TPM, quota.KindParallel: window.Parallel}[d.Kind]
	d.Used, d.Limit = whole-max(d.Limit-d.Used, 0), whole
	if d.Kind == quota.KindTokens && whole > 0 {
		d.TooLarge = d.Need > whole
	}
}

// sharesLocked are the request's windows with what this gateway may admit of them.
func (e *Engine) sharesLocked(request quota.Request, now time.Time) []quota.Window {
	gateways := int64(e.Gateways())
	windows := make([]quota.Window, len(request.Windows))
	for i, window := range request.Windows {
		windows[i] = window
		if e.policy.RateLimits == Open || quota.Watched(window.EnforcedFrom, now) {
			windows[i].RPM, windows[i].TPM, windows[i].Parallel = quota.Unlimited, quota.Unlimited, quota.Unlimited
			continue
		}
		var used quota.WindowState
		if seen, known := e.seen[windowKey{request.Slot, window.Scope}]; known && now.Sub(seen.at) < seenKept {
			used = seen.state
			if used.Throttled {
				windows[i].RPM = min(window.RPM, used.RPMLimit)
			}
		}
		e.addUndecidedLocked(&used, request, window.Scope)
		windows[i].RPM = shareOf(windows[i].RPM, used.Requests, gateways)
		windows[i].TPM = shareOf(window.TPM, used.Tokens, gateways)
		windows[i].Parallel = shareOf(window.Parallel, used.Live, gateways)
	}
	return windows
}

// addUndecidedLocked takes for used what the counters may admit yet of what they were asked before.
func (e *Engine) addUndecidedLocked(used *quota.WindowState, request quota.Request, scope quota.Scope) {
	for id, other := range e.undecided {
		if id == request.ID || other.Slot != request.Slot {
			continue
		}
		for _, window := range other.Windows {
			if window.Scope == scope {
				used.Requests, used.Live, used.Tokens = used.Requests+1, used.Live+1, used.Tokens+other.InputTokens+other.OutputTokens
			}
		}
	}
}

// shareOf rounds down: the shares of all gateways together are at most what is left.
func shareOf(limit, used, gateways int64) int64 {
	if limit == quota.Unlimited {
		return quota.Unlimited
	}
	return max(limit-used, 0) / gateways
}
