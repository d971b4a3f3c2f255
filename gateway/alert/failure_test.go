package alert_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// The gateway dies between the receiver's answer and noting it: nobody knows, so it is sent again, as the same event.
func TestSender_killedBeforeTheMark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		died := false
		outbox := &memory{routes: routes("a"), fail: func(method, _ string) error {
			if method == "sent" && !died {
				died = true
				return errOutbox
			}
			return nil
		}}
		target := always(sent)
		outbox.add(events(1)...)
		_, stop := run(t, outbox, target)
		defer stop()
		time.Sleep(59 * time.Second)
		synctest.Wait()
		if n := len(target.of("a")); n != 1 {
			t.Errorf("%d attempts while the claim holds", n)
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		attempts := target.of("a")
		if len(attempts) != 2 || attempts[0].eventID != attempts[1].eventID {
			t.Errorf("attempts %v, want two with one id", attempts)
		}
		if d := outbox.only(); d.State != api.DeliverySent {
			t.Errorf("delivery %+v, want it sent", d)
		}
	})
}

// A gateway that claimed and died leaves its deliveries to another, once the claim has run out.
func TestSender_takesOverFromADeadOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox, target := &memory{routes: routes("a")}, always(sent)
		outbox.add(events(1)...)
		_, _ = outbox.RouteAlertEvent(t.Context(), "event_0", "event_0", []api.AlertDecision{{AlertRouteID: "a", Takes: true}})
		_, _, _ = outbox.ClaimDeliveries(t.Context(), api.AlertClaim{AlertRouteID: "a", Now: time.Now(), Until: time.Now().Add(time.Minute), Subjects: 1, Most: 1})
		_, stop := run(t, outbox, target)
		defer stop()
		time.Sleep(58 * time.Second)
		synctest.Wait()
		if len(target.of("a")) != 0 {
			t.Error("sent while another gateway's claim holds")
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if len(target.of("a")) != 1 {
			t.Error("not sent after the claim has run out")
		}
	})
}

func TestSender_stopLetsAttemptsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := newReceiver(func(ctx context.Context, routeID string, _ api.AlertEvent) alert.Outcome {
			if routeID == "hangs" {
				<-ctx.Done()
				return broken
			}
			time.Sleep(3 * time.Second)
			return sent
		})
		outbox := &memory{routes: routes("slow", "hangs")}
		outbox.add(events(1)...)
		_, stop := run(t, outbox, target)
		synctest.Wait()
		start := time.Now()
		stop()
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("stopped after %s, want 5s: the grace for attempts under way", took)
		}
		if states := outbox.states(); states[api.DeliverySent] != 1 || states[api.DeliveryPending] != 1 {
			t.Errorf("outbox holds %v, want the slow one sent and the hanging one for later", states)
		}
	})
}

func TestSender_outboxComesBack(t *testing.T) {
	for _, method := range []string{"unrouted", "targets", "route", "due", "claim", "failed"} {
		t.Run(method, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				outbox := &memory{routes: routes("a"), fail: func(called, _ string) error {
					if called == method && time.Since(start) < 10*time.Second {
						return errOutbox
					}
					return nil
				}}
				first := true
				target := newReceiver(func(context.Context, string, api.AlertEvent) alert.Outcome {
					defer func() { first = false }()
					if first {
						return broken
					}
					return sent
				})
				outbox.add(events(1)...)
				_, stop := run(t, outbox, target)
				defer stop()
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				if d := outbox.only(); d.State != api.DeliverySent {
					t.Errorf("delivery %+v, want it sent", d)
				}
			})
		})
	}
}

func TestSender_eventThatCannotBeRoutedHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox := &memory{routes: routes("a"), fail: func(method, argument string) error {
			if method == "route" && argument == "event_0" {
				return errOutbox
			}
			return nil
		}}
		target := always(sent)
		outbox.add(events(3)...)
		_, stop := run(t, outbox, target)
		defer stop()
		synctest.Wait()
		if n := len(target.of("a")); n != 2 {
			t.Errorf("%d of the 2 other events sent", n)
		}
	})
}

func TestSender_routeThatIsNoMore(t *testing.T) {
	for name, change := range map[string]func(*memory){
		"alert route was deleted":  func(m *memory) { m.routes = nil },
		"alert route was disabled": func(m *memory) { m.routes[0].Enabled = false },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				outbox, target := &memory{routes: routes("a")}, always(sent)
				outbox.add(events(1)...)
				_, _ = outbox.RouteAlertEvent(t.Context(), "event_0", "event_0", []api.AlertDecision{{AlertRouteID: "a", Takes: true}})
				change(outbox)
				_, stop := run(t, outbox, target)
				defer stop()
				synctest.Wait()
				if d := outbox.only(); d.State != api.DeliveryDead || d.LastStatus != name || len(target.of("a")) != 0 {
					t.Errorf("delivery %+v, want it given up unsent: %s", d, name)
				}
			})
		})
	}
}

// When a message does not arrive, those about the same that come after it wait with it, and go in order with the next that is due.
func TestSender_keepsTheOrderOfASubject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := true
		target := newReceiver(func(context.Context, string, api.AlertEvent) alert.Outcome {
			if down {
				return broken
			}
			return sent
		})
		outbox := &memory{routes: routes("a")}
		list := events(4)
		for i := range list {
			list[i].TeamID = "red"
		}
		list[3].TeamID = "blue"
		outbox.add(list[:2]...)
		sender, stop := run(t, outbox, target)
		defer stop()
		time.Sleep(20 * time.Minute)
		before := target.of("a")
		for _, attempt := range before {
			if attempt.eventID != "event_0" {
				t.Errorf("%s was tried before event_0 had arrived", attempt.eventID)
			}
		}
		down = false
		outbox.add(list[2:]...)
		sender.Wake()
		synctest.Wait()
		got := []string{}
		for _, attempt := range target.of("a")[len(before):] {
			if attempt.eventID != "event_3" { // another team's has its own order
				got = append(got, attempt.eventID)
			}
		}
		if want := []string{"event_0", "event_1", "event_2"}; !slices.Equal(got, want) {
			t.Errorf("sent %q, want %q", got, want)
		}
		if states := outbox.states(); states[api.DeliverySent] != 4 {
			t.Errorf("outbox holds %v", states)
		}
	})
}

// What failed in the evening is tried again in the morning, when nobody is to be woken for it.
func TestSender_triesAgainAfterQuietHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which begins at midnight
		outbox, target := &memory{routes: routes("a")}, always(broken)
		outbox.routes[0].QuietHours = new("00:02-12:00")
		list := events(2)
		list[1].Severity = "critical"
		outbox.add(list...)
		_, stop := run(t, outbox, target)
		defer stop()
		tries := func() map[string]int {
			synctest.Wait()
			tries := map[string]int{}
			for _, attempt := range target.of("a") {
				tries[attempt.eventID]++
			}
			return tries
		}
		time.Sleep(11 * time.Hour)
		if got := tries(); got["event_0"] != 2 || got["event_1"] < 5 {
			t.Errorf("at eleven: %v, want two tries of the warning and more of what is critical", got)
		}
		time.Sleep(time.Hour + time.Minute)
		if got := tries(); got["event_0"] != 3 {
			t.Errorf("after twelve: %v, want a third try of the warning", got)
		}
	})
}
