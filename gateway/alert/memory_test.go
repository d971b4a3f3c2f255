package alert_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// memory is an outbox that keeps the promises of [alert.Outbox] without a database. A fake, because the
// tests over it run for days of a synthetic clock.
type memory struct {
	mu         sync.Mutex
	routes     []api.AlertRoute
	unrouted   []api.AlertEvent
	deliveries []*delivery
	threads    map[string]string
	inserted   map[string]bool
	// fail, if set, is asked before each call, by method name and argument.
	fail func(method, argument string) error
}

type delivery struct {
	api.AlertDelivery
	subject                  string
	claimableAt, leasedUntil time.Time
}

var errOutbox = errors.New("outbox is gone")

func (m *memory) begin(method, argument string) (func(), error) {
	m.mu.Lock()
	if m.fail != nil {
		if err := m.fail(method, argument); err != nil {
			m.mu.Unlock()
			return nil, err
		}
	}
	return m.mu.Unlock, nil
}

func (m *memory) add(events ...api.AlertEvent) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.unrouted = append(m.unrouted, events...)
}

func (m *memory) InsertAlertEvent(_ context.Context, event api.AlertEvent) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.inserted[event.ID] {
		return nil
	}
	if m.inserted == nil {
		m.inserted = map[string]bool{}
	}
	m.inserted[event.ID] = true
	m.unrouted = append(m.unrouted, event)
	return nil
}

func (m *memory) EndIncidents(context.Context, time.Time, int) (int, error) { return 0, nil }

func (m *memory) TellExpiringKeys(context.Context, time.Time, time.Time, int) (int, error) {
	return 0, nil
}

func (m *memory) AlertTeam(context.Context, string) (api.AlertTeam, error) {
	return api.AlertTeam{}, nil
}

func (m *memory) AlertSilences(context.Context, time.Time) ([]api.AlertSilence, error) {
	return nil, nil
}

func (m *memory) StandingAlerts(context.Context, []string) ([]api.StandingAlert, error) {
	return nil, nil
}

func (m *memory) UnroutedAlertEvents(_ context.Context, n int) ([]api.AlertEvent, error) {
	end, err := m.begin("unrouted", "")
	if err != nil {
		return nil, err
	}
	defer end()
	return slices.Clone(m.unrouted[:min(n, len(m.unrouted))]), nil
}

func (m *memory) RouteAlertEvent(_ context.Context, eventID, subject string, decisions []api.AlertDecision) (bool, error) {
	end, err := m.begin("route", eventID)
	if err != nil {
		return false, err
	}
	defer end()
	at := slices.IndexFunc(m.unrouted, func(e api.AlertEvent) bool { return e.ID == eventID })
	if at < 0 {
		return false, nil
	}
	for _, decision := range decisions {
		if !decision.Takes {
			continue
		}
		routed := &delivery{AlertDelivery: api.AlertDelivery{
			DeliveryID: fmt.Sprintf("delivery_%d", len(m.deliveries)), AlertRouteID: decision.AlertRouteID,
			Event: m.unrouted[at], State: api.DeliveryPending,
		}, subject: subject}
		if decision.At != nil {
			routed.claimableAt = *decision.At
		}
		m.deliveries = append(m.deliveries, routed)
	}
	m.unrouted = slices.Delete(m.unrouted, at, at+1)
	return true, nil
}

func (m *memory) DueAlertRoutes(_ context.Context, now time.Time) ([]string, error) {
	end, err := m.begin("due", "")
	if err != nil {
		return nil, err
	}
	defer end()
	var ids []string
	for _, d := range m.deliveries {
		if d.due(now) && !slices.Contains(ids, d.AlertRouteID) {
			ids = append(ids, d.AlertRouteID)
		}
	}
	return ids, nil
}

// staysBehind is 1 for what is claimed where there is room.
func (d *delivery) staysBehind(now time.Time) int {
	if d.Refused > 0 && d.claimableAt.After(now) {
		return 1
	}
	return 0
}

func (d *delivery) due(now time.Time) bool {
	return d.State == api.DeliveryPending && !d.claimableAt.After(now)
}

func (m *memory) ClaimDeliveries(_ context.Context, claim api.AlertClaim) ([]api.AlertDelivery, time.Time, error) {
	end, err := m.begin("claim", claim.AlertRouteID)
	if err != nil {
		return nil, time.Time{}, err
	}
	defer end()
	taken := m.subjectsToClaim(claim)
	var claimed []api.AlertDelivery
	inTurn := slices.Clone(m.deliveries)
	slices.SortStableFunc(inTurn, func(a, b *delivery) int { return a.staysBehind(claim.Now) - b.staysBehind(claim.Now) })
	for _, d := range inTurn {
		if len(claimed) == claim.Most || d.AlertRouteID != claim.AlertRouteID || d.State != api.DeliveryPending || !slices.Contains(taken, d.subject) {
			continue
		}
		if d.due(claim.Now) {
			d.Attempts++
			d.claimableAt = claim.Until
		}
		d.leasedUntil = claim.Until
		of := d.AlertDelivery
		of.NextAttemptAt = new(d.claimableAt)
		claimed = append(claimed, of)
	}
	return claimed, time.Time{}, nil
}

