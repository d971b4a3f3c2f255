package alert

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// again is when what waits about a subject is tried again after an attempt that failed. All of it has the same time, or each
// would ask the receiver at a time of its own. What is urgent waits for no other but what is urgent itself, and not for the end
// of quiet hours.
type again struct {
	urgent, other time.Time
	// retryAfter is how long the receiver asks to be left alone.
	retryAfter time.Duration
	// untried: it waits for a message before it and was not tried itself, so it is not given up.
	untried bool
}

// again is the schedule of the oldest of each kind in what was claimed of a subject.
func (s *Sender) again(claim api.AlertClaim, route *api.AlertRoute, lane [][]api.AlertDelivery, outcome Outcome) again {
	next := again{retryAfter: outcome.RetryAfter}
	for i, group := range lane {
		for _, delivery := range group {
			tries := delivery.Attempts
			if i == 0 && givenUp(claim, delivery, outcome) {
				continue
			}
			if i == 0 && outcome.Result == Refused {
				tries = delivery.Refused + 1
			}
			kind := &next.other
			if neverWaits(delivery.Event) {
				kind = &next.urgent
			}
			if kind.IsZero() {
				*kind = s.turn(claim, delivery, tries, outcome)
			}
		}
	}
	if next.other.IsZero() {
		next.other = next.urgent
	}
	if route != nil {
		next.other = quietEnd(*route, next.other)
	}
	return next
}

// turn is when a delivery would be tried again, after so many tries, if it were alone.
func (s *Sender) turn(claim api.AlertClaim, delivery api.AlertDelivery, tries int, outcome Outcome) time.Time {
	if !wasDue(claim, delivery) {
		return *delivery.NextAttemptAt
	}
	return s.now().Add(nextAttempt(tries, outcome.RetryAfter))
}

// of is when a delivery is tried again. What went along before its time keeps that.
func (a again) of(claim api.AlertClaim, delivery api.AlertDelivery) time.Time {
	if !wasDue(claim, delivery) {
		return *delivery.NextAttemptAt
	}
	if neverWaits(delivery.Event) {
		return a.urgent
	}
	return a.other
}

// wasDue says whether the claim counted an attempt of a delivery, or only took it along with others about the same.
func wasDue(claim api.AlertClaim, delivery api.AlertDelivery) bool {
	next := delivery.NextAttemptAt
	return next == nil || next.Equal(claim.Until)
}

// givenUp says whether the attempt that has ended so was the last of a delivery.
func givenUp(claim api.AlertClaim, delivery api.AlertDelivery, outcome Outcome) bool {
	if !wasDue(claim, delivery) {
		return false
	}
	return delivery.Attempts >= len(schedule) || outcome.Result == Refused && delivery.Refused+1 >= mostRefused
}

// stepsAside says whether what comes after a refused message goes on before it. People can tell what came first. A machine has
// the message twice, as its receiver may be about to be mended; what the receiver takes after that keeps its order.
func stepsAside(route *api.AlertRoute, group []api.AlertDelivery, outcome Outcome) bool {
	if outcome.Result != Refused || route == nil {
		return false
	}
	return readByPeople(*route) || !slices.ContainsFunc(group, func(d api.AlertDelivery) bool { return d.Refused == 0 })
}

// behind is when a refused message, and what waits behind it, is tried again where the message before it was refused as well: with
// that one, because the receiver seems to take nothing, and then has all in order once it is mended. What is urgent waits for what is urgent alone.
func (a again) behind(first again) again {
	a.other = first.other
	if !first.urgent.IsZero() {
		a.urgent = first.urgent
	}
	return a
}

func (s *Sender) allGivenUp(claim api.AlertClaim, group []api.AlertDelivery, outcome Outcome) bool {
	for _, delivery := range group {
		if !givenUp(claim, delivery, outcome) {
			return false
		}
	}
	return true
}

// holdUnclaimed lets what is due about a subject, but was more than one claim takes, wait as well.
func (s *Sender) holdUnclaimed(ctx context.Context, claim api.AlertClaim, failed []api.AlertDelivery, next again) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), markTimeout)
	defer cancel()
	err := s.outbox.HoldDeliveries(ctx, api.AlertHold{
		AlertRouteID: claim.AlertRouteID, Subject: about(failed[0].Event), Now: s.now(), Status: "waits" + comesBefore(failed),
		Urgent: s.unclaimed(next), Other: next.other, UrgentSeverity: urgentSeverity, UrgentType: urgentType,
	})
	if err != nil {
		s.log.WarnContext(ctx, "alerts behind one that failed are not held", slog.Any("error", err))
	}
}

// unclaimed is when what is urgent is tried again that was more than the claim took: with what is urgent in the claim, else as its
// own attempts say. It is not later than the rest, which would bring it along.
func (s *Sender) unclaimed(next again) func(attempts int) time.Time {
	return func(attempts int) time.Time {
		if !next.urgent.IsZero() {
			return next.urgent
		}
		own := s.now().Add(nextAttempt(attempts, next.retryAfter))
		if next.other.Before(own) {
			return next.other
		}
		return own
	}
}

// comesBefore says in a status which message is waited for.
func comesBefore(group []api.AlertDelivery) string {
	return fmt.Sprintf(" (to %s, which comes before it)", group[0].Event.ID)
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
