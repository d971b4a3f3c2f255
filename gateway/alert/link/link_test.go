package link_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/alerttest"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/link"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func linksAt(now time.Time, key string) link.Links {
	return link.Links{Options: link.Options{
		Key: []byte(key), Team: "https://llm.example.com/console/team", Ask: "https://llm.example.com/console/requests",
		Silence: "https://llm.example.com/console/silence", Now: func() time.Time { return now },
	}}
}

func rels(links link.Links, event api.AlertEvent) string {
	var rels []string
	for _, one := range links.Of(event) {
		rels = append(rels, one.Rel)
	}
	return strings.Join(rels, " ")
}

func TestLinks_ofWhatHasThem(t *testing.T) {
	event := alerttest.Budget(0.8)
	links := linksAt(event.CreatedAt, "k")
	over, teamless, blocked := event, event, event
	over.Type, teamless.TeamID, blocked.Type = api.EventBudgetResolved, "", api.EventTeamBlocked
	for name, test := range map[string]struct {
		links link.Links
		event api.AlertEvent
		want  string
	}{
		"a threshold": {links, event, "team ask silence"}, "what is over": {links, over, "team"}, "no team": {links, teamless, ""},
		"a team that was blocked": {links, blocked, "team"}, "without an address": {link.Links{}, event, ""},
	} {
		if got := rels(test.links, test.event); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	if ask := links.Of(event)[1].URL; ask != "https://llm.example.com/console/requests?limit=max_budget&team=marketing" {
		t.Error(ask)
	}
}

// A link silences what its message told, until the period ends, and nothing else; every attempt has the same.
func TestLinks_silence(t *testing.T) {
	event := alerttest.Budget(0.8)
	links := linksAt(event.CreatedAt, "k")
	address := links.Of(event)[2].URL
	if again := links.Of(event)[2].URL; again != address {
		t.Errorf("another attempt has %s, not %s", again, address)
	}
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	token := parsed.Query().Get("token")
	silence, err := links.Read(token)
	if want := (link.Silence{TeamID: "marketing", Event: api.EventBudgetSoftLimit, Until: event.PeriodEnd.Unix(), EventID: event.ID}); err != nil || silence != want {
		t.Errorf("%+v, %v, want %+v", silence, err, want)
	}
	text, _, _ := strings.Cut(token, ".")
	_, other, _ := strings.Cut(linksAt(event.CreatedAt, "other").Of(event)[2].URL, ".")
	for name, test := range map[string]struct {
		links link.Links
		token string
	}{
		"nothing": {links, ""}, "no signature": {links, text + "."}, "half of it": {links, token[:len(token)-2]},
		"another key's signature": {links, text + "." + other}, "another text": {links, "e30" + token},
		"the next period": {linksAt(*event.PeriodEnd, "k"), token},
	} {
		if _, err := test.links.Read(test.token); api.CodeOf(err) != api.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
}
