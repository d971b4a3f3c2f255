package store_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store/storetest"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func newEvent(id string, at time.Time) api.AlertEvent {
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	return api.AlertEvent{
		ID: id, Type: api.EventBudgetSoftLimit, Severity: "warning", CreatedAt: at, Message: "80 % <spent>", TeamID: "t1",
		Scope: "team:t1", Threshold: 0.8, Spend: 80 * money.USD, MaxBudget: 100 * money.USD, PeriodStart: &start, HardCap: true,
	}
}

// taken are decisions of routes that take an event.
func taken(routes ...string) (decisions []api.AlertDecision) {
	for _, route := range routes {
		decisions = append(decisions, api.AlertDecision{AlertRouteID: route, Name: route, Takes: true, Reason: "it asks for it"})
	}
	return decisions
}

func TestAlertEvents_areRoutedOnce(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		first, second := newEvent("e1", clock.Now()), newEvent("e2", clock.Now().Add(time.Second))
		if err := s.AppendLedger(t.Context(), nil, []api.AlertEvent{second, first, first}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]api.AlertEvent{first, second}, must(s.UnroutedAlertEvents(t.Context(), 10))(t)); diff != "" {
			t.Errorf("unrouted (-want +got):\n%s", diff)
		}
		for i, routes := range [][]string{{"r1", "r2"}, {"r1", "r2", "r3"}} {
			first, err := s.RouteAlertEvent(t.Context(), "e1", "e1", taken(routes...))
			if err != nil || first != (i == 0) {
				t.Fatalf("routed for the first time: %t at try %d, %v", first, i, err)
			}
		}
		if _, err := s.RouteAlertEvent(t.Context(), "e2", "e2", nil); err != nil {
			t.Fatal(err)
		}
		if left := must(s.UnroutedAlertEvents(t.Context(), 10))(t); len(left) != 0 {
			t.Errorf("left unrouted: %v", left)
		}
		if err := s.InsertAlertEvent(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		if again := must(s.UnroutedAlertEvents(t.Context(), 10))(t); len(again) != 0 {
			t.Errorf("an event that came again is routed again: %v", again)
		}
		deliveries, total, err := s.AlertDeliveries(t.Context(), api.AlertDeliveryFilter{})
		if err != nil || total != 2 || len(deliveries) != 2 {
			t.Fatalf("deliveries are %v, %d, %v", deliveries, total, err)
		}
		d := deliveries[0]
		if d.State != api.DeliveryPending || d.Attempts != 0 || d.NextAttemptAt == nil || !cmp.Equal(d.Event, first) {
			t.Errorf("delivery is %+v", d)
		}
	})
}

// claimOfR1 takes what is due of route r1.
func claimOfR1(clock *clock, lease time.Duration, most int) api.AlertClaim {
	return api.AlertClaim{AlertRouteID: "r1", Destination: "r1", Now: clock.Now(), Until: clock.Now().Add(lease), Subjects: most, Most: most}
}

// claim takes everything that is due for route r1.
func claim(t *testing.T, s *store.Store, clock *clock, lease time.Duration) []api.AlertDelivery {
	t.Helper()
	claimed, _, err := s.ClaimDeliveries(t.Context(), claimOfR1(clock, lease, 10))
	if err != nil {
		t.Fatal(err)
	}
	return claimed
}

func putDelivery(t *testing.T, s *store.Store, clock *clock) {
	t.Helper()
	if err := s.InsertAlertEvent(t.Context(), newEvent("e1", clock.Now())); err != nil {
		t.Fatal(err)
	}
	if _, err := s.RouteAlertEvent(t.Context(), "e1", "e1", taken("r1")); err != nil {
		t.Fatal(err)
	}
}

func delivery(t *testing.T, s *store.Store) api.AlertDelivery {
	t.Helper()
	deliveries, _, err := s.AlertDeliveries(t.Context(), api.AlertDeliveryFilter{EventID: "e1", AlertRouteID: "r1"})
	if err != nil || len(deliveries) != 1 {
		t.Fatalf("deliveries are %v, %v", deliveries, err)
	}
	return deliveries[0]
}

