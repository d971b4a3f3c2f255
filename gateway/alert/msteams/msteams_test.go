package msteams_test

import (
	"net/http"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/alerttest"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/msteams"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

func route(address string) api.AlertRoute {
	return alerttest.Route(api.AlertTargets{MicrosoftTeams: &api.MicrosoftTeamsTarget{URL: &address}})
}

func TestSend_everyMessageIsTaken(t *testing.T) {
	teams := testenv.StartMicrosoftTeams(t)
	target := msteams.New(alerttest.Client())
	for name, message := range alerttest.Messages() {
		outcome := target.Send(t.Context(), route(teams.URL()+testenv.TeamsWorkflow), message)
		letters := teams.Letters()
		last := letters[len(letters)-1]
		if outcome.Result != alert.Sent || last.Refusal != "" {
			t.Errorf("%s: outcome %+v, refused: %s", name, outcome, last.Refusal)
		}
		if name != "long" {
			alerttest.Golden(t, name+".json", alerttest.Indented(t, last.Body))
		}
	}
}

func TestSend_whatTeamsRefuses(t *testing.T) {
	teams := testenv.StartMicrosoftTeams(t)
	target, message := msteams.New(alerttest.Client()), alerttest.Messages()["test"]
	if outcome := target.Send(t.Context(), route(teams.URL()+"/other"), message); outcome.Result != alert.Failed || outcome.Status != "404 Not Found" {
		t.Errorf("outcome %+v", outcome)
	}
	for status, want := range map[int]alert.Result{http.StatusBadRequest: alert.Refused, http.StatusTooManyRequests: alert.Failed, http.StatusServiceUnavailable: alert.Failed} {
		teams.Down(status)
		if outcome := target.Send(t.Context(), route(teams.URL()+testenv.TeamsWorkflow), message); outcome.Result != want {
			t.Errorf("%d: outcome %+v, want %s", status, outcome, want)
		}
	}
}
