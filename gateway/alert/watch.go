package alert

import (
	"context"
	"fmt"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	// watchInterval is how often the sender looks for what time brings by itself.
	watchInterval = 20 * time.Second
	// expiringWithin is how long before its end people hear that a key expires.
	expiringWithin = 7 * 24 * time.Hour
)

// watch adds the events of what time brings by itself: periods that end and keys that expire. Every gateway may do it at
// once, each event comes once.
func (s *Sender) watch(ctx context.Context) error {
	now := s.now()
	if !s.watched.IsZero() && now.Sub(s.watched) < watchInterval {
		return nil
	}
	if err := inBatches(func(n int) (int, error) { return s.outbox.EndIncidents(ctx, now, n) }); err != nil {
		return fmt.Errorf("tell of budgets that hold again: %w", err)
	}
	if err := inBatches(func(n int) (int, error) {
		return s.outbox.TellExpiringKeys(ctx, now, now.Add(expiringWithin), n)
	}); err != nil {
		return fmt.Errorf("tell of keys that expire: %w", err)
	}
	if err := s.remind(ctx, now); err != nil {
		return fmt.Errorf("tell again of budgets: %w", err)
	}
	s.watched = now
	return nil
}

// remind tells again what still holds, where a route asks for it, and hands on refusals that nobody acknowledged. What it adds
// has an id of its own for each time, so that all gateways together tell it once.
func (s *Sender) remind(ctx context.Context, now time.Time) error {
	routes, err := s.outbox.AlertRouteTargets(ctx)
	if err != nil {
		return err
	}
	byID, ids := map[string]api.AlertRoute{}, []string{}
	for _, route := range routes {
		if route.Enabled && (route.RepeatInterval != nil || route.EscalateTo != nil) {
			byID[route.AlertRouteID] = route
			ids = append(ids, route.AlertRouteID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	standing, err := s.outbox.StandingAlerts(ctx, ids)
	if err != nil {
		return err
	}
	for _, alert := range standing {
		for _, event := range reminders(byID[alert.AlertRouteID], alert, now) {
			if err := s.outbox.InsertAlertEvent(ctx, event); err != nil {
				return err
			}
		}
	}
	return nil
}

// reminders are the events that are due about one that still holds. Whoever acknowledged it is left alone.
func reminders(route api.AlertRoute, standing api.StandingAlert, now time.Time) []api.AlertEvent {
	if standing.Acknowledged {
		return nil
	}
	told, age := standing.Event, now.Sub(standing.Event.CreatedAt)
	again := func(to, which, says string) api.AlertEvent {
		event := told
		event.ID, event.ToAlertRouteID, event.RepeatOf, event.CreatedAt = eventID(which, told.ID, to), to, told.ID, now.UTC()
		event.Message += says
		return event
	}
	var due []api.AlertEvent
	if every := api.SpanOf(route.RepeatInterval); every > 0 && age >= every {
		times := age / every
		due = append(due, again(route.AlertRouteID, fmt.Sprintf("repeat %d", times), fmt.Sprintf("; told first on %s, and it still holds", day(&told.CreatedAt))))
	}
	if after := api.SpanOf(route.EscalateAfter); after > 0 && age >= after && route.EscalateTo != nil && told.Type == api.EventBudgetHardLimit {
		due = append(due, again(*route.EscalateTo, "escalate", fmt.Sprintf("; nobody acknowledged it within %s", *route.EscalateAfter)))
	}
	return due
}

// inBatches goes on until there is less than a batch.
func inBatches(do func(n int) (int, error)) error {
	for {
		done, err := do(batch)
		if err != nil || done < batch {
			return err
		}
	}
}
