package api

import "time"

// States of an [AlertDelivery].
const (
	// DeliveryPending: not delivered yet; it is tried again at NextAttemptAt.
	DeliveryPending = "pending"
	// DeliverySent: the receiver answered with a success.
	DeliverySent = "sent"
	// DeliveryDead: given up, LastStatus says why.
	DeliveryDead = "dead"
)

// AlertDelivery is one event on its way to one alert route. There is at most one for each pair.
type AlertDelivery struct {
	DeliveryID   string     `json:"delivery_id"`
	AlertRouteID string     `json:"alert_route_id"`
	Event        AlertEvent `json:"event"`
	// State is [DeliveryPending], [DeliverySent] or [DeliveryDead].
	State string `json:"state"`
	// Attempts counts the tries begun, the running one included.
	Attempts int `json:"attempts"`
	// Refused counts those of them that the receiver refused, such as with 400: it does not take the message as it is.
	Refused int `json:"refused"`
	// NextAttemptAt is when the next try is due; nil once the delivery has ended.
	NextAttemptAt *time.Time `json:"next_attempt_at"`
	// LastStatus is how the last try ended, such as "500 Internal Server Error"; empty before the first.
	LastStatus string    `json:"last_status"`
	CreatedAt  time.Time `json:"created_at"`
	UpdatedAt  time.Time `json:"updated_at"`
}

// AlertTest is how the test of an alert route went.
type AlertTest struct {
	AlertRouteID string `json:"alert_route_id"`
	Delivered    bool   `json:"delivered"`
	// Status is what the receiver answered, such as "200 OK".
	Status string `json:"status"`
	// Answer is the first 200 characters of what it said.
	Answer string `json:"answer"`
}

// AlertClaim is what a gateway takes of an alert route to send it.
type AlertClaim struct {
	AlertRouteID string
	// Destination is where it goes. Several routes may have one.
	Destination string
	Now         time.Time
	// Until is how long what is claimed is the gateway's.
	Until time.Time
	// Subjects is of how many subjects it takes what waits, Most how many deliveries in all.
	Subjects, Most int
	// Pace is how long the destination wants to be left alone after each claim.
	Pace time.Duration
}

// AlertFailure is how an attempt ended that did not arrive.
type AlertFailure struct {
	DeliveryID string
	Attempt    int
	Status     string
	// Refused: the receiver does not take the message as it is.
	Refused bool
}

// AlertHold is what waits for a message about the same subject that did not arrive.
type AlertHold struct {
	AlertRouteID, Subject string
	Now                   time.Time
	// Urgent is until when events of UrgentSeverity or UrgentType wait, the one of them that was tried most so often; all wait
	// for one moment. Other is until when the others do.
	Urgent                     func(attempts int) time.Time
	Other                      time.Time
	UrgentSeverity, UrgentType string
	// Status says why.
	Status string
}
