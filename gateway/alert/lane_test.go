package alert_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// ofOneTeam are events about one team, in order.
func ofOneTeam(n int) []api.AlertEvent {
	list := events(n)
	for i := range list {
		list[i].TeamID = "red"
		list[i].CreatedAt = time.Now().Add(time.Duration(i) * time.Millisecond)
	}
	return list
}

// inSlack lets a route write into a channel, where people read all about a team in one message.
func inSlack(outbox *memory) {
	outbox.routes[0].Webhook, outbox.routes[0].Slack = nil, &api.SlackTarget{URL: new("https://slack.example")}
}

// A receiver that refuses is asked when its schedule says, however many messages of one team wait: more than one claim takes, and
// more than one message tells.
func TestSender_asksAsItsScheduleSaysHoweverManyWait(t *testing.T) {
	for kind, prepare := range map[string]func(*memory){"webhook": func(*memory) {}, "slack": inSlack} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var down atomic.Bool
				down.Store(true)
				target := newReceiver(func(context.Context, string, api.AlertEvent) alert.Outcome {
					if down.Load() {
						return broken
					}
					return sent
				})
				outbox := &memory{routes: routes("a")}
				prepare(outbox)
				outbox.add(ofOneTeam(30)...)
				_, stop := run(t, outbox, target)
				defer stop()
				time.Sleep(20 * time.Hour)
				synctest.Wait()
				assertSchedule(t, target.of("a"), 0, 5*time.Second, 5*time.Minute, 30*time.Minute, 2*time.Hour, 5*time.Hour, 10*time.Hour)
				down.Store(false)
				time.Sleep(16 * time.Hour)
				synctest.Wait()
				if states := outbox.states(); states[api.DeliverySent] != 30 {
					t.Errorf("once it answers the outbox holds %v", states)
				}
				if list := idsOf(target.of("a")); !slices.IsSortedFunc(list, inNumbers) {
					t.Errorf("sent out of order: %q", list)
				}
			})
		})
	}
}

// assertSchedule checks that each attempt was of one message, and so long after the one before it.
func assertSchedule(t *testing.T, attempts []attempt, waits ...time.Duration) {
	t.Helper()
	if len(attempts) != len(waits) {
		t.Fatalf("%d attempts, want %d: %v", len(attempts), len(waits), attempts)
	}
	for i, attempt := range attempts {
		if attempt.eventID != attempts[0].eventID {
			t.Errorf("%s was tried before %s had arrived", attempt.eventID, attempts[0].eventID)
		}
		if i == 0 {
			continue
		}
		waited := attempt.at.Sub(attempts[i-1].at)
		if waited < waits[i] || waited > waits[i]+waits[i]/10+2*time.Second {
			t.Errorf("attempt %d came %s after the one before, want %s", i+1, waited, waits[i])
		}
	}
}

func idsOf(attempts []attempt) (ids []string) {
	for _, attempt := range attempts {
		ids = append(ids, attempt.eventID)
	}
	return ids
}

// inNumbers orders event_2 before event_10.
func inNumbers(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return slices.Compare([]byte(a), []byte(b))
}

// A refusal of a budget keeps its own schedule behind warnings that wait for the morning, also when there are more of them than
// one claim takes.
func TestSender_whatIsUrgentWaitsForNoMorning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which begins at midnight
		for _, test := range []struct {
			waiting int
			waits   []time.Duration
		}{
			{1, []time.Duration{0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute}},
			{8, []time.Duration{0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute}},
		} {
			outbox, target := &memory{routes: routes("a")}, always(broken)
			outbox.routes[0].QuietHours = new("00:00-12:00")
			list := ofOneTeam(test.waiting + 1)
			list[test.waiting].Severity = "critical"
			outbox.add(list...)
			_, stop := run(t, outbox, target)
			for len(target.of("a")) < len(test.waits) {
				time.Sleep(time.Minute)
			}
			stop()
			assertSchedule(t, target.of("a"), test.waits...)
		}
	})
}

// A message that a receiver will never take is given up at once, and those after it go on at once.
func TestSender_refusedMessageHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		target := newReceiver(func(_ context.Context, _ string, event api.AlertEvent) alert.Outcome {
			if event.ID == "event_1" {
				return alert.Outcome{Result: alert.Gone, Status: "422 Unprocessable Entity"}
			}
			return sent
		})
		outbox := &memory{routes: routes("a")}
		outbox.add(ofOneTeam(6)...)
		_, stop := run(t, outbox, target)
		defer stop()
		synctest.Wait()
		want := []string{"event_0", "event_1", "event_2", "event_3", "event_4", "event_5"}
		if got := idsOf(target.of("a")); !slices.Equal(got[:min(len(got), 6)], want) || !time.Now().Equal(start) {
			t.Errorf("tried %q at once, want %q", got, want)
		}
		states := outbox.states()
		if states[api.DeliverySent] < 5 || states[api.DeliveryDead] != 1 {
			t.Errorf("outbox holds %v", states)
		}
	})
}

// When the head of a team's messages is given up after three days, the next is tried at once, and none without a try of its own.
func TestSender_givesUpALaneInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox, target := &memory{routes: routes("a")}, always(broken)
		outbox.add(ofOneTeam(9)...)
		_, stop := run(t, outbox, target)
		defer stop()
		time.Sleep(100 * time.Hour)
		synctest.Wait()
		tried := map[string]int{}
		for _, attempt := range target.of("a") {
			tried[attempt.eventID]++
		}
		if states := outbox.states(); states[api.DeliveryDead] != 9 || len(tried) != 9 || tried["event_0"] != 10 || tried["event_8"] != 1 {
			t.Errorf("tried %v, outbox holds %v", tried, states)
		}
	})
}
