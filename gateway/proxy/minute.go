package proxy

import (
	"net/http"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/minutes"
	"github.com/bursarhq/terraform-provider-bursar/gateway/policy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
)

// remember counts the call in the record of what was used and refused. A call that was admitted and failed later was not
// refused, unless there was no room for it anywhere.
func (p *Proxy) remember(c *call, status int) {
	if p.Minutes == nil {
		return
	}
	counted := minutes.Call{
		At: c.started, Model: c.served.Label, Tokens: c.usage.PromptTokens + c.usage.CompletionTokens, Limits: limitsOf(c),
	}
	if c.subject != nil {
		counted.KeyID = c.subject.Key.KeyID
		if team := c.subject.Key.TeamID; team != nil {
			counted.TeamID = *team
		}
	}
	if c.reason != "" && (!c.decision.Admitted || status == http.StatusTooManyRequests) {
		counted.Refused = c.reason
	}
	p.Minutes.CallEnded(counted)
}

// limitsOf are the rate limits that bind the call, as they stood when it was judged. Shares of them, by which a gateway
// decides alone, say nothing.
func limitsOf(c *call) []minutes.Limit {
	if c.decision.Degraded {
		return nil
	}
	limits := make([]minutes.Limit, 0, 2*len(c.decision.Windows))
	for _, window := range c.decision.Windows {
		limit := minutes.Limit{}
		if !strings.HasPrefix(window.Name, "team") {
			limit.KeyID = c.subject.Key.KeyID
		}
		if strings.HasSuffix(window.Name, " model") {
			limit.Model = policy.LimitedModel(window.Scope)
		}
		for _, kind := range []struct {
			name      string
			used, cap int64
		}{
			{quota.KindRequests, window.Requests, window.RPMLimit},
			{quota.KindTokens, window.Tokens, window.TPMLimit},
			{quota.KindParallel, window.Live, window.Parallel},
		} {
			if kind.cap == quota.Unlimited {
				continue
			}
			limit.Name, limit.Used, limit.Cap = deniedBy(window.Name, kind.name), kind.used, kind.cap
			limits = append(limits, limit)
		}
	}
	return limits
}

// deniedBy is a limit's name in headers, metrics and the record.
func deniedBy(name, kind string) string { return strings.ReplaceAll(name, " ", ".") + "." + kind }
