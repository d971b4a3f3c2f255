package alert_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// The other routes hear once a day that a route does not take its messages, that route does not, and what cannot be told
// of it either raises nothing more.
func TestSender_tellsOfAFailingRouteThroughTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outbox := &memory{routes: routes("broken", "whole")}
		var heard []api.AlertEvent
		target := newReceiver(func(_ context.Context, routeID string, event api.AlertEvent) alert.Outcome {
			if routeID == "broken" {
				return alert.Outcome{Result: alert.Gone, Status: "410 Gone"}
			}
			if event.Type == api.EventAlertFailing {
				heard = append(heard, event)
			}
			return sent
		})
		outbox.add(events(3)...)
		_, stop := run(t, outbox, target)
		time.Sleep(time.Minute)
		synctest.Wait()
		stop()
		if len(heard) != 1 || heard[0].AlertRouteID != "broken" || !strings.Contains(heard[0].Message, "410 Gone") {
			t.Errorf("the other route heard %+v", heard)
		}
		if n := len(target.of("broken")); n != 3 {
			t.Errorf("the failing route was tried %d times", n)
		}
	})
}
