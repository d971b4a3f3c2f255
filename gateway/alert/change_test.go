package alert

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Each field that limits is told of when it changes: one without an event is a limit that is lifted unheard.
func TestOfChange_tellsOfEveryLimit(t *testing.T) {
	for _, field := range api.LimitFields {
		noun := "budget"
		if field == "budget_id" {
			noun = "team"
		}
		change := api.Audit{Action: noun + ".update", Before: json.RawMessage(`{}`), After: json.RawMessage(`{"` + field + `":"other"}`)}
		events := Changes{}.OfChange(change)
		if len(events) != 1 || events[0].Type != api.EventQuotaChanged || len(events[0].Changes) != 1 || events[0].Changes[0].Field != field {
			t.Errorf("%s: %+v", field, events)
		}
	}
}

// Limits that are only watched from now on refuse nobody: people hear of it.
func TestOfChange_tellsOfLimitsThatAreOnlyWatched(t *testing.T) {
	events := Changes{}.OfChange(api.Audit{
		Action: "team.update", Before: json.RawMessage(`{"team_id":"a","mode":"enforce","enforce_from":null}`),
		After: json.RawMessage(`{"team_id":"a","mode":"audit","enforce_from":"2027-02-01T00:00:00Z"}`),
	})
	if len(events) != 1 || !strings.Contains(events[0].Message, "mode from enforce to audit, enforce_from from none to 2027-02-01T00:00:00Z") {
		t.Errorf("%+v", events)
	}
}
