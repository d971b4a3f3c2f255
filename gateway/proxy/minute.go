package proxy

import (
	"net/http"
	"strings"
	"sync"

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
	room, _ := limitLists.Get().(*[]minutes.Limit)
	*room = limitsOf((*room)[:0], c)
	defer func() {
		clear(*room)
		limitLists.Put(room)
	}()
	counted := minutes.Call{
		At: c.started, Model: c.served.Label, Tokens: c.usage.PromptTokens + c.usage.CompletionTokens, Limits: *room,
		WouldRefuse: c.wouldRefuse,
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

// limitLists are used again: who counts a call keeps nothing of the list.
var limitLists = sync.Pool{New: func() any { return new([]minutes.Limit) }}

// limitsOf adds the rate limits that bind the call, as they stood when it was judged. Shares of them, by which a gateway
// decides alone, say nothing.
func limitsOf(limits []minutes.Limit, c *call) []minutes.Limit {
	if c.decision.Degraded {
		return limits
	}
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
func deniedBy(name, kind string) string {
	if known, ok := limitNames[[2]string{name, kind}]; ok {
		return known
	}
	return limitName(name, kind)
}

func limitName(name, kind string) string { return strings.ReplaceAll(name, " ", ".") + "." + kind }

// limitNames are those of the usual limits, made once: each call asks for some six of them.
var limitNames = func() map[[2]string]string {
	names := map[[2]string]string{}
	for _, name := range []string{"team", "member", "user", "key", "team model", "key model"} {
		for _, kind := range []string{quota.KindRequests, quota.KindTokens, quota.KindParallel} {
			names[[2]string{name, kind}] = limitName(name, kind)
		}
	}
	return names
}()
