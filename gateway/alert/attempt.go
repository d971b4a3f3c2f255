package alert

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// attemptAll sends what was claimed of one subject, one message after the other. When one does not arrive and is to be tried
// again, all that waits about the subject waits with it: it would come before it, or ask the receiver sooner than is its due.
// What is refused as one message, as one that is too large, is told each alone. What is refused alone steps aside, if the receiver
// takes what comes after it.
func (s *Sender) attemptAll(ctx context.Context, claim api.AlertClaim, route *api.AlertRoute, lane [][]api.AlertDelivery) {
	var aside *again // when the first of those that stepped aside since the receiver took one is tried again
	for i, group := range lane {
		if i > 0 {
			pause(ctx, claim.Pace)
		}
		if i > 0 && s.now().After(claim.Until.Add(-sendTimeout-markTimeout)) {
			return // the rest is due again when the claim ends
		}
		outcome := s.attempt(ctx, claim, route, group)
		if outcome.Result == Refused && len(message(group).Events) > 1 {
			pause(ctx, claim.Pace)
			s.attemptAll(ctx, claim, route, alone(group))
			continue
		}
		if outcome.Result == Sent {
			aside = nil
		}
		if !triedAgain(outcome) || s.allGivenUp(claim, group, outcome) {
			s.markAll(ctx, claim, route, group, outcome, again{})
			continue
		}
		if stepsAside(route, group, outcome) {
			next := s.again(claim, route, lane[i:i+1], outcome)
			if aside != nil {
				next = next.behind(*aside)
			}
			s.markAll(ctx, claim, route, group, outcome, next)
			if aside == nil {
				aside = &next
			}
			continue
		}
		next := s.again(claim, route, lane[i:], outcome)
		if aside != nil && outcome.Result == Refused {
			next = next.behind(*aside)
		}
		s.holdUnclaimed(ctx, claim, group, next)
		s.markAll(ctx, claim, route, group, outcome, next)
		next.untried = true
		outcome.Status += comesBefore(group)
		for _, rest := range lane[i+1:] {
			s.markAll(ctx, claim, route, rest, outcome, next)
		}
		return
	}
}

// pause lets a receiver have the time that it asks for between two messages.
func pause(ctx context.Context, pace time.Duration) {
	if pace == 0 {
		return
	}
	select {
	case <-time.After(pace):
	case <-ctx.Done():
	}
}

// triedAgain says whether an outcome leaves hope.
func triedAgain(outcome Outcome) bool { return outcome.Result == Failed || outcome.Result == Refused }

// attempt sends a group of claimed deliveries once, in one message. A nil route was deleted.
func (s *Sender) attempt(ctx context.Context, claim api.AlertClaim, route *api.AlertRoute, group []api.AlertDelivery) Outcome {
	outcome := s.send(ctx, route, message(group))
	if route != nil && route.Enabled {
		s.noteDestination(ctx, claim, outcome)
	}
	return outcome
}

// noteDestination lets all gateways know whether a receiver answers.
func (s *Sender) noteDestination(ctx context.Context, claim api.AlertClaim, outcome Outcome) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), markTimeout)
	defer cancel()
	err := s.outbox.DestinationAnswered(ctx, claim.Destination, outcome.Result != Failed, mostFailures, s.now().Add(restFor))
	if err != nil {
		s.log.WarnContext(ctx, "alert destination not noted", slog.Any("error", err))
	}
}

// markAll notes how a message ended for all that it told.
func (s *Sender) markAll(ctx context.Context, claim api.AlertClaim, route *api.AlertRoute, group []api.AlertDelivery, outcome Outcome, next again) {
	// What was sent must be noted even when the gateway is stopping, or it is sent again.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), markTimeout)
	defer cancel()
	first := message(group).Event().ID
	for _, delivery := range group {
		of := outcome
		if delivery.Event.ID != first {
			of.Status += fmt.Sprintf(" (with %s)", first)
		}
		if err := s.mark(ctx, claim, route, delivery, of, next); err != nil {
			s.log.ErrorContext(ctx, "alert attempt not noted, it will be repeated",
				slog.String("event_id", delivery.Event.ID),
				slog.String("alert_route_id", delivery.AlertRouteID),
				slog.Any("error", err))
		}
	}
}

