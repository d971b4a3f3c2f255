package alert_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// subjects notes what messages are about.
type subjects struct{ got []string }

func (s *subjects) Send(_ context.Context, _ api.AlertRoute, message alert.Message) alert.Outcome {
	s.got = append(s.got, message.Event().ID+" "+message.Subject)
	return sent
}

// All that a team hears of in a period of its budget belongs together, also what has no period or another one; what happened before
// that period, and a team without one, goes by the day.
func TestSender_putsTogetherWhatATeamHearsOfInAPeriod(t *testing.T) {
	now := time.Date(2026, 11, 12, 9, 0, 0, 0, time.UTC)
	month, week := now.AddDate(0, 0, -11).Truncate(24*time.Hour), now.AddDate(0, 0, -3).Truncate(24*time.Hour)
	of := func(id, kind, team, scope string, start *time.Time, at time.Time) api.AlertEvent {
		return api.AlertEvent{ID: id, Type: kind, Severity: "warning", TeamID: team, Scope: scope, PeriodStart: start, CreatedAt: at}
	}
	outbox, target := &memory{routes: routes("a")}, &subjects{}
	outbox.add(
		of("budget", api.EventBudgetSoftLimit, "red", "team:red", &month, now),
		of("anomaly", api.EventSpendAnomaly, "red", "team:red", nil, now),
		of("key", api.EventBudgetSoftLimit, "red", "key:k", &week, now),
		of("before", api.EventRateLimitSustained, "red", "", nil, now.AddDate(0, -1, 0)),
		of("other", api.EventSpendAnomaly, "blue", "team:blue", nil, now),
	)
	sender := alert.New(alert.Options{
		Outbox: outbox, Targets: map[string]alert.Target{"webhook": target}, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now },
		Period: func(_ context.Context, teamID string) (time.Time, error) {
			if teamID == "red" {
				return month, nil
			}
			return time.Time{}, nil
		},
	})
	for range 3 { // a claim takes four
		sender.Once(t.Context())
	}
	slices.Sort(target.got)
	want := []string{
		"anomaly team:red 2026-11-01T00:00:00Z", "before team:red 2026-10-12", "budget team:red 2026-11-01T00:00:00Z",
		"key team:red 2026-11-01T00:00:00Z", "other team:blue 2026-11-12",
	}
	if !slices.Equal(target.got, want) {
		t.Errorf("messages are about %q, want %q", target.got, want)
	}
}
