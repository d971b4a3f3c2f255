package alert_test

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

var (
	badRequest = alert.Outcome{Result: alert.Refused, Status: "400 Bad Request"}
	tooLarge   = alert.Outcome{Result: alert.Refused, Status: "413 Request Entity Too Large"}
)

// bounded is a receiver that takes messages up to so many bytes, and no two within its pace.
type bounded struct {
	most int
	pace time.Duration

	mu    sync.Mutex
	asked int
	last  time.Time
	took  [][]string
	early int
}

func (b *bounded) Send(_ context.Context, _ api.AlertRoute, message alert.Message) alert.Outcome {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	if time.Since(b.last) < b.pace {
		b.early++
		return alert.Outcome{Result: alert.Failed, Status: "429 Too Many Requests"}
	}
	b.last = time.Now()
	body, err := json.Marshal(message.Events)
	if err != nil || len(body) > b.most {
		return tooLarge
	}
	var ids []string
	for _, event := range message.Events {
		ids = append(ids, event.ID)
	}
	b.took = append(b.took, ids)
	return sent
}

func sizeOf(t *testing.T, events ...api.AlertEvent) int {
	t.Helper()
	body, err := json.Marshal(events)
	if err != nil {
		t.Fatal(err)
	}
	return len(body)
}

// What is too large for a receiver as one message is told each alone, in order and at the receiver's pace, and none twice.
func TestSender_tooLargeAsOneMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := ofOneTeam(6)
		target := &bounded{most: 2 * sizeOf(t, list[0]), pace: time.Second}
		outbox := &memory{routes: routes("a")}
		inSlack(outbox)
		outbox.add(list...)
		_, stop := run(t, outbox, target)
		defer stop()
		time.Sleep(20 * time.Second)
		synctest.Wait()
		var told []string
		for _, ids := range target.took {
			told = append(told, ids...)
		}
		if want := []string{"event_0", "event_1", "event_2", "event_3", "event_4", "event_5"}; !slices.Equal(told, want) || target.asked != 7 || target.early != 0 {
			t.Errorf("told %q in %d messages, %d of them too early; want %q in one too many", told, target.asked, target.early, want)
		}
		if states := outbox.states(); states[api.DeliverySent] != 6 {
			t.Errorf("outbox holds %v", states)
		}
	})
}

// One event that is too large by itself is tried a few times and given up; people have the others at once.
func TestSender_oneOfAGroupIsTooLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := ofOneTeam(3)
		list[1].Message = string(make([]byte, 500))
		target := &bounded{most: 2 * sizeOf(t, list[0])}
		outbox := &memory{routes: routes("a")}
		inSlack(outbox)
		outbox.add(list...)
		_, stop := run(t, outbox, target)
		defer stop()
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if states := outbox.states(); states[api.DeliverySent] != 2 || states[api.DeliveryPending] != 1 {
			t.Errorf("at once the outbox holds %v, want two sent and one to be tried again", states)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if states := outbox.states(); states[api.DeliverySent] != 2 || states[api.DeliveryDead] != 1 {
			t.Errorf("after an hour the outbox holds %v, want two sent and one given up", states)
		}
	})
}

// A lower threshold that was left out beside a higher one is not told when the message is taken apart, and ends with the higher one.
func TestSender_takenApartTellsNoMoreThanTheWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := ofOneTeam(3)
		list[0].Scope, list[0].Threshold = "team:red", 0.8
		list[1].Scope, list[1].Threshold = "team:red", 0.95
		list[2].Scope = "key:1"
		target := &bounded{most: sizeOf(t, list[1]) + 20}
		outbox := &memory{routes: routes("a")}
		inSlack(outbox)
		outbox.add(list...)
		_, stop := run(t, outbox, target)
		defer stop()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if len(target.took) != 2 || target.took[0][0] != "event_1" || target.took[1][0] != "event_2" {
			t.Errorf("told %q, want event_1 and event_2", target.took)
		}
		if states := outbox.states(); states[api.DeliverySent] != 3 {
			t.Errorf("outbox holds %v", states)
		}
	})
}

// triesOf are the moments at which a message was tried, since start.
func triesOf(target *receiver, id string, start time.Time) (tries []time.Duration) {
	for _, attempt := range target.of("a") {
		if attempt.eventID == id {
			tries = append(tries, attempt.at.Sub(start))
		}
	}
	return tries
}

