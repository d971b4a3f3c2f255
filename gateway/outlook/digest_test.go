package outlook_test

import (
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// A route gets its digest once it is due, once over all gateways, of its own teams; one that was made since waits for the next.
func TestWatch_digestOncePerRouteAndTime(t *testing.T) {
	w := newWatched()
	w.cap = 100_000 * money.USD
	route := func(id, digest string, change func(*api.AlertRoute)) {
		r := api.NewAlertRoute(id)
		r.Name, r.Digest, r.CreatedAt = id, &digest, monday.Add(-24*time.Hour)
		if change != nil {
			change(&r)
		}
		w.routes = append(w.routes, r)
	}
	route("daily", "daily 13:00", nil)
	route("weekly", "weekly monday 13:00", func(r *api.AlertRoute) { r.TeamIDs = api.StringList{"b", "gone"} })
	route("off", "daily 13:00", func(r *api.AlertRoute) { r.Enabled = false })
	route("made since", "daily 13:00", func(r *api.AlertRoute) { r.CreatedAt = monday.Add(14 * time.Hour) })
	route("labelled", "daily 13:00", func(r *api.AlertRoute) { r.Labels = map[string]string{"tier": "gold"} })
	one, other := w.watch("one"), w.watch("other")
	look(t, one)
	wantTold(t, w, "before it is due")
	w.now = monday.Add(15 * time.Hour)
	look(t, other, one)
	day := money.Nano(0)
	for _, cost := range w.days {
		day += cost
	}
	wantTold(t, w, "once it is due",
		"digest: teams have spent "+day.Dollars()+" on 2026-11-22, and 0 calls were refused",
		"digest: teams have spent "+(7*w.days["b"]).Dollars()+" from 2026-11-16 to 2026-11-22, and 0 calls were refused",
		"digest: nobody has spent anything on 2026-11-22")
	for _, event := range w.events {
		if event.ToAlertRouteID == "" || event.Digest == nil || event.Severity != "info" {
			t.Errorf("%+v", event)
		}
	}
	w.now = w.now.Add(time.Hour)
	look(t, one, other)
	wantTold(t, w, "an hour later")
	w.now = monday.Add((24 + 20) * time.Hour) // nobody was there in time
	look(t, one)
	wantTold(t, w, "seven hours after it was due the next day")
}
