// Package alert takes alert events out of the record and delivers each to the routes that want it.
//
// It promises that every event reaches every enabled route that wants it at least once, or is
// given up after three days with a reason, that all attempts carry the event's id so that a
// receiver can drop repetitions, and that a slow receiver delays nobody else.
// It must never know what makes an event, how a budget is counted, or where the record is kept.
package alert

import (
	"context"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Target sends messages to one kind of receiver.
type Target interface {
	// Send makes one attempt, for as long as ctx lasts. Attempts of one message are alike, so that a
	// receiver can tell a repetition by the event's id, where it can tell repetitions at all.
	Send(ctx context.Context, route api.AlertRoute, message Message) Outcome
}

// Message is what a target tells: one event, or several about one team that came together.
type Message struct {
	// Events has at least one; the first is what the message is about, the others go with it.
	Events []api.AlertEvent
	// Thread is where earlier messages about the same stand, as the target's [Outcome] said; "" is nowhere yet.
	Thread string
	// Subject is what the message is about, for targets that put together what has one; "" is nothing.
	Subject string
	// Links are where a reader may go from there.
	Links []Link
}

// Link is one of a message.
type Link struct {
	// Rel is what it is for: "team", "ask" or "silence".
	Rel  string `json:"rel"`
	Text string `json:"text"`
	URL  string `json:"url"`
}

// Event is what the message is about.
func (m Message) Event() api.AlertEvent { return m.Events[0] }

// Result is what an attempt means for its delivery.
type Result string

const (
	// Sent: the receiver has the event.
	Sent Result = "sent"
	// Failed: it may work later.
	Failed Result = "failed"
	// Refused: the receiver does not take the message as it is. Somebody may mend the receiver; what was told with others may
	// be taken alone.
	Refused Result = "refused"
	// Gone: this message will never be taken, the receiver says. Those after it may be.
	Gone Result = "gone"
)

// Outcome is how an attempt ended.
type Outcome struct {
	Result Result
	// Status says it to people, such as "500 Internal Server Error". It is stored and logged, so it
	// holds nothing of an answer's body, nor of a path or query, which may carry a token.
	Status string
	// Receiver is the host that was tried.
	Receiver string
	// RetryAfter is how long the receiver asks to be left alone; zero when it does not.
	RetryAfter time.Duration
	// Answer is the start of what the receiver said, for the admin who tests a route. It is neither stored nor logged.
	Answer string
	// Thread is where the message stands, for those that follow; "" when the target has no threads.
	Thread string
}
