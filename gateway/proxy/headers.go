package proxy

import (
	"net/http"
	"strconv"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
)

// descriptors are LiteLLM's names for whom a window binds.
var descriptors = map[string]string{
	"team": "team", "key": "api_key", "team model": "model_per_team", "key model": "model_per_key",
}

// rateHeaders are OpenAI's x-ratelimit headers for the tightest limit of each kind, and LiteLLM's for each limit.
func rateHeaders(d quota.Decision) map[string]string {
	headers := map[string]string{}
	if d.Degraded {
		headers[HeaderMode] = modeDegraded
	}
	requests, tokens := tightest{kind: "requests"}, tightest{kind: "tokens"}
	for _, window := range d.Windows {
		requests.consider(window.RPMLimit, window.Requests, window.RequestsReset)
		tokens.consider(window.TPMLimit, window.Tokens, window.TokensReset)
		prefix := "x-ratelimit-" + descriptors[window.Name] + "-"
		setLimit(headers, prefix, quota.KindRequests, window.RPMLimit, window.Requests)
		setLimit(headers, prefix, quota.KindTokens, window.TPMLimit, window.Tokens)
		setLimit(headers, prefix, quota.KindParallel, window.Parallel, window.Live)
		if window.Throttled {
			headers[HeaderThrottled] = window.Name
		}
	}
	requests.write(headers)
	tokens.write(headers)
	return headers
}

// HeaderThrottled names whose requests per minute are reduced because a soft budget limit was reached.
const HeaderThrottled = "x-bursar-throttled"

func setLimit(headers map[string]string, prefix, kind string, limit, used int64) {
	if limit >= 0 {
		headers[prefix+"limit-"+kind] = strconv.FormatInt(limit, 10)
		headers[prefix+"remaining-"+kind] = strconv.FormatInt(max(0, limit-used), 10)
	}
}

// tightest is the limit of one kind that has the smallest share left.
type tightest struct {
	kind        string
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

func (t *tightest) write(headers map[string]string) {
	if t.found {
		headers["x-ratelimit-limit-"+t.kind] = strconv.FormatInt(t.limit, 10)
		headers["x-ratelimit-remaining-"+t.kind] = strconv.FormatInt(t.left, 10)
		headers["x-ratelimit-reset-"+t.kind] = t.reset.Round(time.Millisecond).String()
	}
}

// setCallHeaders tells the client what the gateway decided about its call.
func setCallHeaders(header http.Header, c *call) {
	for name, value := range rateHeaders(c.decision) {
		header.Set(name, value)
	}
	header.Set("x-bursar-upstream", c.deployment.Host())
	header.Set("x-bursar-reservation", c.id)
	header.Set("x-litellm-call-id", c.id)
	header.Set("x-litellm-model-group", c.model)
	if c.outputCap() != c.clientCap {
		// The cap was injected, or lowered to what the model can do.
		header.Set("x-bursar-output-cap", strconv.FormatInt(c.outputCap(), 10))
	}
}

// setCostHeaders tells what the call cost, where that is known before the answer begins.
func setCostHeaders(header http.Header, c *call) {
	header.Set("x-bursar-cost-usd", c.cost.String())
	header.Set("x-litellm-response-cost", c.cost.String())
}