func TestClaimDeliveries_leaseEndsWithItsHolder(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		putDelivery(t, s, clock)
		if routes := must(s.DueAlertRoutes(t.Context(), clock.Now()))(t); len(routes) != 1 || routes[0] != "r1" {
			t.Errorf("due are %v", routes)
		}
		first := claim(t, s, clock, time.Minute)
		if len(first) != 1 || first[0].Attempts != 1 || first[0].Event.ID != "e1" {
			t.Fatalf("claimed %+v", first)
		}
		if again := claim(t, s, clock, time.Minute); len(again) != 0 {
			t.Errorf("claimed under a lease: %+v", again)
		}
		if routes := must(s.DueAlertRoutes(t.Context(), clock.Now()))(t); len(routes) != 0 {
			t.Errorf("due under a lease are %v", routes)
		}
		clock.Advance(time.Minute)
		second := claim(t, s, clock, time.Minute)
		if len(second) != 1 || second[0].Attempts != 2 || second[0].DeliveryID != first[0].DeliveryID {
			t.Fatalf("after the lease, claimed %+v", second)
		}
		// The first holder was only slow: its failure must not touch the second's attempt, its success counts.
		id := first[0].DeliveryID
		if err := s.DeliveryFailed(t.Context(), api.AlertFailure{DeliveryID: id, Attempt: 1, Status: "late"}, clock.Now()); err != nil {
			t.Fatal(err)
		}
		if err := s.DeliveryDead(t.Context(), api.AlertFailure{DeliveryID: id, Attempt: 1, Status: "late"}); err != nil {
			t.Fatal(err)
		}
		if d := delivery(t, s); d.State != api.DeliveryPending || d.LastStatus != "" {
			t.Errorf("a late failure changed %+v", d)
		}
		if err := s.DeliverySent(t.Context(), id, 1, "200 OK"); err != nil {
			t.Fatal(err)
		}
		if err := s.DeliveryFailed(t.Context(), api.AlertFailure{DeliveryID: id, Attempt: 2, Status: "500"}, clock.Now()); err != nil {
			t.Fatal(err)
		}
		if d := delivery(t, s); d.State != api.DeliverySent || d.LastStatus != "200 OK" || d.NextAttemptAt != nil {
			t.Errorf("delivery is %+v", d)
		}
	})
}

func TestDeliveryFailed_isDueAgainAndDiesInTheEnd(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		putDelivery(t, s, clock)
		id := claim(t, s, clock, time.Minute)[0].DeliveryID
		if err := s.DeliveryFailed(t.Context(), api.AlertFailure{DeliveryID: id, Attempt: 1, Status: "500"}, clock.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		clock.Advance(time.Hour - time.Millisecond)
		if early := claim(t, s, clock, time.Minute); len(early) != 0 {
			t.Errorf("claimed early: %+v", early)
		}
		clock.Advance(time.Millisecond)
		if due := claim(t, s, clock, time.Minute); len(due) != 1 || due[0].LastStatus != "500" {
			t.Fatalf("claimed %+v", due)
		}
		if err := s.DeliveryDead(t.Context(), api.AlertFailure{DeliveryID: id, Attempt: 2, Status: "410 Gone"}); err != nil {
			t.Fatal(err)
		}
		clock.Advance(time.Hour)
		if dead := claim(t, s, clock, time.Minute); len(dead) != 0 {
			t.Errorf("claimed the dead: %+v", dead)
		}
		if d := delivery(t, s); d.State != api.DeliveryDead || d.Attempts != 2 {
			t.Errorf("delivery is %+v", d)
		}
	})
}

func TestDeleteAlertRoutes_givesUpItsDeliveries(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		must(s.CreateAlertRoute(t.Context(), alice, newRoute("r1", "a")))(t)
		putDelivery(t, s, clock)
		must(s.DeleteAlertRoutes(t.Context(), alice, []string{"r1"}, false))(t)
		if d := delivery(t, s); d.State != api.DeliveryDead || d.LastStatus != "the alert route was deleted" {
			t.Errorf("delivery is %+v", d)
		}
	})
}

