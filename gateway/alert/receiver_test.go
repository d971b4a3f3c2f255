package alert_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

var (
	sent   = alert.Outcome{Result: alert.Sent, Status: "200 OK"}
	broken = alert.Outcome{Result: alert.Failed, Status: "500 Internal Server Error"}
)

// receiver is a target that notes each attempt and answers as told.
type receiver struct {
	mu       sync.Mutex
	attempts []attempt
	running  map[string]int
	most     map[string]int // attempts at once, by route
	answer   func(ctx context.Context, routeID string, event api.AlertEvent) alert.Outcome
}

type attempt struct {
	routeID, eventID string
	at               time.Time
}

func newReceiver(answer func(ctx context.Context, routeID string, event api.AlertEvent) alert.Outcome) *receiver {
	return &receiver{running: map[string]int{}, most: map[string]int{}, answer: answer}
}

func always(outcome alert.Outcome) *receiver {
	return newReceiver(func(context.Context, string, api.AlertEvent) alert.Outcome { return outcome })
}

func (r *receiver) Send(ctx context.Context, route api.AlertRoute, message alert.Message) alert.Outcome {
	event := message.Event()
	id := route.AlertRouteID
	r.mu.Lock()
	r.attempts = append(r.attempts, attempt{id, event.ID, time.Now()})
	r.running[id]++
	r.most[id] = max(r.most[id], r.running[id])
	r.mu.Unlock()
	outcome := r.answer(ctx, id, event)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running[id]--
	return outcome
}

// of returns the attempts to a route.
func (r *receiver) of(routeID string) []attempt {
	r.mu.Lock()
	defer r.mu.Unlock()
	var attempts []attempt
	for _, a := range r.attempts {
		if a.routeID == routeID {
			attempts = append(attempts, a)
		}
	}
	return attempts
}

func routes(ids ...string) []api.AlertRoute {
	var routes []api.AlertRoute
	for _, id := range ids {
		route := api.NewAlertRoute(id)
		route.Webhook = &api.WebhookTarget{URL: "https://hooks.example/" + id}
		routes = append(routes, route)
	}
	return routes
}

func events(n int) []api.AlertEvent {
	var events []api.AlertEvent
	for i := range n {
		events = append(events, api.AlertEvent{ID: fmt.Sprintf("event_%d", i), Type: api.EventBudgetSoftLimit, Severity: "warning"})
	}
	return events
}

// run starts a sender that stops with the test's bubble.
func run(t *testing.T, outbox alert.Outbox, target alert.Target) (sender *alert.Sender, stop func()) {
	t.Helper()
	sender = alert.New(alert.Options{Outbox: outbox, Targets: map[string]alert.Target{"webhook": target, "slack": target}, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); sender.Run(ctx) }()
	return sender, func() { cancel(); <-done }
}

func assertOnceEach(t *testing.T, attempts []attempt, want int) {
	t.Helper()
	seen := map[string]int{}
	for _, a := range attempts {
		seen[a.routeID+" "+a.eventID]++
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s was sent %d times", id, n)
		}
	}
	if len(seen) != want {
		t.Errorf("%d sent, want %d", len(seen), want)
	}
}
