package alert_test

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
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

// A receiver that answers 400 and is mended within half an hour has the message, and what came after it in order. One that is not
// mended holds up the rest no longer.
func TestSender_refusedIsTriedAFewTimes(t *testing.T) {
	for name, test := range map[string]struct {
		mendedAfter time.Duration
		want        map[string]int
		tries       int
	}{
		"mended":       {10 * time.Minute, map[string]int{api.DeliverySent: 3}, 4},
		"never mended": {time.Hour, map[string]int{api.DeliverySent: 2, api.DeliveryDead: 1}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mended atomic.Bool
				target := newReceiver(func(_ context.Context, _ string, event api.AlertEvent) alert.Outcome {
					if event.ID == "event_0" && !mended.Load() {
						return badRequest
					}
					return sent
				})
				outbox := &memory{routes: routes("a")}
				outbox.add(ofOneTeam(3)...)
				_, stop := run(t, outbox, target)
				defer stop()
				time.Sleep(test.mendedAfter)
				mended.Store(true)
				time.Sleep(2 * time.Hour)
				synctest.Wait()
				ids := idsOf(target.of("a"))
				tries := 0
				for _, id := range ids {
					if id == "event_0" {
						tries++
					}
				}
				if states := outbox.states(); states[api.DeliverySent] != test.want[api.DeliverySent] || states[api.DeliveryDead] != test.want[api.DeliveryDead] {
					t.Errorf("outbox holds %v, want %v", states, test.want)
				}
				if tries != test.tries || !slices.IsSortedFunc(ids, inNumbers) {
					t.Errorf("tried %q, want event_0 %d times and the rest after it", ids, test.tries)
				}
			})
		})
	}
}