func TestClaimDeliveries_twoGatewaysShare(t *testing.T) {
	clock, place := newClock(), storetest.Postgres(t)
	gateways := []*store.Store{open(t, place, clock), open(t, place, clock)}
	const events = 60
	for i := range events {
		id := fmt.Sprintf("e%02d", i)
		if err := gateways[0].InsertAlertEvent(t.Context(), newEvent(id, clock.Now())); err != nil {
			t.Fatal(err)
		}
		if _, err := gateways[0].RouteAlertEvent(t.Context(), id, id, taken("r1")); err != nil {
			t.Fatal(err)
		}
	}
	var mu sync.Mutex
	claimed := map[string]int{}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for {
				taken, _, err := gateways[i%2].ClaimDeliveries(t.Context(), claimOfR1(clock, time.Minute, 3))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for _, d := range taken {
					claimed[d.Event.ID]++
				}
				enough := len(claimed) == events
				mu.Unlock()
				if enough || t.Context().Err() != nil {
					return
				}
			}
		})
	}
	all.Wait()
	for id, times := range claimed {
		if times != 1 {
			t.Errorf("%s was claimed %d times", id, times)
		}
	}
}

// An event keeps which routes took it and why; one that may wait is due later; whoever acknowledges it first stays.
func TestAlertEvents_keepWhatWasDecided(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		event := newEvent("e1", clock.Now())
		if err := s.InsertAlertEvent(t.Context(), event); err != nil {
			t.Fatal(err)
		}
		later := clock.Now().Add(time.Hour)
		decisions := append(taken("r1", "r2"), api.AlertDecision{AlertRouteID: "r3", Name: "r3", Reason: "it is switched off"})
		decisions[1].At = &later
		if _, err := s.RouteAlertEvent(t.Context(), "e1", "e1", decisions); err != nil {
			t.Fatal(err)
		}
		if due := must(s.DueAlertRoutes(t.Context(), clock.Now()))(t); len(due) != 1 || due[0] != "r1" {
			t.Errorf("due now: %v", due)
		}
		if due := must(s.DueAlertRoutes(t.Context(), later))(t); len(due) != 2 {
			t.Errorf("due in an hour: %v", due)
		}
		for _, actor := range []string{"ann", "bob"} {
			if _, err := s.AcknowledgeAlert(t.Context(), api.Change{Actor: actor}, "e1"); err != nil {
				t.Fatal(err)
			}
		}
		events, total, err := s.AlertEvents(t.Context(), api.AlertEventFilter{Type: event.Type, TeamID: "t1", Severity: "warning", Limit: 10})
		if err != nil || total != 1 || events[0].AcknowledgedBy != "ann" || events[0].AcknowledgedAt == nil {
			t.Fatalf("events: %+v, %d, %v", events, total, err)
		}
		if diff := cmp.Diff(decisions, events[0].Decisions); diff != "" {
			t.Errorf("decisions (-want +got):\n%s", diff)
		}
		if none, total, _ := s.AlertEvents(t.Context(), api.AlertEventFilter{TeamID: "t2", Limit: 10}); total != 0 || len(none) != 0 {
			t.Errorf("another team's: %+v", none)
		}
		if _, err := s.AcknowledgeAlert(t.Context(), api.Change{}, "missing"); api.CodeOf(err) != api.NotFound {
			t.Errorf("acknowledged what is not there: %v", err)
		}
	})
}

func TestAlertSilences(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		until := clock.Now().Add(time.Hour)
		made := must(s.SilenceAlerts(t.Context(), api.Change{Actor: "ann"}, api.AlertSilence{TeamID: "t1", Event: api.EventBudgetSoftLimit, Until: until, Reason: "a launch"}))(t)
		if running := must(s.AlertSilences(t.Context(), clock.Now()))(t); len(running) != 1 || !cmp.Equal(running[0], made) || made.CreatedBy != "ann" {
			t.Errorf("running: %+v, made %+v", running, made)
		}
		if running := must(s.AlertSilences(t.Context(), until))(t); len(running) != 0 {
			t.Errorf("ended by itself: %+v", running)
		}
		if _, err := s.EndSilence(t.Context(), api.Change{Actor: "bob"}, made.SilenceID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.EndSilence(t.Context(), api.Change{Actor: "bob"}, made.SilenceID); api.CodeOf(err) != api.NotFound {
			t.Errorf("ended twice: %v", err)
		}
	})
}

