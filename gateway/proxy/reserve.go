package proxy

import (
	"context"
	"errors"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/policy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	maxReloads        = 10
	contentionPollMin = 10 * time.Millisecond
	contentionPollMax = 200 * time.Millisecond
)

// reserve takes what the call may use from every limit at once, or says which of them refused.
func (p *Proxy) reserve(ctx context.Context, c *call) error {
	if err := p.resolve(ctx, c); err != nil {
		return p.countRefused(ctx, c, err)
	}
	c.bounds = looseBounds(c)
	deadline, poll, final := p.Now().Add(p.ContentionWait), contentionPollMin, false
	for reloads := 0; ; {
		request := p.request(c)
		request.Final = final
		decision, err := p.Engine.Reserve(ctx, request)
		switch {
		case errors.Is(err, quota.ErrStalePolicy) && reloads < maxReloads:
			reloads++
			c.id = newReservation() // the one before may be taken back at any time
			p.Book.Forget(c.subject.Slot)
			if err := p.resolve(ctx, c); err != nil {
				return err
			}
		case ctx.Err() != nil:
			return clientGone(ctx.Err())
		case errors.Is(err, quota.ErrInvalid):
			uncountable := api.Errorf(api.Invalid, "the request asks for more than can be counted; send a smaller max_tokens").WithCause(err)
			return p.countRefused(ctx, c, uncountable)
		case err != nil:
			return unavailable(err)
		case decision.Admitted:
			p.letPass(ctx, c, decision, request)
			return nil
		case !c.bounds.exact && c.inputMatters(decision, request):
			c.bounds = p.exactBounds(ctx, c)
			deadline = p.Now().Add(p.ContentionWait) // counting, which may load a vocabulary, is not waiting
		case contended(decision) && p.Now().Before(deadline):
			if err := sleep(ctx, poll); err != nil {
				return clientGone(err)
			}
			poll = min(2*poll, contentionPollMax)
		case p.ask(ctx, c, decision, request):
			deadline = p.Now() // it waited for others before
		case !final && p.told.worthTelling(decision, request, p.Now()):
			final = true
		default:
			c.decision = decision
			return p.refusal(ctx, c, request)
		}
	}
}

// resolve finds the model and checks that the caller may use it, by what the book knows now.
func (p *Proxy) resolve(ctx context.Context, c *call) error {
	err := p.judge(ctx, c, func(subject *policy.Subject) error {
		if err := p.refuseKey(subject); err != nil {
			return err
		}
		if err := p.findModel(ctx, c); err != nil {
			return err
		}
		return p.checkModel(c, subject)
	})
	if err != nil {
		return err
	}
	return p.checkServed(c)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// clientGone ends a call whose client hung up. Nobody reads it but the log.
func clientGone(err error) *api.Error {
	return api.Errorf(api.ClientClosed, "the client hung up").WithCause(err)
}
