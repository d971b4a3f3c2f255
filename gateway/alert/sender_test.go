package alert_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(withPostgres{m}) }

// withPostgres stops the database server, before leaks are looked for.
type withPostgres struct{ tests *testing.M }

func (w withPostgres) Run() int { return testenv.MainPostgres(w.tests) }

func TestSender_fansOutToRoutesThatWantIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox := &memory{routes: routes("all", "off", "other")}
		outbox.routes[1].Enabled = false
		outbox.routes[2].Events = api.StringList{api.EventRateLimitSustained}
		target := always(sent)
		outbox.add(events(250)...)
		_, stop := run(t, outbox, target)
		defer stop()
		synctest.Wait()

		if n := len(target.of("all")); n != 250 {
			t.Errorf("%d of 250 events sent to the route that wants all", n)
		}
		if n := len(target.of("off")) + len(target.of("other")); n != 0 {
			t.Errorf("%d events sent to routes that do not want them", n)
		}
		if states := outbox.states(); states[api.DeliverySent] != 250 || len(states) != 1 {
			t.Errorf("outbox holds %v", states)
		}
	})
}

func TestSender_wakeIsImmediate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox, target := &memory{routes: routes("a")}, always(sent)
		sender, stop := run(t, outbox, target)
		defer stop()
		synctest.Wait()
		start := time.Now()

		outbox.add(events(1)...)
		sender.Wake()
		synctest.Wait()
		if got := target.of("a"); len(got) != 1 || !got[0].at.Equal(start) {
			t.Errorf("attempts after Wake: %v, want one at once", got)
		}
	})
}

// Another gateway's events, when that one died before it routed them, are found without a Wake.
func TestSender_pollsForWhatNobodyAnnounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox, target := &memory{routes: routes("a")}, always(sent)
		_, stop := run(t, outbox, target)
		defer stop()
		synctest.Wait()
		outbox.add(events(1)...)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if len(target.of("a")) != 1 {
			t.Error("not sent after two seconds")
		}
	})
}

func TestSender_scheduleThenGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox, target := &memory{routes: routes("a")}, always(broken)
		outbox.add(events(1)...)
		_, stop := run(t, outbox, target)
		defer stop()
		start := time.Now()
		time.Sleep(90 * time.Hour) // the schedule takes 76 to 84
		synctest.Wait()

		want := []time.Duration{
			0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour,
			5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
		}
		attempts := target.of("a")
		if len(attempts) != len(want) {
			t.Fatalf("%d attempts, want %d", len(attempts), len(want))
		}
		last := start
		for i, attempt := range attempts {
			late := attempt.at.Sub(last) - want[i]
			if late < 0 || late > want[i]/10+2*time.Second {
				t.Errorf("attempt %d came %s after the one before, want %s", i+1, attempt.at.Sub(last), want[i])
			}
			if attempt.eventID != "event_0" {
				t.Errorf("attempt %d has id %s", i+1, attempt.eventID)
			}
			last = attempt.at
		}
		if d := outbox.only(); d.State != api.DeliveryDead || d.LastStatus != broken.Status || d.Attempts != 10 {
			t.Errorf("delivery ended as %+v", d)
		}
	})
}

// A message that waits for one that is refused for good is tried itself before anybody gives it up.
func TestSender_givesUpNothingUntried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := newReceiver(func(_ context.Context, _ string, event api.AlertEvent) alert.Outcome {
			if event.ID == "event_0" {
				return broken
			}
			return sent
		})
		outbox := &memory{routes: routes("a")}
		both := events(2)
		for i := range both {
			both[i].TeamID = "red"
		}
		outbox.add(both...)
		_, stop := run(t, outbox, target)
		defer stop()
		time.Sleep(100 * time.Hour)
		synctest.Wait()
		tried := map[string]int{}
		for _, attempt := range target.of("a") {
			tried[attempt.eventID]++
		}
		if tried["event_0"] < 10 || tried["event_1"] != 1 || outbox.states()[api.DeliverySent] != 1 {
			t.Errorf("tried %v, which ended as %v", tried, outbox.states())
		}
	})
}

func TestSender_retryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := alert.Outcome{Result: alert.Failed, Status: "429 Too Many Requests", RetryAfter: 2 * time.Minute}
		outbox, target := &memory{routes: routes("a")}, always(busy)
		outbox.add(events(1)...)
		_, stop := run(t, outbox, target)
		defer stop()
		time.Sleep(119 * time.Second)
		synctest.Wait()
		if n := len(target.of("a")); n != 1 {
			t.Errorf("%d attempts before the receiver's two minutes are over", n)
		}
		time.Sleep(16 * time.Second)
		synctest.Wait()
		if n := len(target.of("a")); n != 2 {
			t.Errorf("%d attempts after them, want 2", n)
		}
	})
}