// What waits about one subject goes together and in order, nobody else gets any of it meanwhile, and what was not due yet keeps
// its time and its attempts.
func TestClaimDeliveries_keepTheOrderOfASubject(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		put := func(id, subject string) {
			if err := s.InsertAlertEvent(t.Context(), newEvent(id, clock.Now())); err != nil {
				t.Fatal(err)
			}
			if _, err := s.RouteAlertEvent(t.Context(), id, subject, taken("r1")); err != nil {
				t.Fatal(err)
			}
			clock.Advance(time.Second)
		}
		told := func(claimed []api.AlertDelivery) (told string) {
			for _, d := range claimed {
				told += fmt.Sprintf("%s:%d ", d.Event.ID, d.Attempts)
			}
			return told
		}
		put("e1", "red")
		first := claim(t, s, clock, time.Minute)
		put("e2", "red")
		put("e3", "blue")
		if got := told(claim(t, s, clock, time.Minute)); got != "e3:1 " {
			t.Errorf("beside a claim of red: %s", got)
		}
		next := clock.Now().Add(time.Hour)
		if err := s.DeliveryFailed(t.Context(), api.AlertFailure{DeliveryID: first[0].DeliveryID, Attempt: 1, Status: "500"}, next); err != nil {
			t.Fatal(err)
		}
		together := claim(t, s, clock, time.Minute)
		if got := told(together); got != "e1:1 e2:1 " {
			t.Errorf("when e2 is due, and e1 in an hour: %s", got)
		}
		if at := together[0].NextAttemptAt; at == nil || !at.Equal(next) {
			t.Errorf("e1 is due at %v, want %s still", at, next)
		}
	})
}

