package main

import (
	"strings"
	"testing"
)

const twoTeams = `# Two teams.
resource "bursar_team" "marketing" {
  team_id    = "marketing"
  max_budget = 100
  metadata = {
    note = "max_budget"
  }
}

resource "bursar_team" "research" {
  team_id    = "research"
  max_budget = 1000
}
`

func TestSetAttribute_changesOneLineOfOneTeam(t *testing.T) {
	got, err := setAttribute(twoTeams, "research", "max_budget", "1500")
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Replace(twoTeams, "= 1000", "= 1500", 1); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestSetAttribute_refusesWhatWouldChangeNothing(t *testing.T) {
	for name, c := range map[string]struct{ team, attribute, value string }{
		"no such team":         {"sales", "max_budget", "1"},
		"no such attribute":    {"research", "rpm_limit", "1"},
		"the value it has":     {"research", "max_budget", "1000"},
		"another team's value": {"research", "note", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := setAttribute(twoTeams, c.team, c.attribute, c.value); err == nil {
				t.Errorf("no error, and this text:\n%s", got)
			}
		})
	}
}

func TestLinesWith_keepsOrder(t *testing.T) {
	got := linesWith("a 1\nb 2\nc 3\na 4\n", "a ", "c ")
	if got != "a 1\nc 3\na 4\n" {
		t.Errorf("got %q", got)
	}
}
