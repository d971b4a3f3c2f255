package alert

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/oklog/ulid/v2"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// attempt sends a claimed delivery once and notes how it ended. A nil route was deleted.
func (s *Sender) attempt(ctx context.Context, route *api.AlertRoute, delivery api.AlertDelivery) {
	outcome := s.send(ctx, route, delivery.Event)
	// What was sent must be noted even when the gateway is stopping, or it is sent again.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), markTimeout)
	defer cancel()
	if err := s.mark(ctx, delivery, outcome); err != nil {
		s.log.ErrorContext(ctx, "alert attempt not noted, it will be repeated",
			slog.String("event_id", delivery.Event.ID),
			slog.String("alert_route_id", delivery.AlertRouteID),
			slog.Any("error", err))
	}
}

func (s *Sender) send(ctx context.Context, route *api.AlertRoute, event api.AlertEvent) Outcome {
	if route == nil {
		return Outcome{Result: Gone, Status: "alert route was deleted"}
	}
	if !route.Enabled {
		return Outcome{Result: Gone, Status: "alert route was disabled"}
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	return s.target(*route).Send(ctx, *route, event)
}

// target picks what a route sends to; api.AlertRoute.Validate sees to it that there is one.
func (s *Sender) target(api.AlertRoute) Target { return s.webhook }

// mark notes an outcome in the outbox and the log.
func (s *Sender) mark(ctx context.Context, delivery api.AlertDelivery, outcome Outcome) error {
	log := s.log.With(
		slog.String("event_id", delivery.Event.ID),
		slog.String("event", delivery.Event.Type),
		slog.String("alert_route_id", delivery.AlertRouteID),
		slog.Int("attempt", delivery.Attempts),
		slog.String("receiver", outcome.Receiver),
		slog.String("status", outcome.Status))
	if outcome.Result == Sent {
		log.InfoContext(ctx, "alert sent")
		return s.outbox.DeliverySent(ctx, delivery.DeliveryID, delivery.Attempts, outcome.Status)
	}
	wait, again := nextAttempt(delivery.Attempts, outcome.RetryAfter)
	if outcome.Result == Gone || !again {
		log.ErrorContext(ctx, "alert given up")
		return s.outbox.DeliveryDead(ctx, delivery.DeliveryID, delivery.Attempts, outcome.Status)
	}
	next := s.now().Add(wait)
	log.WarnContext(ctx, "alert not sent", slog.Time("next_attempt_at", next))
	return s.outbox.DeliveryFailed(ctx, delivery.DeliveryID, delivery.Attempts, next, outcome.Status)
}

// SendTest sends a test event to a route now, enabled or not, and reports how it went: nil, a
// not-found error, or an [api.Upstream] error that says what the receiver did.
func (s *Sender) SendTest(ctx context.Context, routeID string) error {
	route, err := s.outbox.AlertRouteTarget(ctx, routeID)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	outcome := s.target(route).Send(ctx, route, s.testEvent(route))
	if outcome.Result != Sent {
		return api.Errorf(api.Upstream, "test event did not arrive at %s: %s", outcome.Receiver, outcome.Status)
	}
	return nil
}

func (s *Sender) testEvent(route api.AlertRoute) api.AlertEvent {
	return api.AlertEvent{
		ID:        "test_" + ulid.Make().String(),
		Type:      api.EventTest,
		Severity:  api.Severities[0],
		CreatedAt: s.now().UTC(),
		Message:   fmt.Sprintf("Alert route %q works: this is the test that was asked for.", route.Name),
	}
}
