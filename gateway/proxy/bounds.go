package proxy

import (
	"context"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/deployment"
	"github.com/bursarhq/terraform-provider-bursar/gateway/proxy/asked"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/tokens"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

// bounds are what a call can use at most. They hold for every deployment that may serve it.
type bounds struct {
	// text is the bound of what one reading of the body's own text has.
	text            int64
	inputTokens     int64
	inputCost       money.Nano
	outputTokenCost money.Nano
	// exact: inputTokens were counted, not estimated from the length.
	exact bool
	// maxOutput is the model's own limit for one choice.
	maxOutput int64
}

// defaultMaxOutput bounds a choice of a model whose limit nobody knows.
const defaultMaxOutput = 16_384

// boundsOf are the bounds of a call whose body has so many tokens that can be weighed. What cannot be weighed
// counts as the whole context window, once however much of it there is.
func boundsOf(c *call, text int64) bounds {
	most := c.Most
	most.PromptTokens += (text + c.carried) * c.Work.Readings
	if c.Holds.Unweighed != nil {
		most.PromptTokens = max(most.PromptTokens, c.window())
	}
	b := bounds{text: text, inputTokens: most.PromptTokens}
	for _, deployment := range c.served.Deployments {
		bound := deployment.Price.Bound(most)
		b.inputCost = max(b.inputCost, bound.Input)
		b.outputTokenCost = max(b.outputTokenCost, bound.OutputToken)
		if limit := deployment.MaxOutputTokens; limit > 0 && (b.maxOutput == 0 || limit < b.maxOutput) {
			b.maxOutput = limit
		}
	}
	if b.maxOutput == 0 {
		b.maxOutput = max(defaultMaxOutput, c.ClientCap)
	}
	return b
}

// looseBounds cost next to nothing to work out.
func looseBounds(c *call) bounds {
	if c.endpoint.free {
		return bounds{exact: true}
	}
	if c.endpoint.apart {
		b := boundsOf(c, 0)
		b.exact = true
		return b
	}
	return boundsOf(c, tokens.BoundOf(c.served.PricedAs(), c.Body, &c.Holds))
}

// exactBounds count the prompt closely; they are worth it when the loose ones were refused.
func (p *Proxy) exactBounds(_ context.Context, c *call) bounds {
	exact := boundsOf(c, min(c.bounds.text, p.counted(c)))
	exact.exact = true
	return exact
}

// checkPrices refuses a model that somebody could use without anybody knowing what it costs.
func (p *Proxy) checkPrices(c *call) error {
	if c.endpoint.free {
		return nil
	}
	for _, deployment := range c.served.Deployments {
		switch {
		case !deployment.FallbackUntil.IsZero() && !p.Now().Before(deployment.FallbackUntil):
			p.tellUnpriced(c.served.Label, "the time that it was served at a stated price for is over, its calls are refused")
			return api.Errorf(api.Forbidden, "the model %q has no known price, so it is no longer served; the operator can set the model's price", c.model)
		case deployment.Priced:
			c.expectSearch(deployment)
			if err := p.checkExtras(c, deployment); err != nil {
				return err
			}
		case !p.AllowUnpriced:
			p.tellUnpriced(c.served.Label, "its calls are refused")
			return api.Errorf(api.Forbidden, "the model %q has no known price, so it is not served; the operator can set the model's price", c.model)
		}
	}
	return nil
}

// checkExtras refuses what the call asks for and nobody knows the price of.
func (p *Proxy) checkExtras(c *call, d deployment.Deployment) error {
	if !d.Price.Offers(c.Most.Service) {
		return api.FieldErrorf("service_tier", "%q is not served: its price for this model is not known here", asked.Clip(c.Most.Service))
	}
	if p.AllowUnpricedTools {
		return nil
	}
	if c.Most.Searches > 0 && d.Price.Search == (pricing.SearchPrice{}) {
		return c.Work.SearchRefusal()
	}
	return c.Work.Refusal()
}

// request is what the call asks the engine for.
func (p *Proxy) request(c *call) quota.Request {
	first := c.served.Deployments[0]
	c.row = c.newRow()
	c.row.Model, c.row.Upstream, c.row.PriceVersion = c.model, first.Host(), first.Price.Version
	c.row.PromptTokens = c.bounds.inputTokens
	request := quota.Request{
		ID: c.id, Slot: c.subject.Slot, PolicyVersion: c.subject.Version,
		InputTokens: c.bounds.inputTokens, InputCost: c.bounds.inputCost, OutputTokenCost: c.bounds.outputTokenCost,
		Windows: c.subject.Windows(c.served.Names), Budgets: c.subject.Budgets(c.served.Names, p.Now()),
		Row: c.row,
	}
	p.askOutput(c, &request, c.bounds.exact)
	c.leastOutput = request.MinOutputTokens
	return request
}

// window is how many tokens one reading of the call's prompt has at most, at the deployments that may serve it.
func (c *call) window() int64 {
	var window int64
	for _, d := range c.served.Deployments {
		window = max(window, c.windowAt(d))
	}
	return window
}

// windowAt is a deployment's window, the larger one where the call asks for it.
func (c *call) windowAt(d deployment.Deployment) int64 {
	if strings.Contains(c.Header.Get("Anthropic-Beta"), "context-1m") {
		return max(d.Window(), d.LargestWindow(), deployment.DefaultWindow)
	}
	return d.Window()
}

// expectSearch reserves for the searches of a deployment that searches whatever it is asked.
func (c *call) expectSearch(d deployment.Deployment) {
	if !d.SearchesAlways() {
		return
	}
	before := c.Work.Tokens
	c.Work.SearchAlways()
	c.Most.Searches, c.Made.Searches = max(c.Most.Searches, c.Work.Searches), max(c.Made.Searches, c.Work.SearchesMade)
	c.Most.PromptTokens += c.Work.Tokens - before
}