// A machine has a message that it refuses twice, five seconds apart, and then what comes after it. It may still be mended for the
// message, which is given up after its fourth refusal.
func TestSender_refusedTwiceStepsAside(t *testing.T) {
	for name, test := range map[string]struct {
		mendedAfter time.Duration
		want        string
		refused     int
	}{
		"mended":       {10 * time.Minute, api.DeliverySent, 3},
		"never mended": {time.Hour, api.DeliveryDead, 4},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				target := newReceiver(func(_ context.Context, _ string, event api.AlertEvent) alert.Outcome {
					if event.ID == "event_0" && time.Since(start) < test.mendedAfter {
						return badRequest
					}
					return sent
				})
				outbox := &memory{routes: routes("a")}
				outbox.add(ofOneTeam(9)...)
				_, stop := run(t, outbox, target)
				defer stop()
				time.Sleep(10 * time.Second)
				synctest.Wait()
				if states := outbox.states(); states[api.DeliverySent] != 8 || states[api.DeliveryPending] != 1 {
					t.Errorf("after ten seconds the outbox holds %v, want eight sent and one to be tried again", states)
				}
				others := slices.DeleteFunc(idsOf(target.of("a")), func(id string) bool { return id == "event_0" })
				if len(others) != 8 || !slices.IsSortedFunc(others, inNumbers) {
					t.Errorf("tried %q, want the others once and in order", others)
				}
				time.Sleep(2 * time.Hour)
				synctest.Wait()
				if d := outbox.deliveries[0]; d.State != test.want || d.Refused != test.refused || d.Attempts != 4 {
					t.Errorf("in the end %+v, want it %s after %d refusals", d.AlertDelivery, test.want, test.refused)
				}
				assertSchedule(t, target.of("a")[:2], 0, 5*time.Second)
				if tries := triesOf(target, "event_0", start); tries[len(tries)-1] < 35*time.Minute || tries[len(tries)-1] > 40*time.Minute {
					t.Errorf("tried after %v, want the last try after some 35 minutes", tries)
				}
			})
		})
	}
}

// A receiver that refuses everything and is mended has all in order: what comes after a refused message waits with it, unless the
// receiver takes it.
func TestSender_refusesAllAndIsMended(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		target := newReceiver(func(context.Context, string, api.AlertEvent) alert.Outcome {
			if time.Since(start) < 20*time.Minute {
				return badRequest
			}
			return sent
		})
		outbox := &memory{routes: routes("a")}
		outbox.add(ofOneTeam(9)...)
		_, stop := run(t, outbox, target)
		defer stop()
		time.Sleep(19 * time.Minute)
		synctest.Wait()
		before := len(target.of("a"))
		if before > 6 {
			t.Errorf("a receiver that takes nothing was asked %d times in 19 minutes", before)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		ids := idsOf(target.of("a")[before:])
		if len(ids) != 9 || !slices.IsSortedFunc(ids, inNumbers) {
			t.Errorf("once it was mended it had %q, want all nine in order", ids)
		}
	})
}

// A failure that is no refusal is none of the four: each message has four refusals of its own.
func TestSender_countsRefusalsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		target := newReceiver(func(context.Context, string, api.AlertEvent) alert.Outcome {
			if tries++; tries <= 3 {
				return broken
			}
			return badRequest
		})
		outbox := &memory{routes: routes("a")}
		outbox.add(events(1)...)
		_, stop := run(t, outbox, target)
		defer stop()
		time.Sleep(80 * time.Hour)
		synctest.Wait()
		if d := outbox.only(); d.State != api.DeliveryDead || d.Attempts != 7 || d.Refused != 4 {
			t.Errorf("%+v, want it given up after three failures and four refusals", d)
		}
	})
}

// More messages than one claim takes go on behind refused ones that are not due.
func TestSender_refusedOnesFillNoClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := newReceiver(func(_ context.Context, _ string, event api.AlertEvent) alert.Outcome {
			if inNumbers(event.ID, "event_6") < 0 {
				return badRequest
			}
			return sent
		})
		outbox := &memory{routes: routes("a")}
		outbox.add(ofOneTeam(30)...)
		_, stop := run(t, outbox, target)
		defer stop()
		time.Sleep(12 * time.Hour)
		synctest.Wait()
		if states := outbox.states(); states[api.DeliverySent] != 24 || states[api.DeliveryDead] != 6 {
			t.Errorf("outbox holds %v, want 24 sent and six given up", states)
		}
	})
}

// What is left out for an event that is itself left out goes with the one that is told in the end; a threshold that was reached
// after the cap was raised is told, whatever was reached before.
func TestSender_takenApartLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := ofOneTeam(5)
		for i, threshold := range []float64{0.8, 1, 0, 0.5} {
			list[i].Scope, list[i].Threshold = "team:red", threshold
		}
		list[2].Type, list[2].Was = api.EventBudgetResolved, &api.AlertWas{ID: "event_1"}
		list[4].Scope = "key:1"
		target := &bounded{most: sizeOf(t, list[2]) + 20}
		outbox := &memory{routes: routes("a")}
		inSlack(outbox)
		outbox.add(list...)
		_, stop := run(t, outbox, target)
		defer stop()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		var told []string
		for _, ids := range target.took {
			told = append(told, ids...)
		}
		if want := []string{"event_2", "event_3", "event_4"}; !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
		if states := outbox.states(); states[api.DeliverySent] != 5 {
			t.Errorf("ten seconds later the outbox holds %v, want all five sent", states)
		}
	})
}
