package proxy

import (
	"net/http"
	"strconv"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
)

// rateHeaders are OpenAI's x-ratelimit headers for the tightest limit of each kind.
func rateHeaders(d quota.Decision) map[string]string {
	headers := map[string]string{}
	add := func(kind string, limit, used int64, reset time.Duration, tightest *float64) {
		if limit < 0 {
			return
		}
		left := max(0, limit-used)
		share := 0.0
		if limit > 0 {
			share = float64(left) / float64(limit)
		}
		if *tightest >= 0 && share >= *tightest {
			return
		}
		*tightest = share
		headers["x-ratelimit-limit-"+kind] = strconv.FormatInt(limit, 10)
		headers["x-ratelimit-remaining-"+kind] = strconv.FormatInt(left, 10)
		headers["x-ratelimit-reset-"+kind] = reset.Round(time.Millisecond).String()
	}
	requests, tokens := -1.0, -1.0
	for _, window := range d.Windows {
		add("requests", window.RPMLimit, window.Requests, window.RequestsReset, &requests)
		add("tokens", window.TPMLimit, window.Tokens, window.TokensReset, &tokens)
	}
	return headers
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
