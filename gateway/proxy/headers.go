package proxy

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
)

// limitHeaders are the names of the headers that tell one limit, and what is left of it.
type limitHeaders struct{ limit, remaining, reset httpx.HeaderName }

// kinds of limits, as places in a table of names.
const (
	ofRequests = iota
	ofTokens
	ofParallel
)

// named makes the header names for a scope, "" for the tightest.
func named(scope string) (names [3]limitHeaders) {
	for of, kind := range []string{ofRequests: quota.KindRequests, ofTokens: quota.KindTokens, ofParallel: quota.KindParallel} {
		name := func(what string) httpx.HeaderName { return httpx.NameOf("x-ratelimit-" + scope + what + kind) }
		names[of] = limitHeaders{name("limit-"), name("remaining-"), name("reset-")}
	}
	return names
}

var (
	tightestHeaders = named("")
	// scopedHeaders are LiteLLM's, by whom a window binds.
	scopedHeaders = map[string][3]limitHeaders{
		"team": named("team-"), "key": named("api_key-"), "team model": named("model_per_team-"), "key model": named("model_per_key-"),
	}
	throttledHeader = httpx.NameOf(HeaderThrottled)
)

// setRateHeaders sets OpenAI's x-ratelimit headers for the tightest limit of each kind, and LiteLLM's for each limit.
func setRateHeaders(head *httpx.Head, d quota.Decision) {
	if d.Degraded {
		head.Set(HeaderMode, modeDegraded)
	}
	var requests, tokens tightest
	throttled := ""
	for i := range d.Windows {
		window := &d.Windows[i]
		requests.consider(window.RPMLimit, window.Requests, window.RequestsReset)
		tokens.consider(window.TPMLimit, window.Tokens, window.TokensReset)
		names, known := scopedHeaders[window.Name]
		if !known {
			names = named(strings.ReplaceAll(window.Name, " ", "_") + "-")
		}
		setLimit(head, names[ofRequests], window.RPMLimit, window.Requests)
		setLimit(head, names[ofTokens], window.TPMLimit, window.Tokens)
		setLimit(head, names[ofParallel], window.Parallel, window.Live)
		if window.Throttled {
			throttled = window.Name
		}
	}
	if throttled != "" {
		head.Text(throttledHeader, throttled)
	}
	requests.write(head, tightestHeaders[ofRequests])
	tokens.write(head, tightestHeaders[ofTokens])
}

func setLimit(head *httpx.Head, names limitHeaders, limit, used int64) {
	if limit >= 0 {
		head.Int(names.limit, limit)
		head.Int(names.remaining, max(0, limit-used))
	}
}

// HeaderThrottled names whose requests per minute are reduced because a soft budget limit was reached.
const HeaderThrottled = "x-bursar-throttled"

// tightest is the limit of one kind that has the smallest share left.
type tightest struct {
	found       bool
	limit, left int64
	reset       time.Duration
}

func (t *tightest) consider(limit, used int64, reset time.Duration) {
	if limit < 0 {
		return
	}
	left := max(0, limit-used)
	if t.found && share(left, limit) >= share(t.left, t.limit) {
		return
	}
	t.found, t.limit, t.left, t.reset = true, limit, left, reset
}

func share(left, limit int64) float64 {
	if limit == 0 {
		return 0
	}
	return float64(left) / float64(limit)
}

func (t *tightest) write(head *httpx.Head, names limitHeaders) {
	if t.found {
		head.Int(names.limit, t.limit)
		head.Int(names.remaining, t.left)
		head.Text(names.reset, t.reset.Round(time.Millisecond).String())
	}
}

// Headers that every answer of a model has.
const (
	headerUpstream    httpx.HeaderName = "X-Bursar-Upstream"
	headerModel       httpx.HeaderName = "X-Bursar-Model"
	headerDeployment  httpx.HeaderName = "X-Bursar-Deployment"
	headerReservation httpx.HeaderName = "X-Bursar-Reservation"
	headerCallID      httpx.HeaderName = "X-Litellm-Call-Id"
	headerModelGroup  httpx.HeaderName = "X-Litellm-Model-Group"
	headerModelID     httpx.HeaderName = "X-Litellm-Model-Id"
	headerOutputCap   httpx.HeaderName = "X-Bursar-Output-Cap"
	headerLeftOut     httpx.HeaderName = "X-Bursar-Left-Out"
	headerCost        httpx.HeaderName = "X-Bursar-Cost-Usd"
	headerLiteLLMCost httpx.HeaderName = "X-Litellm-Response-Cost"
)

// setCallHeaders tells the client what the gateway decided about its call.
func (p *Proxy) setCallHeaders(head *httpx.Head, c *call) {
	setRateHeaders(head, c.decision)
	setWatchedHeaders(head, c)
	setBudgetHeaders(head, c)
	setTimeHeaders(head, c, p.Now())
	head.Text(headerUpstream, c.deployment.Host())
	head.Text(headerModel, c.model)
	head.Text(headerDeployment, c.deployment.ID)
	head.Text(headerReservation, c.id)
	head.Text(headerCallID, c.id)
	head.Text(headerModelGroup, c.model)
	head.Text(headerModelID, c.deployment.ID)
	if c.outputCap() != c.ClientCap {
		// The cap was injected, or lowered to what the model can do.
		head.Int(headerOutputCap, c.outputCap())
	}
	if names := upstream.LeftOut(c.deployment.Deployment, c.upstreamCall()); names != nil {
		head.Text(headerLeftOut, strings.Join(names, ", "))
	}
}

// sendHeaders adds what the gateway decided to the answer that comes next, and what the call cost if that is known.
func (p *Proxy) sendHeaders(w http.ResponseWriter, r *http.Request, c *call, costs bool) {
	head, _ := heads.Get().(*httpx.Head)
	defer heads.Put(head)
	head.Reset()
	p.setCallHeaders(head, c)
	if costs {
		cost := c.cost.String()
		head.Text(headerCost, cost)
		head.Text(headerLiteLLMCost, cost)
	}
	head.WriteTo(w, r)
}

var heads = sync.Pool{New: func() any { return new(httpx.Head) }}

// costTrailers announces what [setCostTrailers] sets once a stream has ended.
const costTrailers = string(headerCost + ", " + headerLiteLLMCost)

func setCostTrailers(header http.Header, c *call) {
	cost := c.cost.String()
	header.Set(string(headerCost), cost)
	header.Set(string(headerLiteLLMCost), cost)
}
