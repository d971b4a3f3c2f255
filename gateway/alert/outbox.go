package alert

import (
	"context"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Outbox is the part of the record that holds events and deliveries until they have arrived.
// Several senders, in several gateways, may use one outbox at a time.
type Outbox interface {
	// UnroutedAlertEvents returns up to n events that have no deliveries yet, oldest first.
	UnroutedAlertEvents(ctx context.Context, n int) ([]api.AlertEvent, error)

	// InsertAlertEvent adds an event, to be routed. One that is there already stays as it is.
	InsertAlertEvent(ctx context.Context, event api.AlertEvent) error

	// EndIncidents adds the events that say of up to n budgets, whose period has ended and that people were told of,
	// that they hold again, each once over all gateways. It returns how many there were.
	EndIncidents(ctx context.Context, now time.Time, n int) (int, error)

	// TellExpiringKeys adds the events of up to n keys that stop working between now and until and that nobody was told of yet.
	TellExpiringKeys(ctx context.Context, now, until time.Time, n int) (int, error)

	// RouteAlertEvent stores the deliveries to the routes that take the event, due when their decisions say or at once, keeps
	// the decisions, and takes the event off the unrouted ones, in one step. Doing it again changes nothing. What has one
	// subject goes to a route in order. first says that nobody else had routed it.
	RouteAlertEvent(ctx context.Context, eventID, subject string, decisions []api.AlertDecision) (first bool, err error)

	// AlertTeam is what routes need of a team, nothing when there is none.
	AlertTeam(ctx context.Context, teamID string) (api.AlertTeam, error)

	// AlertSilences are the silences that have not ended.
	AlertSilences(ctx context.Context, now time.Time) ([]api.AlertSilence, error)

	// StandingAlerts are the events of budgets that still hold, with each of the routes that got them.
	StandingAlerts(ctx context.Context, routeIDs []string) ([]api.StandingAlert, error)

	// DueAlertRoutes returns the ids of the routes that have a delivery to claim at now.
	DueAlertRoutes(ctx context.Context, now time.Time) ([]string, error)

	// ClaimDeliveries takes what is due of a route, oldest first, with all else that waits about the same subjects, and counts
	// an attempt for what is due. Nobody else can claim anything about these subjects before the claim ends; after that they
	// are due again. freeAt is when the destination takes more; zero when it does not say.
	ClaimDeliveries(ctx context.Context, claim api.AlertClaim) (claimed []api.AlertDelivery, freeAt time.Time, err error)

	// DestinationAnswered notes whether a destination took what it was sent. One that did not most times on end is left alone
	// until openUntil.
	DestinationAnswered(ctx context.Context, destination string, took bool, most int, openUntil time.Time) error

	// DeliverySent ends a delivery as delivered, whichever attempt it was.
	DeliverySent(ctx context.Context, deliveryID string, attempt int, status string) error

	// DeliveryFailed makes a delivery due again at next. It changes nothing when the delivery has ended
	// or another attempt has begun meanwhile; the same holds for DeliveryDead.
	DeliveryFailed(ctx context.Context, failure api.AlertFailure, next time.Time) error

	// HoldDeliveries lets what is due about a subject, and nobody has claimed, wait for a message before it, and counts an attempt
	// for it, as if it had been claimed with that message.
	HoldDeliveries(ctx context.Context, hold api.AlertHold) error

	// DeliveryDead ends a delivery as given up.
	DeliveryDead(ctx context.Context, failure api.AlertFailure) error

	// AlertRouteTarget returns a route with its target's secret, or a not-found error.
	AlertRouteTarget(ctx context.Context, routeID string) (api.AlertRoute, error)

	// AlertRouteTargets returns every route with its target's secret.
	AlertRouteTargets(ctx context.Context) ([]api.AlertRoute, error)

	// AlertThread is where a route's messages about a subject stand, "" when there are none.
	AlertThread(ctx context.Context, routeID, subject string) (string, error)

	// KeepAlertThread notes where they stand. The first note holds.
	KeepAlertThread(ctx context.Context, routeID, subject, thread string) error
}
