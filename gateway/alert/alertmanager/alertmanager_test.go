package alertmanager_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/alertmanager"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/alerttest"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

func route(a *testenv.Alertmanager) api.AlertRoute {
	return alerttest.Route(api.AlertTargets{Alertmanager: &api.AlertmanagerTarget{
		URL: a.URL() + "/", Labels: map[string]string{"env": "prod"}, Headers: map[string]string{"Authorization": "Bearer canary"},
	}})
}

func TestSend_everyMessageIsTaken(t *testing.T) {
	a := testenv.StartAlertmanager(t)
	target := alertmanager.New(alerttest.Client())
	for name, message := range alerttest.Messages() {
		outcome := target.Send(t.Context(), route(a), message)
		letters := a.Letters()
		last := letters[len(letters)-1]
		if outcome.Result != alert.Sent || last.Refusal != "" || last.Header.Get("Authorization") != "Bearer canary" {
			t.Errorf("%s: outcome %+v, refused: %s", name, outcome, last.Refusal)
		}
		if name != "long" {
			alerttest.Golden(t, name+".json", alerttest.Indented(t, last.Body))
		}
	}
}

func TestSend_alertsEnd(t *testing.T) {
	a := testenv.StartAlertmanager(t)
	target, messages := alertmanager.New(alerttest.Client()), alerttest.Messages()
	target.Send(t.Context(), route(a), messages["several"])
	during, after := time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC), time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	if firing := a.Firing(during); len(firing) != 2 || !strings.Contains(firing[0], `alertname="budget.hard_limit" env="prod"`) {
		t.Errorf("firing: %v", firing)
	}
	if firing := a.Firing(after); len(firing) != 0 {
		t.Errorf("firing after the period: %v", firing)
	}
	target.Send(t.Context(), route(a), messages["resolved"])
	if firing := a.Firing(during); len(firing) != 0 {
		t.Errorf("firing after the cap was raised: %v", firing)
	}
}

func TestSend_refused(t *testing.T) {
	a := testenv.StartAlertmanager(t)
	target, message := alertmanager.New(alerttest.Client()), alerttest.Messages()["test"]
	for status, want := range map[int]alert.Result{http.StatusBadRequest: alert.Refused, http.StatusInternalServerError: alert.Failed} {
		a.Down(status)
		if outcome := target.Send(t.Context(), route(a), message); outcome.Result != want {
			t.Errorf("%d: outcome %+v, want %s", status, outcome, want)
		}
	}
}