// What is due about a subject waits with a message before it that failed, what is urgent for its own time; what is claimed, about
// another subject or not due yet stays as it was.
func TestHoldDeliveries(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		put := func(id, subject, severity string, at *time.Time) {
			event := newEvent(id, clock.Now())
			event.Severity = severity
			if err := s.InsertAlertEvent(t.Context(), event); err != nil {
				t.Fatal(err)
			}
			decisions := taken("r1")
			decisions[0].At = at
			if _, err := s.RouteAlertEvent(t.Context(), id, subject, decisions); err != nil {
				t.Fatal(err)
			}
			clock.Advance(time.Second)
		}
		put("claimed", "red", "warning", nil)
		claim(t, s, clock, time.Minute)
		put("warning", "red", "warning", nil)
		put("refusal", "red", "critical", nil)
		put("morning", "red", "warning", new(clock.Now().Add(3*time.Hour)))
		put("other", "blue", "warning", nil)
		soon, later := clock.Now().Add(time.Minute), clock.Now().Add(time.Hour)
		err := s.HoldDeliveries(t.Context(), api.AlertHold{
			AlertRouteID: "r1", Subject: "red", Now: clock.Now(), Other: later,
			Urgent: func(attempts int) time.Time {
				if attempts != 1 {
					t.Errorf("the refusal was tried %d times, want once", attempts)
				}
				return soon
			},
			UrgentSeverity: "critical", UrgentType: api.EventBudgetHardLimit, Status: "waits",
		})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		deliveries, _, err := s.AlertDeliveries(t.Context(), api.AlertDeliveryFilter{})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range deliveries {
			got[d.Event.ID] = fmt.Sprintf("%d %q", d.Attempts, d.LastStatus)
			if d.NextAttemptAt.Equal(soon) {
				got[d.Event.ID] += " soon"
			}
			if d.NextAttemptAt.Equal(later) {
				got[d.Event.ID] += " later"
			}
		}
		want := map[string]string{
			"claimed": `1 ""`, "warning": `1 "waits" later`, "refusal": `1 "waits" soon`, "morning": `0 ""`, "other": `0 ""`,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// A destination that wants its pace has it over all routes and gateways; one that fails on end is left alone for a while.
func TestClaimDeliveries_paceAndRestOfADestination(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		for _, id := range []string{"e1", "e2", "e3", "e4"} {
			if err := s.InsertAlertEvent(t.Context(), newEvent(id, clock.Now())); err != nil {
				t.Fatal(err)
			}
			if _, err := s.RouteAlertEvent(t.Context(), id, id, taken("r1", "r2")); err != nil {
				t.Fatal(err)
			}
		}
		claimed := func(route string) int {
			one := claimOfR1(clock, time.Minute, 1)
			one.AlertRouteID, one.Destination, one.Pace = route, "slack", time.Second
			got, freeAt, err := s.ClaimDeliveries(t.Context(), one)
			if err != nil || !freeAt.After(clock.Now()) {
				t.Fatalf("free at %s, %v", freeAt, err)
			}
			return len(got)
		}
		if a, b := claimed("r1"), claimed("r2"); a != 1 || b != 0 {
			t.Errorf("%d and %d within a second", a, b)
		}
		clock.Advance(time.Second)
		if n := claimed("r2"); n != 1 {
			t.Errorf("%d in the next", n)
		}
		clock.Advance(time.Second)
		for range 3 {
			if err := s.DestinationAnswered(t.Context(), "slack", false, 3, clock.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
		}
		if n := claimed("r1"); n != 0 {
			t.Errorf("%d from one that rests", n)
		}
		if err := s.DestinationAnswered(t.Context(), "slack", true, 3, time.Time{}); err != nil {
			t.Fatal(err)
		}
		if n := claimed("r1"); n != 1 {
			t.Errorf("%d from one that answers again", n)
		}
	})
}

// Refusals are counted by themselves, and start anew when a message is sent again. What was refused and is not due leaves its place
// to what is.
func TestDeliveryFailed_countsRefusals(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, clock *clock) {
		putDelivery(t, s, clock)
		id := claim(t, s, clock, time.Minute)[0].DeliveryID
		for attempt, refused := range []bool{false, true, true} {
			failure := api.AlertFailure{DeliveryID: id, Attempt: attempt + 1, Status: "400", Refused: refused}
			if err := s.DeliveryFailed(t.Context(), failure, clock.Now()); err != nil {
				t.Fatal(err)
			}
			if got := claim(t, s, clock, time.Minute); len(got) != 1 || got[0].Attempts != attempt+2 {
				t.Fatalf("claimed %+v", got)
			}
		}
		if d := delivery(t, s); d.Attempts != 4 || d.Refused != 2 {
			t.Errorf("delivery is %+v, want two of four attempts refused", d)
		}
		if err := s.DeliveryFailed(t.Context(), api.AlertFailure{DeliveryID: id, Attempt: 4, Status: "400", Refused: true}, clock.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		clock.Advance(time.Second)
		if err := s.InsertAlertEvent(t.Context(), newEvent("e2", clock.Now())); err != nil {
			t.Fatal(err)
		}
		if _, err := s.RouteAlertEvent(t.Context(), "e2", "e1", taken("r1")); err != nil {
			t.Fatal(err)
		}
		next, _, err := s.ClaimDeliveries(t.Context(), claimOfR1(clock, time.Minute, 1))
		if err != nil || len(next) != 1 || next[0].Event.ID != "e2" {
			t.Fatalf("claimed %+v, %v, want the one that is due", next, err)
		}
		if err := s.DeliveryDead(t.Context(), api.AlertFailure{DeliveryID: id, Attempt: 4, Status: "400", Refused: true}); err != nil {
			t.Fatal(err)
		}
		if d := delivery(t, s); d.State != api.DeliveryDead || d.Refused != 4 {
			t.Errorf("delivery is %+v, want it given up after four refusals", d)
		}
		must(s.ReplayDeliveries(t.Context(), alice, []string{id}, ""))(t)
		if d := delivery(t, s); d.Attempts != 0 || d.Refused != 0 {
			t.Errorf("sent again, delivery is %+v", d)
		}
	})
}
