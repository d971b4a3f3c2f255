package redis

import (
	"context"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
)

// Reservation implements [quota.Shared].
func (r *Engine) Reservation(id string) *quota.Reservation {
	held := r.book.Held(id)
	if held == nil {
		return nil
	}
	return &held.Reservation
}

// Adopt implements [quota.Shared].
func (r *Engine) Adopt(request quota.Request, decision quota.Decision) {
	r.book.Adopt(request, decision)
}

// Owes implements [quota.Shared].
func (r *Engine) Owes(slot string) bool { return r.book.Owes(slot) }

// Pay implements [quota.Shared].
func (r *Engine) Pay(ctx context.Context, slot string) error { return r.recovery.Pay(ctx, slot) }

// Gateways implements [quota.Shared].
func (r *Engine) Gateways() int { return r.gateways.Count() }
