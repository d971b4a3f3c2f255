package proxy

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
)

// limitHeaders are the names of the headers that tell one limit, and what is left of it.
type limitHeaders struct{ limit, remaining, reset string }

// kinds of limits, as places in a table of names.
const (
	ofRequests = iota
	ofTokens
	ofParallel
)

// named makes the header names for a scope, "" for the tightest. They are canonical, so that an answer's
// headers need no look at their letters.
func named(scope string) (names [3]limitHeaders) {
	for of, kind := range []string{ofRequests: quota.KindRequests, ofTokens: quota.KindTokens, ofParallel: quota.KindParallel} {
		name := func(what string) string { return http.CanonicalHeaderKey("x-ratelimit-" + scope + what + kind) }
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
	throttledHeader = http.CanonicalHeaderKey(HeaderThrottled)
)

// setRateHeaders sets OpenAI's x-ratelimit headers for the tightest limit of each kind, and LiteLLM's for each limit.
func setRateHeaders(header http.Header, d quota.Decision) {
	if d.Degraded {
		header.Set(HeaderMode, modeDegraded)
	}
	// One allocation holds the values of all headers.
	values := values{header: header, left: make([]string, 6+6*len(d.Windows))}
	var requests, tokens tightest
	for _, window := range d.Windows {
		requests.consider(window.RPMLimit, window.Requests, window.RequestsReset)
		tokens.consider(window.TPMLimit, window.Tokens, window.TokensReset)
		names, known := scopedHeaders[window.Name]
		if !known {
			names = named(strings.ReplaceAll(window.Name, " ", "_") + "-")
		}
		values.limit(names[ofRequests], window.RPMLimit, window.Requests)
		values.limit(names[ofTokens], window.TPMLimit, window.Tokens)
		values.limit(names[ofParallel], window.Parallel, window.Live)
		if window.Throttled {
			header[throttledHeader] = []string{window.Name}
		}
	}
	requests.write(&values, tightestHeaders[ofRequests])
	tokens.write(&values, tightestHeaders[ofTokens])
}

// values sets headers by their canonical names.
type values struct {
	header http.Header
	left   []string
}

func (v *values) set(name, value string) {
	v.left[0] = value
	v.header[name], v.left = v.left[:1:1], v.left[1:]
}

func (v *values) limit(names limitHeaders, limit, used int64) {
	if limit >= 0 {
		v.set(names.limit, strconv.FormatInt(limit, 10))
		v.set(names.remaining, strconv.FormatInt(max(0, limit-used), 10))
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

func (t *tightest) write(to *values, names limitHeaders) {
	if t.found {
		to.set(names.limit, strconv.FormatInt(t.limit, 10))
		to.set(names.remaining, strconv.FormatInt(t.left, 10))
		to.set(names.reset, t.reset.Round(time.Millisecond).String())
	}
}

// setCallHeaders tells the client what the gateway decided about its call.
func (p *Proxy) setCallHeaders(header http.Header, c *call) {
	setRateHeaders(header, c.decision)
	setBudgetHeaders(header, c)
	setTimeHeaders(header, c, p.Now())
	header.Set("X-Bursar-Upstream", c.deployment.Host())
	header.Set("X-Bursar-Model", c.model)
	header.Set("X-Bursar-Deployment", c.deployment.ID)
	header.Set("X-Bursar-Reservation", c.id)
	header.Set("X-Litellm-Call-Id", c.id)
	header.Set("X-Litellm-Model-Group", c.model)
	header.Set("X-Litellm-Model-Id", c.deployment.ID)
	if c.outputCap() != c.clientCap {
		// The cap was injected, or lowered to what the model can do.
		header.Set("X-Bursar-Output-Cap", strconv.FormatInt(c.outputCap(), 10))
	}
	if names := upstream.LeftOut(c.deployment.Deployment, c.upstreamCall()); names != nil {
		header.Set("X-Bursar-Left-Out", strings.Join(names, ", "))
	}
}

// costTrailers announces what [setCostHeaders] sets once a stream has ended.
const costTrailers = "X-Bursar-Cost-Usd, X-Litellm-Response-Cost"

// setCostHeaders tells what the call cost: before the answer where that is known, in the trailer of a stream.
func setCostHeaders(header http.Header, c *call) {
	header.Set("X-Bursar-Cost-Usd", c.cost.String())
	header.Set("X-Litellm-Response-Cost", c.cost.String())
}
