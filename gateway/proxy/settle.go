package proxy

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/proxy/asked"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/gateway/tokens"
	"github.com/bursarhq/terraform-provider-bursar/gateway/upstream"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

// settleTimeout bounds how long a client waits for the record behind its finished answer.
const settleTimeout = 10 * time.Second

// settle replaces the reservation by what was used. When it returns without an error, the ledger row is durable.
// It goes on when the client has hung up: the money is spent all the same.
func (p *Proxy) settle(ctx context.Context, c *call) error {
	c.cost = max(c.deployment.Price.Cost(c.usage), c.leastCost)
	c.booked = true
	p.noteDearer(ctx, c)
	row := c.endRow(api.LedgerSettle)
	counted := c.deployment.MinuteTokens(c.usage)
	row.UncountedTokens = row.TotalTokens() - counted
	p.giveBack(ctx, c, counted)
	p.learn(c)
	return p.end(ctx, c, quota.Settlement{
		ID: c.id, Slot: c.subject.Slot, Tokens: counted, Cost: c.cost, Row: row,
	})
}

// noteDearer tells of a provider that is believed about costs and says more than can be: the call is booked at the most
// that was reserved for it.
func (p *Proxy) noteDearer(ctx context.Context, c *call) {
	if c.deployment.Price.Believed == 0 || c.usage.Cost <= c.cost {
		return
	}
	p.Logger.LogAttrs(ctx, slog.LevelWarn, "a provider reports a cost above what the list price allows; the call is booked at that",
		slog.String("request_id", c.requestID), slog.String("upstream", c.deployment.Host()), slog.String("model", c.model),
		slog.String("reported_usd", c.usage.Cost.String()), slog.String("booked_usd", c.cost.String()))
}

// endUnanswered ends a call that no deployment answered. One that a provider took and may bill for is
// settled at its prompt, the least that it can have cost; everything else is given back.
func (p *Proxy) endUnanswered(ctx context.Context, c *call, failure error) error {
	if refused, ok := errors.AsType[unsent](failure); ok {
		p.void(ctx, c, voided{unsent: true, unreached: true})
		return refused.error
	}
	if !upstream.MayBill(failure) {
		p.void(ctx, c, voided{unreached: upstream.Unreached(failure)})
		return failure
	}
	c.usage = promptOnly(c)
	if err := p.settle(ctx, c); err != nil {
		return err
	}
	return failure
}

// promptOnly is the least that a call can have used once a provider has taken it.
func promptOnly(c *call) pricing.Usage {
	used := likelyUse(c)
	used.CompletionTokens, used.AudioOutputTokens = 0, 0
	return used
}

// likelyUse is what a call has likely used that a provider took and said nothing of. What cannot be weighed is
// booked as it was reserved: it is never free.
func likelyUse(c *call) pricing.Usage {
	if c.endpoint.free {
		return pricing.Usage{}
	}
	used := c.Made
	if !c.endpoint.apart {
		used.PromptTokens += c.carried + tokens.EstimateTokens(c.deployment.UpstreamModel, c.Body)
	}
	if c.Holds.Unweighed != nil {
		used.PromptTokens = max(used.PromptTokens, c.bounds.inputTokens)
	}
	return used
}

// withRounds adds what the provider's own tools have used where it does not say so: what was reserved for reading
// the prompt several times.
func (c *call) withRounds(usage pricing.Usage, rounds, searches int64) pricing.Usage {
	usage.Searches = max(usage.Searches, searches)
	if rounds > 0 {
		usage.PromptTokens = max(usage.PromptTokens, c.bounds.inputTokens)
	}
	return usage
}

// hearSearches believes an answer that says how many searches were made, be it none.
func (c *call) hearSearches(data []byte) {
	if c.Made.Searches > 0 && upstream.TellsSearches(data) {
		c.Made.Searches = 0
	}
}

// reported is what a provider says, with what it leaves out of what was asked for.
func (c *call) reported(u upstream.Usage) pricing.Usage {
	used := pricing.Usage(u)
	c.promptReported = used.PromptTokens
	used.Characters = c.Made.Characters
	used.Images = cmp.Or(used.Images, c.Made.Images)
	used = c.withSound(used)
	used.Searches = max(used.Searches, c.Made.Searches)
	used.Service = cmp.Or(used.Service, c.Most.Service)
	used.ImageSize = cmp.Or(used.ImageSize, c.Most.ImageSize)
	used.ImageQuality = cmp.Or(used.ImageQuality, c.Most.ImageQuality)
	used.SearchContext = cmp.Or(used.SearchContext, c.Most.SearchContext)
	return used
}

// withSound adds what an answer leaves out of the sound that was sent: some report its length, some its tokens, and
// the model may be priced by the other.
func (c *call) withSound(used pricing.Usage) pricing.Usage {
	if c.Made.AudioSeconds == 0 {
		return used
	}
	if used.AudioSeconds == 0 {
		used.AudioSeconds = c.Made.AudioSeconds
	}
	if used.PromptTokens == 0 && c.heardByTokens() {
		used.PromptTokens = asked.SoundTokens(used.AudioSeconds)
		used.AudioInputTokens = used.PromptTokens
	}
	return used
}

// heardByTokens says whether the call sends sound to a model that is charged by tokens.
func (c *call) heardByTokens() bool {
	return c.Made.AudioSeconds > 0 && c.deployment.Price.AudioHour == 0
}

// lacksHeard says whether a report leaves out the tokens of what was heard.
func (c *call) lacksHeard(used pricing.Usage) bool {
	return c.heardByTokens() && used.CompletionTokens == 0
}

// voided says how far a call came that cost nothing.
type voided struct {
	// unsent: it was not even sent, and does not count as a request either.
	unsent bool
	// unreached: no provider has heard of it. Such calls are summed.
	unreached bool
}

// void gives the reservation back: the upstream did nothing.
func (p *Proxy) void(ctx context.Context, c *call, how voided) {
	row := c.endRow(api.LedgerVoid)
	summed := how.unreached && p.Events != nil
	err := p.end(ctx, c, quota.Settlement{ID: c.id, Slot: c.subject.Slot, Unsent: how.unsent, Summed: summed, Row: row})
	if summed {
		p.unreached.note(row, p.Now())
	}
	if err != nil {
		// It expires by itself soon.
		p.Logger.LogAttrs(ctx, slog.LevelWarn, "reservation was not given back",
			slog.String("request_id", c.requestID), slog.String("error", err.Error()))
	}
}

func (p *Proxy) end(ctx context.Context, c *call, settlement quota.Settlement) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	c.endAsking(nil)
	step := c.span.Step("settle")
	settled, err := p.Engine.Settle(ctx, settlement)
	step.End(failing(err))
	if err != nil {
		refusal := api.Errorf(api.StoreUnavailable, "the answer's cost could not be recorded, so the answer is withheld; try again").WithCause(err)
		refusal.Header = http.Header{"Retry-After": {"1"}}
		return refusal
	}
	if len(settled.Windows) > 0 {
		c.decision.Windows = settled.Windows
	}
	return nil
}