// subjectsToClaim are those with something due and nothing taken, oldest first.
func (m *memory) subjectsToClaim(claim api.AlertClaim) (subjects []string) {
	due, leased := map[string]bool{}, map[string]bool{}
	for _, d := range m.deliveries {
		if d.AlertRouteID != claim.AlertRouteID || d.State != api.DeliveryPending {
			continue
		}
		due[d.subject] = due[d.subject] || d.due(claim.Now)
		leased[d.subject] = leased[d.subject] || d.leasedUntil.After(claim.Now)
		if !slices.Contains(subjects, d.subject) {
			subjects = append(subjects, d.subject)
		}
	}
	subjects = slices.DeleteFunc(subjects, func(subject string) bool { return !due[subject] || leased[subject] })
	return subjects[:min(len(subjects), claim.Subjects)]
}

func (m *memory) DestinationAnswered(context.Context, string, bool, int, time.Time) error { return nil }

func (m *memory) DeliverySent(_ context.Context, id string, _ int, status string) error {
	return m.mark("sent", id, func(d *delivery) { d.State, d.LastStatus = api.DeliverySent, status })
}

func (m *memory) DeliveryFailed(_ context.Context, failure api.AlertFailure, next time.Time) error {
	return m.mark("failed", failure.DeliveryID, func(d *delivery) {
		if d.State == api.DeliveryPending && d.Attempts == failure.Attempt {
			d.claimableAt, d.leasedUntil = next, time.Time{}
			d.note(failure)
		}
	})
}

func (m *memory) HoldDeliveries(_ context.Context, hold api.AlertHold) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	var urgent []*delivery
	most := 0
	for _, d := range m.deliveries {
		if d.AlertRouteID != hold.AlertRouteID || d.subject != hold.Subject || !d.due(hold.Now) || d.leasedUntil.After(hold.Now) {
			continue
		}
		d.Attempts++
		d.claimableAt, d.LastStatus = hold.Other, hold.Status
		if d.Event.Severity == hold.UrgentSeverity || d.Event.Type == hold.UrgentType {
			urgent, most = append(urgent, d), max(most, d.Attempts)
		}
	}
	at := hold.Urgent(most)
	for _, d := range urgent {
		d.claimableAt = at
	}
	return nil
}

func (m *memory) DeliveryDead(_ context.Context, failure api.AlertFailure) error {
	return m.mark("dead", failure.DeliveryID, func(d *delivery) {
		if d.State == api.DeliveryPending && d.Attempts == failure.Attempt {
			d.State = api.DeliveryDead
			d.note(failure)
		}
	})
}

func (d *delivery) note(failure api.AlertFailure) {
	d.LastStatus = failure.Status
	if failure.Refused {
		d.Refused++
	}
}

func (m *memory) mark(method, id string, change func(*delivery)) error {
	end, err := m.begin(method, id)
	if err != nil {
		return err
	}
	defer end()
	for _, d := range m.deliveries {
		if d.DeliveryID == id {
			change(d)
		}
	}
	return nil
}

func (m *memory) AlertRouteTargets(context.Context) ([]api.AlertRoute, error) {
	end, err := m.begin("targets", "")
	if err != nil {
		return nil, err
	}
	defer end()
	return slices.Clone(m.routes), nil
}

func (m *memory) AlertRouteTarget(_ context.Context, id string) (api.AlertRoute, error) {
	end, err := m.begin("target", id)
	if err != nil {
		return api.AlertRoute{}, err
	}
	defer end()
	for _, route := range m.routes {
		if route.AlertRouteID == id {
			return route, nil
		}
	}
	return api.AlertRoute{}, api.Errorf(api.NotFound, "alert route %q does not exist", id)
}

func (m *memory) AlertThread(_ context.Context, routeID, subject string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.threads[routeID+" "+subject], nil
}

func (m *memory) KeepAlertThread(_ context.Context, routeID, subject, thread string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.threads == nil {
		m.threads = map[string]string{}
	}
	if m.threads[routeID+" "+subject] == "" {
		m.threads[routeID+" "+subject] = thread
	}
	return nil
}

// states counts the deliveries by state.
func (m *memory) states() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	states := map[string]int{}
	for _, d := range m.deliveries {
		states[d.State]++
	}
	return states
}

// only returns the one delivery there is.
func (m *memory) only() api.AlertDelivery {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.deliveries) != 1 {
		panic(fmt.Sprintf("%d deliveries, want 1", len(m.deliveries)))
	}
	return m.deliveries[0].AlertDelivery
}
