package proxy

import (
	"context"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/tokens"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// bounds are what a call can use at most. They hold for every deployment that may serve it.
type bounds struct {
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

func boundsOf(c *call, inputTokens int64) bounds {
	most := c.most
	most.PromptTokens += inputTokens + c.carried
	b := bounds{inputTokens: most.PromptTokens}
	for _, deployment := range c.served.Deployments {
		bound := deployment.Price.Bound(most)
		b.inputCost = max(b.inputCost, bound.Input)
		b.outputTokenCost = max(b.outputTokenCost, bound.OutputToken)
		if limit := deployment.MaxOutputTokens; limit > 0 && (b.maxOutput == 0 || limit < b.maxOutput) {
			b.maxOutput = limit
		}
	}
	if b.maxOutput == 0 {
		b.maxOutput = max(defaultMaxOutput, c.clientCap)
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
	return boundsOf(c, tokens.InputTokensBound(c.served.PricedAs(), c.body))
}

// exactBounds count the prompt closely; they are worth it when the loose ones were refused.
func (p *Proxy) exactBounds(_ context.Context, c *call) bounds {
	var counted int64
	for _, deployment := range c.served.Deployments {
		counted = max(counted, tokens.CountTokens(deployment.UpstreamModel, c.body))
	}
	exact := boundsOf(c, min(c.bounds.inputTokens-c.carried-c.most.PromptTokens, counted))
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
		case deployment.Priced:
			if err := c.checkExtras(deployment.Price); err != nil {
				return err
			}
		case !p.AllowUnpriced:
			return api.Errorf(api.Forbidden, "the model %q has no known price, so it is not served; the operator can set the model's price", c.model)
		}
	}
	return nil
}

// request is what the call asks the engine for.
func (p *Proxy) request(c *call) quota.Request {
	key := c.subject.Key
	row := api.LedgerRow{
		RequestID: c.requestID, KeyID: key.KeyID, Model: c.model,
		Upstream: c.served.Deployments[0].Host(), PriceVersion: c.served.Deployments[0].Price.Version,
		PromptTokens: c.bounds.inputTokens,
		EndUser:      c.attributed.endUser, Tags: c.attributed.tags,
	}
	if key.TeamID != nil {
		row.TeamID = *key.TeamID
	}
	if key.UserID != nil {
		row.UserID = *key.UserID
	}
	request := quota.Request{
		ID: c.id, Slot: c.subject.Slot, PolicyVersion: c.subject.Version,
		InputTokens: c.bounds.inputTokens, InputCost: c.bounds.inputCost, OutputTokenCost: c.bounds.outputTokenCost,
		Windows: c.subject.Windows(c.served.Names), Budgets: c.subject.Budgets(c.served.Names, p.Now()),
		Row: row,
	}
	p.askOutput(c, &request, c.bounds.exact)
	return request
}
