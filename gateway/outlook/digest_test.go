package outlook_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

// A monthly digest, and no other, has at most five lines of the advice that bursar advise gives, about the teams that the route sees.
func TestWatch_monthlyDigestAdvises(t *testing.T) {
	w := newWatched()
	w.cap = 100_000 * money.USD
	rpm := func(team *api.Team) { team.RPMLimit = new(int64(1_000)) }
	w.limits = map[string]func(*api.Team){"a": rpm, "b": rpm, "c": rpm}
	for _, team := range []string{"a", "b", "c"} {
		w.peaks = append(w.peaks, api.LimitPeak{TeamID: team, Limit: "team.requests", P99: 100, Peak: 120, Minutes: 500})
		for i := range 4 {
			key := api.NewKey(team + string(rune('1'+i)))
			key.TeamID, key.CreatedAt = &team, monday.AddDate(0, -3, 0)
			w.keys = append(w.keys, key)
		}
	}
	for name, route := range map[string]struct {
		digest string
		teams  api.StringList
		want   []string
	}{
		"all": {"monthly 23 13:00", nil, []string{
			"team a: rpm_limit of 1000 is far above what is used; 150 would fit", "team b: rpm_limit of 1000 is far above what is used; 150 would fit",
			"team c: rpm_limit of 1000 is far above what is used; 150 would fit", "key a1 of team a had no call since 24 Oct 2026", "and 11 more: bursar advise has them all",
		}},
		"one": {"monthly 23 13:00", api.StringList{"b", "gone"}, []string{
			"team b: rpm_limit of 1000 is far above what is used; 150 would fit", "key b1 of team b had no call since 24 Oct 2026", "key b2 of team b had no call since 24 Oct 2026",
			"key b3 of team b had no call since 24 Oct 2026", "key b4 of team b had no call since 24 Oct 2026",
		}},
		"gone":   {"monthly 23 13:00", api.StringList{"gone"}, nil},
		"weekly": {"weekly monday 13:00", nil, nil},
	} {
		r := api.NewAlertRoute(name)
		r.Name, r.Digest, r.TeamIDs = name, &route.digest, route.teams
		w.now, w.asked = monday.Add(15*time.Hour), nil
		event, err := w.watch(name).Digest(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(route.want, event.Digest.Advice); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		for _, query := range w.asked {
			if query.Period == api.PeriodMonth && len(query.TeamIDs) == 0 {
				t.Errorf("%s: asked of every team", name)
			}
		}
	}
}
