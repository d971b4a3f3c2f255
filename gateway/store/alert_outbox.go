package store

import (
	"context"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// InsertAlertEvent puts one event into the outbox, to be routed. An event that is there already stays as it is.
func (s *Store) InsertAlertEvent(ctx context.Context, event api.AlertEvent) error {
	document, err := encode(event)
	if err != nil {
		return err
	}
	fresh, err := s.exec(ctx, "alert_event_insert", args{
		"id": event.ID, "created_at_ms": event.CreatedAt.UnixMilli(), "document": document,
		"type": event.Type, "severity": event.Severity, "team_id": event.TeamID,
	})
	if err != nil || fresh == 0 || !opens(event) {
		return err
	}
	return s.openIncident(ctx, event, document)
}

// UnroutedAlertEvents returns up to n events that have no deliveries yet, oldest first.
func (s *Store) UnroutedAlertEvents(ctx context.Context, n int) ([]api.AlertEvent, error) {
	documents, err := s.texts(ctx, "alert_event_unrouted", args{"limit": n})
	if err != nil {
		return nil, err
	}
	events := make([]api.AlertEvent, len(documents))
	for i, document := range documents {
		if err := decode(document, &events[i]); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// keptRefusals bounds how many of the decisions against a route are kept of an event.
const keptRefusals = 50

// RouteAlertEvent stores an event's deliveries to the routes that take it, due when the decisions say or at once, keeps the
// decisions, and takes the event off the unrouted ones, in one step. Doing it again, here or in another gateway, changes nothing;
// first says that it was not done before.
func (s *Store) RouteAlertEvent(ctx context.Context, eventID, subject string, decisions []api.AlertDecision) (first bool, err error) {
	kept, err := encode(keptDecisions(decisions))
	if err != nil {
		return false, err
	}
	err = s.transact(ctx, func(ctx context.Context, _ *tx) error {
		first = false
		now := s.nowMS()
		routed, err := s.exec(ctx, "alert_event_routed", args{"id": eventID, "now_ms": now, "decisions": kept})
		if err != nil || routed == 0 {
			return err
		}
		first = true
		for _, decision := range decisions {
			if !decision.Takes {
				continue
			}
			due := now
			if decision.At != nil {
				due = max(now, decision.At.UnixMilli())
			}
			_, err := s.exec(ctx, "alert_delivery_insert", args{
				"id": "delivery_" + ulid.Make().String(), "event_id": eventID, "alert_route_id": decision.AlertRouteID, "subject": subject, "now_ms": now, "due_ms": due,
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return first && err == nil, err
}

// keptDecisions are all that take the event, and the first that do not.
func keptDecisions(decisions []api.AlertDecision) []api.AlertDecision {
	kept, refused := []api.AlertDecision{}, 0
	for _, decision := range decisions {
		if !decision.Takes {
			if refused++; refused > keptRefusals {
				continue
			}
		}
		kept = append(kept, decision)
	}
	return kept
}

// DueAlertRoutes returns the ids of the routes that have a delivery to claim at now.
func (s *Store) DueAlertRoutes(ctx context.Context, now time.Time) ([]string, error) {
	return s.texts(ctx, "alert_delivery_due_routes", args{"now_ms": now.UnixMilli()})
}

// ClaimDeliveries takes what is due of a route, oldest first, with all else that waits about the same, and counts an attempt for
// what is due. Nobody else can claim any of that before the lease ends. freeAt is when the destination takes more, zero for now.
func (s *Store) ClaimDeliveries(ctx context.Context, claim api.AlertClaim) (claimed []api.AlertDelivery, freeAt time.Time, err error) {
	err = s.transact(ctx, func(ctx context.Context, _ *tx) error {
		var freeMS, openMS int64
		err := s.eachWritten(ctx, "alert_destination_hold", args{"id": claim.Destination}, func(scan func(...any) error) error {
			return scan(&freeMS, &openMS)
		})
		if err != nil {
			return err
		}
		if waits := max(freeMS, openMS); waits > claim.Now.UnixMilli() {
			freeAt = timeOf(waits)
			return nil
		}
		if claimed, err = s.claim(ctx, claim); err != nil || len(claimed) == 0 || claim.Pace == 0 {
			return err
		}
		freeAt = claim.Now.Add(claim.Pace)
		_, err = s.exec(ctx, "alert_destination_taken", args{"id": claim.Destination, "free_at_ms": freeAt.UnixMilli()})
		return err
	})
	return claimed, freeAt, err
}

func (s *Store) claim(ctx context.Context, claim api.AlertClaim) ([]api.AlertDelivery, error) {
	ids := []string{}
	err := s.eachWritten(ctx, "alert_delivery_claim", args{
		"alert_route_id": claim.AlertRouteID, "now_ms": claim.Now.UnixMilli(), "lease_until_ms": claim.Until.UnixMilli(),
		"subjects": claim.Subjects, "limit": claim.Most,
	}, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		ids = append(ids, id)
		return err
	})
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	values := args{"ids": ids, "oldest_first": true}
	boundArgs(values, 0, 0)
	return s.deliveries(ctx, values)
}

// DestinationAnswered notes whether a destination took what it was sent. One that fails so often on end is left alone for a while.
func (s *Store) DestinationAnswered(ctx context.Context, destination string, took bool, most int, openUntil time.Time) error {
	if took {
		_, err := s.exec(ctx, "alert_destination_answers", args{"id": destination})
		return err
	}
	_, err := s.exec(ctx, "alert_destination_fails", args{"id": destination, "most": most, "open_until_ms": openUntil.UnixMilli()})
	return err
}

// DeliverySent ends a delivery as delivered, whichever attempt it was, even if it was given up meanwhile.
func (s *Store) DeliverySent(ctx context.Context, deliveryID string, _ int, status string) error {
	_, err := s.exec(ctx, "alert_delivery_sent", args{"id": deliveryID, "status": status, "now_ms": s.nowMS()})
	return err
}

// DeliveryFailed makes a delivery due again at next. It changes nothing when the delivery has ended
// or another attempt has begun meanwhile; the same holds for [Store.DeliveryDead].
func (s *Store) DeliveryFailed(ctx context.Context, failure api.AlertFailure, next time.Time) error {
	values := s.failureArgs(failure)
	values["next_at_ms"] = next.UnixMilli()
	_, err := s.exec(ctx, "alert_delivery_failed", values)
	return err
}

// HoldDeliveries lets what is due about a subject, and nobody has claimed, wait for a message before it, and counts an attempt for it.
func (s *Store) HoldDeliveries(ctx context.Context, hold api.AlertHold) error {
	return s.transact(ctx, func(ctx context.Context, _ *tx) error {
		held := args{
			"alert_route_id": hold.AlertRouteID, "subject": hold.Subject, "now_ms": hold.Now.UnixMilli(),
			"urgent_severity": hold.UrgentSeverity, "urgent_type": hold.UrgentType,
		}
		var attempts int
		if _, err := s.one(ctx, "alert_delivery_held_attempts", held, &attempts); err != nil {
			return err
		}
		held["status"], held["other_ms"], held["urgent_ms"] = hold.Status, hold.Other.UnixMilli(), hold.Urgent(attempts+1).UnixMilli()
		_, err := s.exec(ctx, "alert_delivery_hold", held)
		return err
	})
}

// DeliveryDead ends a delivery as given up.
func (s *Store) DeliveryDead(ctx context.Context, failure api.AlertFailure) error {
	_, err := s.exec(ctx, "alert_delivery_dead", s.failureArgs(failure))
	return err
}

func (s *Store) failureArgs(failure api.AlertFailure) args {
	refused := 0
	if failure.Refused {
		refused = 1
	}
	return args{"id": failure.DeliveryID, "attempts": failure.Attempt, "status": failure.Status, "refused": refused, "now_ms": s.nowMS()}
}

// ReplayDeliveries makes deliveries that were given up due again at once, as if they had never been tried, with an
// audit row: those with the ids, or all of a route. It returns the ids of those that were.
func (s *Store) ReplayDeliveries(ctx context.Context, change api.Change, ids []string, routeID string) (replayed []string, err error) {
	change = signed(change)
	replayed = []string{}
	err = s.change(ctx, func(ctx context.Context, t *tx) error {
		values := args{"now_ms": s.nowMS()}
		values.givenIDs("ids", ids)
		values.given("alert_route_id", routeID)
		err := s.eachWritten(ctx, "alert_delivery_replay", values, func(scan func(...any) error) error {
			var id string
			err := scan(&id)
			replayed = append(replayed, id)
			return err
		})
		if err != nil || len(replayed) == 0 {
			return err
		}
		object := routeID
		if object == "" {
			object = replayed[0]
		}
		return t.audit(ctx, change, "alert_delivery.replay", object, nil, struct {
			DeliveryIDs []string `json:"delivery_ids"`
		}{replayed})
	})
	return replayed, err
}

// AlertThread is where a route's messages about a subject stand together, "" when there is nothing yet.
func (s *Store) AlertThread(ctx context.Context, routeID, subject string) (thread string, err error) {
	_, err = s.one(ctx, "alert_thread_get", args{"alert_route_id": routeID, "subject": subject}, &thread)
	return thread, err
}

// KeepAlertThread notes where a route's messages about a subject stand. The first note holds.
func (s *Store) KeepAlertThread(ctx context.Context, routeID, subject, thread string) error {
	_, err := s.exec(ctx, "alert_thread_insert", args{
		"alert_route_id": routeID, "subject": subject, "thread": thread, "now_ms": s.nowMS(),
	})
	return err
}

// AlertDeliveries returns the deliveries that the filter selects, newest first, and how many there are
// without the filter's limit and offset.
func (s *Store) AlertDeliveries(ctx context.Context, filter api.AlertDeliveryFilter) (deliveries []api.AlertDelivery, total int, err error) {
	values := args{}
	values.given("alert_route_id", filter.AlertRouteID)
	values.given("event_id", filter.EventID)
	values.given("state", filter.State)
	if _, err = s.one(ctx, "alert_delivery_count", values, &total); err != nil {
		return nil, 0, err
	}
	values["newest_first"] = true
	boundArgs(values, filter.Limit, filter.Offset)
	deliveries, err = s.deliveries(ctx, values)
	return deliveries, total, err
}

func (s *Store) deliveries(ctx context.Context, values args) ([]api.AlertDelivery, error) {
	deliveries := []api.AlertDelivery{}
	err := s.each(ctx, "alert_delivery_list", values, func(scan func(...any) error) error {
		var d api.AlertDelivery
		var nextAtMS, createdAtMS, updatedAtMS int64
		var document string
		err := scan(&d.DeliveryID, &d.AlertRouteID, &d.State, &d.Attempts, &d.Refused, &nextAtMS, &d.LastStatus,
			&createdAtMS, &updatedAtMS, &document)
		if err != nil {
			return err
		}
		if d.State == api.DeliveryPending {
			next := timeOf(nextAtMS)
			d.NextAttemptAt = &next
		}
		d.CreatedAt, d.UpdatedAt = timeOf(createdAtMS), timeOf(updatedAtMS)
		deliveries = append(deliveries, d)
		return decode(document, &deliveries[len(deliveries)-1].Event)
	})
	return deliveries, err
}