func TestSender_goneIsFinal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox, target := &memory{routes: routes("a")}, always(alert.Outcome{Result: alert.Gone, Status: "410 Gone"})
		outbox.add(events(1)...)
		_, stop := run(t, outbox, target)
		defer stop()
		time.Sleep(time.Hour)
		synctest.Wait()
		if d := outbox.only(); len(target.of("a")) != 1 || d.State != api.DeliveryDead || d.LastStatus != "410 Gone" {
			t.Errorf("%d attempts, delivery %+v", len(target.of("a")), d)
		}
	})
}

func TestSender_slowReceiverDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox := &memory{routes: routes("slow", "fast")}
		target := newReceiver(func(ctx context.Context, routeID string, _ api.AlertEvent) alert.Outcome {
			if routeID == "fast" {
				return sent
			}
			<-ctx.Done()
			return broken
		})
		start := time.Now()
		outbox.add(events(150)...)
		_, stop := run(t, outbox, target)
		defer stop()
		synctest.Wait()

		if n := len(target.of("fast")); n != 150 || !time.Now().Equal(start) {
			t.Errorf("fast receiver got %d of 150 events at once", n)
		}
		time.Sleep(14 * time.Second)
		synctest.Wait()
		if n := len(target.of("slow")); n != 4 {
			t.Errorf("slow receiver has %d attempts after 14 s, want 4", n)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if target.most["slow"] != 4 {
			t.Errorf("slow receiver had up to %d attempts at once, want 4", target.most["slow"])
		}
		if n := len(target.of("slow")); n != 20 {
			t.Errorf("slow receiver has %d attempts after 74 s, want 20: four per timeout of 15 s", n)
		}
	})
}

func TestSender_twoOnOneOutbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox := &memory{routes: routes("a", "b")}
		target := newReceiver(func(context.Context, string, api.AlertEvent) alert.Outcome {
			time.Sleep(10 * time.Millisecond)
			return sent
		})
		first, stopFirst := run(t, outbox, target)
		defer stopFirst()
		second, stopSecond := run(t, outbox, target)
		defer stopSecond()
		for _, event := range events(200) {
			outbox.add(event)
			first.Wake()
			second.Wake()
			time.Sleep(time.Millisecond)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		assertOnceEach(t, append(target.of("a"), target.of("b")...), 400)
	})
}

func TestSendTest(t *testing.T) {
	for name, test := range map[string]struct {
		outcome alert.Outcome
		routeID string
		code    api.Code
		text    string
	}{
		"arrives":  {sent, "a", "", ""},
		"fails":    {alert.Outcome{Result: alert.Failed, Status: "connection refused", Receiver: "hooks.example"}, "a", api.Upstream, "hooks.example: connection refused"},
		"is gone":  {alert.Outcome{Result: alert.Gone, Status: "410 Gone", Receiver: "hooks.example"}, "a", api.Upstream, "410 Gone"},
		"no route": {sent, "b", api.NotFound, `alert route "b" does not exist`},
	} {
		t.Run(name, func(t *testing.T) {
			var got api.AlertEvent
			target := newReceiver(func(_ context.Context, _ string, event api.AlertEvent) alert.Outcome {
				got = event
				return test.outcome
			})
			outbox := &memory{routes: routes("a")}
			outbox.routes[0].Enabled = false
			sender := alert.New(alert.Options{Outbox: outbox, Targets: map[string]alert.Target{"webhook": target}})
			_, err := sender.SendTest(t.Context(), test.routeID, false)
			if api.CodeOf(err) != test.code || err != nil && !strings.Contains(err.Error(), test.text) {
				t.Errorf("error %v, want %q with %q", err, test.code, test.text)
			}
			if test.code != api.NotFound && (got.Type != api.EventTest || got.ID == "" || got.Message == "") {
				t.Errorf("event %+v is no test", got)
			}
		})
	}
}

func TestSender_logsHowItWent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		outbox := &memory{routes: routes("sent", "failed", "gone")}
		target := newReceiver(func(_ context.Context, routeID string, _ api.AlertEvent) alert.Outcome {
			return alert.Outcome{Result: alert.Result(routeID), Status: "status of " + routeID, Receiver: "hooks.example"}
		})
		outbox.add(events(1)...)
		sender := alert.New(alert.Options{Outbox: outbox, Targets: map[string]alert.Target{"webhook": target}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		ctx, cancel := context.WithCancel(t.Context())
		go sender.Run(ctx)
		synctest.Wait()
		cancel()
		synctest.Wait()
		for _, want := range []string{
			`level=INFO msg="alert sent" event_id=event_0 event=budget.soft_limit alert_route_id=sent attempt=1 receiver=hooks.example status="status of sent"`,
			`level=WARN msg="alert not sent" event_id=event_0`,
			`level=ERROR msg="alert given up" event_id=event_0`,
		} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("log has no %q:\n%s", want, log.String())
			}
		}
	})
}
