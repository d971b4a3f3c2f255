package api

import (
	"testing"
	"time"
)

func TestParseDigest(t *testing.T) {
	now := time.Date(2026, 11, 25, 7, 30, 0, 0, time.UTC) // a Wednesday, 08:30 in Berlin
	for text, want := range map[string]struct{ due, from, to string }{
		"daily 07:30":                          {"2026-11-25T07:30:00Z", "2026-11-24", "2026-11-25"},
		"daily 08:00 Europe/Berlin":            {"2026-11-25T07:00:00Z", "2026-11-24", "2026-11-25"},
		"daily 08:00":                          {"2026-11-24T08:00:00Z", "2026-11-23", "2026-11-24"},
		"weekly monday 08:00":                  {"2026-11-23T08:00:00Z", "2026-11-16", "2026-11-23"},
		"weekly wednesday 07:31":               {"2026-11-18T07:31:00Z", "2026-11-11", "2026-11-18"},
		"monthly 1 08:00":                      {"2026-11-01T08:00:00Z", "2026-10-01", "2026-11-01"},
		"monthly 25 07:31":                     {"2026-10-25T07:31:00Z", "2026-09-25", "2026-10-25"},
		"monthly 1 08:00 Pacific/Auckland":     {"2026-10-31T19:00:00Z", "2026-09-30", "2026-10-31"},
		"weekly sunday 23:59 Pacific/Auckland": {"2026-11-22T10:59:00Z", "2026-11-15", "2026-11-22"},
	} {
		times, err := ParseDigest(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		due := times.Last(now)
		from, to := times.Days(due)
		if due.Format(time.RFC3339) != want.due || from.Format(time.DateOnly) != want.from || to.Format(time.DateOnly) != want.to {
			t.Errorf("%s: due at %s of %s to %s, want %v", text, due.Format(time.RFC3339), from, to, want)
		}
	}
	for _, text := range []string{"", "daily", "hourly 08:00", "daily 8:00", "weekly 08:00", "weekly moonday 08:00", "daily 08:00 Berlin", "daily 24:00", "monthly 08:00", "monthly 0 08:00", "monthly 29 08:00", "daily 08:00 Local"} {
		if _, err := ParseDigest(text); err == nil {
			t.Errorf("%q is read as a time", text)
		}
	}
}

func TestAlertRoute_digestGoesToReaders(t *testing.T) {
	route := NewAlertRoute("r")
	route.Name, route.Digest, route.Webhook = "r", new("daily 08:00"), &WebhookTarget{URL: "https://hooks.example.com/x"}
	if err := route.Validate(); err != nil {
		t.Error(err)
	}
	route.Webhook, route.Alertmanager = nil, &AlertmanagerTarget{URL: "https://alerts.example.com"}
	if err := route.Validate(); err == nil {
		t.Error("Alertmanager takes a digest")
	}
}