func (s *Sender) send(ctx context.Context, route *api.AlertRoute, told Message) Outcome {
	if route == nil {
		return Outcome{Result: Gone, Status: "alert route was deleted"}
	}
	if !route.Enabled {
		return Outcome{Result: Gone, Status: "alert route was disabled"}
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	return s.tell(ctx, *route, told)
}

// tell sends a message where those about the same team and period stand.
func (s *Sender) tell(ctx context.Context, route api.AlertRoute, message Message) Outcome {
	target, known := s.targets[kindOf(route)]
	if !known {
		return Outcome{Result: Failed, Status: "this gateway knows no target of the kind " + kindOf(route)}
	}
	message.Links = s.links(message.Event())
	subject := s.subject(ctx, message.Event())
	if subject == "" {
		return target.Send(ctx, route, message)
	}
	message.Subject = subject
	thread, err := s.outbox.AlertThread(ctx, route.AlertRouteID, subject)
	if err != nil { // a message in a place of its own is better than none
		s.log.WarnContext(ctx, "alert thread not read", slog.Any("error", err))
	}
	message.Thread = thread
	outcome := target.Send(ctx, route, message)
	if outcome.Thread == "" || outcome.Thread == thread {
		return outcome
	}
	if err := s.outbox.KeepAlertThread(context.WithoutCancel(ctx), route.AlertRouteID, subject, outcome.Thread); err != nil {
		s.log.WarnContext(ctx, "alert thread not kept", slog.Any("error", err))
	}
	return outcome
}

// kindOf is the kind of a route's target; api.AlertRoute.Validate sees to it that there is one.
func kindOf(route api.AlertRoute) string {
	target := route.Target()
	if target == nil {
		return ""
	}
	return target.Kind()
}

// Subject is what messages that belong together are about: a team, or what else is counted, and its period. A test
// belongs to nothing.
func Subject(event api.AlertEvent) string {
	if event.Type == api.EventTest {
		return ""
	}
	subject := event.Scope
	if event.TeamID != "" {
		subject = "team:" + event.TeamID
	}
	if event.PeriodStart != nil {
		subject += " " + event.PeriodStart.UTC().Format(time.RFC3339)
	} else {
		subject += " " + event.CreatedAt.UTC().Format(time.DateOnly)
	}
	return subject
}

// subject is [Subject] with the running period of the team where the event has none of its own, as a day out of line or a changed
// quota: what a team hears of in a period stands together.
func (s *Sender) subject(ctx context.Context, event api.AlertEvent) string {
	if event.TeamID == "" || event.Type == api.EventTest || event.Scope == api.TeamScope(event.TeamID) && event.PeriodStart != nil {
		return Subject(event)
	}
	start, err := s.period(ctx, event.TeamID)
	if err != nil { // a message in a place of its own is better than none
		s.log.WarnContext(ctx, "period of an alert's team not read", slog.Any("error", err))
	}
	if err != nil || start.IsZero() || event.CreatedAt.Before(start) {
		return Subject(event)
	}
	event.PeriodStart = &start
	return Subject(event)
}

// mark notes an outcome in the outbox and the log. What failed is tried again as next says.
func (s *Sender) mark(ctx context.Context, claim api.AlertClaim, route *api.AlertRoute, delivery api.AlertDelivery, outcome Outcome, next again) error {
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
	failure := api.AlertFailure{
		DeliveryID: delivery.DeliveryID, Attempt: delivery.Attempts, Status: outcome.Status,
		Refused: outcome.Result == Refused && !next.untried && wasDue(claim, delivery),
	}
	if outcome.Result == Gone || !next.untried && givenUp(claim, delivery, outcome) {
		log.ErrorContext(ctx, "alert given up")
		return errors.Join(s.outbox.DeliveryDead(ctx, failure), s.tellOfFailing(ctx, route, delivery, outcome))
	}
	at := next.of(claim, delivery)
	log.WarnContext(ctx, "alert not sent", slog.Time("next_attempt_at", at))
	return s.outbox.DeliveryFailed(ctx, failure, at)
}

// tellOfFailing lets the other routes know that a message was given up: once a day for each route, and not when what was
// given up is such a message itself, or when the route is not to be told anything any more.
func (s *Sender) tellOfFailing(ctx context.Context, route *api.AlertRoute, delivery api.AlertDelivery, outcome Outcome) error {
	if route == nil || !route.Enabled || delivery.Event.Type == api.EventAlertFailing {
		return nil
	}
	now := s.now().UTC()
	id := sha256.Sum256([]byte(api.EventAlertFailing + "\n" + route.AlertRouteID + "\n" + now.Format(time.DateOnly)))
	err := s.outbox.InsertAlertEvent(ctx, api.AlertEvent{
		ID: "event_" + hex.EncodeToString(id[:16]), Type: api.EventAlertFailing, Severity: "critical", CreatedAt: now,
		AlertRouteID: route.AlertRouteID, Scope: "alert_route:" + route.AlertRouteID,
		Message: fmt.Sprintf("Alert route %q did not take the message %q: %s. It was tried %s and is given up", route.Name, Title(delivery.Event), outcome.Status, times(delivery.Attempts)),
	})
	if err == nil {
		s.Wake()
	}
	return err
}

// SendTest sends a test event, or a digest as it would be now, to a route, enabled or not, and reports what the receiver did: a
// not-found error when there is no such route, an [api.Upstream] error when the event did not arrive.
func (s *Sender) SendTest(ctx context.Context, routeID string, digest bool) (api.AlertTest, error) {
	route, err := s.outbox.AlertRouteTarget(ctx, routeID)
	if err != nil {
		return api.AlertTest{}, err
	}
	event := s.testEvent(route)
	if digest {
		told, err := s.digest(ctx, route)
		if err != nil {
			return api.AlertTest{}, err
		}
		told.ID, told.CreatedAt = event.ID, event.CreatedAt
		event = told
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	outcome := s.tell(ctx, route, Message{Events: []api.AlertEvent{event}})
	if outcome.Result != Sent {
		text := fmt.Sprintf("test event did not arrive at %s: %s", outcome.Receiver, outcome.Status)
		if outcome.Answer != "" {
			text += fmt.Sprintf("; it answered: %s", outcome.Answer)
		}
		return api.AlertTest{}, api.Errorf(api.Upstream, "%s", text)
	}
	return api.AlertTest{AlertRouteID: routeID, Delivered: true, Status: outcome.Status, Answer: outcome.Answer}, nil
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
