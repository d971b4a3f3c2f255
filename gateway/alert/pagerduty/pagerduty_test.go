package pagerduty_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/alerttest"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/pagerduty"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

const routingKey = "canaryroutingkey0123456789abcdef"

func route(p *testenv.PagerDuty) api.AlertRoute {
	return alerttest.Route(api.AlertTargets{PagerDuty: &api.PagerDutyTarget{RoutingKey: new(routingKey), URL: p.URL() + testenv.PagerDutyEvents}})
}

func TestSend_everyMessageIsTaken(t *testing.T) {
	p := testenv.StartPagerDuty(t, routingKey)
	target := pagerduty.New(alerttest.Client())
	for name, message := range alerttest.Messages() {
		outcome := target.Send(t.Context(), route(p), message)
		letters := p.Letters()
		last := letters[len(letters)-1]
		if outcome.Result != alert.Sent || outcome.Status != "202 Accepted" || last.Refusal != "" {
			t.Errorf("%s: outcome %+v, refused: %s", name, outcome, last.Refusal)
		}
		if name != "long" {
			alerttest.Golden(t, name+".json", alerttest.Indented(t, last.Body))
		}
	}
}

// Every threshold of a budget is one incident, in this period and the next, and what says that it is over closes it.
func TestSend_oneIncidentForABudget(t *testing.T) {
	p := testenv.StartPagerDuty(t, routingKey)
	target, messages := pagerduty.New(alerttest.Client()), alerttest.Messages()
	long := messages["soft_limit"]
	long.Events = []api.AlertEvent{alerttest.Budget(0.8)}
	long.Events[0].Scope = "key:" + strings.Repeat("k", 300)
	for _, message := range []alert.Message{messages["soft_limit"], messages["hard_limit"], long} {
		target.Send(t.Context(), route(p), message)
	}
	if open := p.Open(); len(open) != 2 {
		t.Errorf("open incidents: %v", open)
	}
	target.Send(t.Context(), route(p), messages["resolved"])
	if open := p.Open(); len(open) != 1 || strings.Contains(open[0], "marketing") {
		t.Errorf("open incidents: %v", open)
	}
}

func TestSend_severitiesAreMapped(t *testing.T) {
	p := testenv.StartPagerDuty(t, routingKey)
	mapped := route(p)
	mapped.PagerDuty.Severities = map[string]string{"warning": "error"}
	pagerduty.New(alerttest.Client()).Send(t.Context(), mapped, alerttest.Messages()["soft_limit"])
	var event struct {
		Payload struct{ Severity string }
	}
	if err := json.Unmarshal(p.Letters()[0].Body, &event); err != nil || event.Payload.Severity != "error" {
		t.Errorf("severity %q, %v", event.Payload.Severity, err)
	}
}

func TestSend_whatPagerDutyRefuses(t *testing.T) {
	p := testenv.StartPagerDuty(t, routingKey)
	target, message := pagerduty.New(alerttest.Client()), alerttest.Messages()["test"]
	stranger := route(p)
	stranger.PagerDuty.RoutingKey = new(strings.Repeat("0", 32))
	if outcome := target.Send(t.Context(), stranger, message); outcome.Result != alert.Refused || !strings.Contains(outcome.Answer, "Invalid routing key") {
		t.Errorf("outcome %+v", outcome)
	}
	p.Down(http.StatusTooManyRequests)
	if outcome := target.Send(t.Context(), route(p), message); outcome.Result != alert.Failed || outcome.RetryAfter < time.Minute {
		t.Errorf("outcome %+v, want to wait for minutes", outcome)
	}
	p.Down(http.StatusBadGateway)
	if outcome := target.Send(t.Context(), route(p), message); outcome.Result != alert.Failed {
		t.Errorf("outcome %+v", outcome)
	}
}
