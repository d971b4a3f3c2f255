package proxy

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/deployment"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// taken is what a call has reserved of the limits of the deployment that it was sent to.
type taken struct{ held atomic.Pointer[capacity] }

type capacity struct{ id, slot string }

// atLimit says why deployments could not be asked: their own limits, and after how long that ends.
type atLimit struct {
	kind string
	wait time.Duration
	// large: the call needs more tokens than the limit, this, ever has room for.
	large int64
	need  int64
	// held: only calls under way keep it out, which settle for less in a moment.
	held bool
}

// take reserves a place at the deployment, if it has limits of its own. Those are counted apart from the
// team's, because they are shared by all teams. It returns what refused, nil if nothing did.
func (p *Proxy) take(ctx context.Context, c *call, d deployment.Deployment) (*atLimit, error) {
	if !d.Limited() {
		return nil, nil
	}
	held := &capacity{id: newReservation(), slot: d.ID}
	windows := []quota.Window{{
		Scope: quota.Scope("deployment:" + d.ID), Name: "deployment",
		RPM: orUnlimited(d.RPM), TPM: orUnlimited(d.TPM), Parallel: quota.Unlimited,
	}}
	request := quota.Request{ID: held.id, Slot: held.slot, Windows: windows}
	p.askCapacity(c, &request, c.bounds)
	decision, err := p.Capacity.Reserve(ctx, request)
	if err == nil && !c.bounds.exact && refusedTokens(decision) {
		// The prompt was weighed by its length; counting it may make room.
		p.askCapacity(c, &request, p.exactBounds(ctx, c))
		decision, err = p.Capacity.Reserve(ctx, request)
	}
	if err != nil {
		return nil, unavailable(fmt.Errorf("count a call at deployment %s: %w", d.ID, err))
	}
	if !decision.Admitted {
		return limitOf(decision, request), nil
	}
	c.decision.OutputTokens = decision.OutputTokens
	c.taken.held.Store(held)
	return nil, nil
}

// askCapacity asks for as much as the team's limits have granted, or what a caller is content with.
func (p *Proxy) askCapacity(c *call, request *quota.Request, weighed bounds) {
	p.askOutput(c, request, weighed.exact)
	request.InputTokens, request.OutputTokens = weighed.inputTokens, c.decision.OutputTokens
}

func refusedTokens(decision quota.Decision) bool {
	return slices.ContainsFunc(decision.Denials, func(d quota.Denial) bool { return d.Kind == quota.KindTokens })
}

func orUnlimited(limit *int64) int64 {
	if limit == nil {
		return quota.Unlimited
	}
	return *limit
}

func limitOf(decision quota.Decision, request quota.Request) *atLimit {
	at := &atLimit{wait: decision.RetryAfter, need: request.InputTokens + request.MinOutputTokens, held: contended(decision)}
	for _, denial := range decision.Denials {
		at.kind = denial.Kind
		if denial.Kind == quota.KindTokens {
			at.need = denial.Need
		}
		if denial.TooLarge {
			at.large = denial.Limit
			break
		}
	}
	return at
}

// either is what refuses a call that both deployments refuse: the one that has room again first.
func (a *atLimit) either(other *atLimit) *atLimit {
	if a == nil {
		return other
	}
	a.held, other.held = a.held || other.held, a.held || other.held
	switch {
	case a.large > 0 && other.large == 0:
		return other
	case other.large == 0 && other.wait < a.wait, a.large > 0 && other.large > a.large:
		return other
	default:
		return a
	}
}

// refusal words that no deployment of the model has room.
func (a *atLimit) refusal(c *call) *api.Error {
	if a.large > 0 {
		refused := api.Errorf(api.Invalid,
			"the request may use %d tokens, more than a deployment of the model %q takes in a whole minute (%d); send a shorter prompt or a smaller max_tokens",
			a.need, c.model, a.large)
		refused.Param, refused.Message = "max_tokens", c.withUnweighed(refused.Message)
		return refused
	}
	wait := a.wait
	if a.held {
		wait = min(wait, heldFor)
	}
	refused := api.Errorf(api.RateLimited,
		"The model %q is at the limit of %s per minute of its deployments; nothing was charged and no limit of yours was used. Try again in %d s.",
		c.model, a.kind, seconds(wait))
	refused.Header = http.Header{}
	refused.Header.Set(HeaderDeniedBy, "deployment."+strings.ReplaceAll(a.kind, " ", "."))
	c.endpoint.voice.setRetryAfter(refused.Header, wait)
	return refused
}

// capacityCheckpoint keeps the place at the deployment alive.
func (c *call) capacityCheckpoint() (quota.Checkpoint, bool) {
	held := c.taken.held.Load()
	if held == nil {
		return quota.Checkpoint{}, false
	}
	tokens := c.bounds.inputTokens + c.produced.Load()/bytesPerToken
	return quota.Checkpoint{ID: held.id, Slot: held.slot, Tokens: tokens}, true
}

// giveBack ends the place at the deployment with the tokens that were used there. The call counts as one
// request there whatever became of it.
func (p *Proxy) giveBack(ctx context.Context, c *call, tokens int64) {
	held := c.taken.held.Swap(nil)
	if held == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	row := api.LedgerRow{Kind: api.LedgerSettle}
	if _, err := p.Capacity.Settle(ctx, quota.Settlement{ID: held.id, Slot: held.slot, Tokens: tokens, Row: row}); err != nil {
		// It ends by itself soon.
		p.Logger.LogAttrs(ctx, slog.LevelWarn, "the place at a deployment was not given back",
			slog.String("request_id", c.requestID), slog.String("deployment", held.slot), slog.String("error", err.Error()))
	}
}
