package proxy

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// countRefused counts a call that is refused for its body as a request of its key, its user and its team: reading a
// body is work, and must not be free. It returns the refusal, or that of a limit which has no request left; a call that
// a limit refused is never counted.
func (p *Proxy) countRefused(ctx context.Context, c *call, refused error) error {
	if !blamesBody(refused) {
		return refused
	}
	row := c.newRow() // without a model: what it calls so is the caller's text
	row.Kind = api.LedgerVoid
	request := quota.Request{ID: newReservation(), Slot: c.subject.Slot, Row: row, Final: true}
	for range maxReloads {
		request.PolicyVersion, request.Windows = c.subject.Version, c.subject.EveryWindow()
		if len(request.Windows) == 0 {
			return refused
		}
		decision, err := p.Engine.Reserve(ctx, request)
		switch {
		case errors.Is(err, quota.ErrStalePolicy):
			request.ID = newReservation()
			p.Book.Forget(c.subject.Slot)
			if err := p.judge(ctx, c, p.refuseKey); err != nil {
				return err
			}
		case err != nil:
			return p.uncounted(ctx, c, refused, err)
		case !decision.Admitted:
			c.decision = decision
			return p.refusal(ctx, c, request)
		default:
			if err := p.end(ctx, c, quota.Settlement{ID: request.ID, Slot: request.Slot, Row: row}); err != nil {
				return p.uncounted(ctx, c, refused, err)
			}
			return refused
		}
	}
	return refused
}

// blamesBody says whether a call is refused for what its body is.
func blamesBody(err error) bool {
	var refused *api.Error
	if !errors.As(err, &refused) {
		return false
	}
	status := refused.HTTPStatus()
	return status == http.StatusBadRequest || status == http.StatusRequestEntityTooLarge
}

// uncounted tells the log that a refused call counts for nothing: the counters are away.
func (p *Proxy) uncounted(ctx context.Context, c *call, refused, why error) error {
	p.Logger.LogAttrs(ctx, slog.LevelWarn, "a call that was refused for its body was not counted",
		slog.String("request_id", c.requestID), slog.String("error", why.Error()))
	return refused
}
