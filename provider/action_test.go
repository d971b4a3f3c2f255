package provider_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// invoke runs an action as Terraform 1.14 does, and returns its progress and what it said against it.
func (p *protocol) invoke(action string, config object) (progress, refused string) {
	p.t.Helper()
	server, ok := p.server.(tfprotov6.ActionServer)
	if !ok {
		p.t.Fatal("the provider has no actions")
	}
	valid, err := server.ValidateActionConfig(p.ctx, &tfprotov6.ValidateActionConfigRequest{ActionType: action, Config: p.dynamic(config)})
	p.must(err, nil)
	if len(valid.Diagnostics) > 0 {
		return "", said(valid.Diagnostics)
	}
	planned, err := server.PlanAction(p.ctx, &tfprotov6.PlanActionRequest{ActionType: action, Config: p.dynamic(config)})
	p.must(err, planned.Diagnostics)
	stream, err := server.InvokeAction(p.ctx, &tfprotov6.InvokeActionRequest{ActionType: action, Config: p.dynamic(config)})
	p.must(err, nil)
	for event := range stream.Events {
		switch event := event.Type.(type) {
		case tfprotov6.ProgressInvokeActionEventType:
			progress += event.Message
		case tfprotov6.CompletedInvokeActionEventType:
			refused += said(event.Diagnostics)
		}
	}
	return progress, refused
}

// does invokes an action that must work.
func (p *protocol) does(action string, config object) string {
	p.t.Helper()
	progress, refused := p.invoke(action, config)
	if refused != "" {
		p.t.Fatalf("%s %v: %s", action, config, refused)
	}
	return progress
}

func TestAccAction_teamBlockAndUnblock(t *testing.T) {
	g := startGateway(t)
	must[api.Team](t)(g.CreateTeam(t.Context(), "marketing", api.TeamFields{}))
	p := g.protocol()
	if progress := p.does("bursar_team_block", object{"team_id": "marketing"}); progress != "team marketing is blocked" || !g.team("marketing").Blocked {
		t.Errorf("%q, blocked %t", progress, g.team("marketing").Blocked)
	}
	if progress := p.does("bursar_team_unblock", object{"team_id": "marketing"}); progress != "team marketing is not blocked" || g.team("marketing").Blocked {
		t.Errorf("%q, blocked %t", progress, g.team("marketing").Blocked)
	}
	if _, refused := p.invoke("bursar_team_block", object{"team_id": "none"}); !strings.Contains(refused, `"none"`) {
		t.Errorf("a team that is not there: %q", refused)
	}
}

func TestAccAction_keyRotate(t *testing.T) {
	g := startGateway(t)
	ctx := t.Context()
	key := must[api.KeyCreated](t)(g.CreateKey(ctx, api.KeyCreate{Key: new("sk-long-canary-0123456789-old")}))
	p := g.protocol()
	progress := p.does("bursar_key_rotate", object{"key_id": key.KeyID, "new_key": "sk-long-canary-0123456789-new", "grace_period": "1h"})
	if !strings.Contains(progress, key.KeyID) || !strings.Contains(progress, "works for another 1h") || strings.Contains(progress, "canary") {
		t.Errorf("%q", progress)
	}
	for _, secret := range []string{"sk-long-canary-0123456789-new", "sk-long-canary-0123456789-old"} {
		if found, err := g.GetKey(ctx, secret); err != nil || found.KeyID != key.KeyID {
			t.Errorf("%s: %q, %v", secret, found.KeyID, err)
		}
	}
	p.does("bursar_key_rotate", object{"key_id": key.KeyID, "new_key": "sk-canary-0123456789-third"})
	if _, err := g.GetKey(ctx, "sk-long-canary-0123456789-new"); api.CodeOf(err) != api.NotFound {
		t.Errorf("without a grace period the old secret is known: %v", err)
	}
	for want, config := range map[string]object{
		"Key not found":               {"key_id": "key_none", "new_key": "sk-long-canary-0123456789-4th"},
		"must start with sk-":         {"key_id": key.KeyID, "new_key": "sk-canary"},
		"Not a duration":              {"key_id": key.KeyID, "new_key": "sk-long-canary-0123456789-4th", "grace_period": "soon"},
		"grace_period is longer than": {"key_id": key.KeyID, "new_key": "sk-long-canary-0123456789-4th", "grace_period": "91d"},
	} {
		if _, refused := p.invoke("bursar_key_rotate", config); !strings.Contains(refused, want) || strings.Contains(refused, "canary") {
			t.Errorf("refused with %q, want %q", refused, want)
		}
	}
}

func TestAccAction_alertRouteTest(t *testing.T) {
	g := startGateway(t)
	receiver := testenv.StartWebhook(t, testenv.WebhookOptions{})
	must[api.AlertRoute](t)(g.CreateAlertRoute(t.Context(), "oncall", api.AlertRouteFields{Name: "On call", AlertTargets: api.AlertTargets{Webhook: &api.WebhookTarget{URL: receiver.URL()}}, Enabled: true}))
	p := g.protocol()
	p.does("bursar_alert_route_test", object{"alert_route_id": "oncall"})
	if got := len(receiver.Deliveries()); got != 1 {
		t.Errorf("%d deliveries", got)
	}
	receiver.AnswerAlways(testenv.Reply{Status: 500})
	if _, refused := p.invoke("bursar_alert_route_test", object{"alert_route_id": "oncall"}); !strings.Contains(refused, "has not arrived") || !strings.Contains(refused, "500") {
		t.Errorf("refused with %q", refused)
	}
	if got := len(receiver.Deliveries()); got != 2 {
		t.Errorf("%d deliveries: a refusal of the receiver's is no reason to ask the gateway again", got)
	}
	if _, refused := p.invoke("bursar_alert_route_test", object{"alert_route_id": "none"}); !strings.Contains(refused, "alert_route_id=none") {
		t.Errorf("refused with %q", refused)
	}
}

// The action sends through every target, and says what a receiver refuses.
func TestAccAction_alertRouteTestOfEachTarget(t *testing.T) {
	routingKey := strings.Repeat("c", 32)
	mail := testenv.StartMailServer(t, testenv.MailServerOptions{TLS: "none"})
	slack := testenv.StartSlack(t, testenv.SlackOptions{Token: "xoxb-canary", Channel: "C1"})
	pagerDuty := testenv.StartPagerDuty(t, routingKey)
	g := startGatewayWith(t, func(c *config.Config) {
		c.SMTP = &config.SMTP{Host: mail.Host(), Port: mail.Port(), TLS: "none", From: "bursar@example.com"}
	})
	p := g.protocol()
	targets := map[string]api.AlertTargets{
		"webhook":         {Webhook: &api.WebhookTarget{URL: testenv.StartWebhook(t, testenv.WebhookOptions{}).URL()}},
		"slack":           {Slack: &api.SlackTarget{Token: new("xoxb-canary"), Channel: "C1", APIURL: slack.APIURL()}},
		"pagerduty":       {PagerDuty: &api.PagerDutyTarget{RoutingKey: &routingKey, URL: pagerDuty.URL() + testenv.PagerDutyEvents}},
		"email":           {Email: &api.EmailTarget{To: []string{"ann@example.com"}}},
		"microsoft_teams": {MicrosoftTeams: &api.MicrosoftTeamsTarget{URL: new(testenv.StartMicrosoftTeams(t).URL() + testenv.TeamsWorkflow)}},
		"alertmanager":    {Alertmanager: &api.AlertmanagerTarget{URL: testenv.StartAlertmanager(t).URL()}},
	}
	for _, kind := range (api.AlertTargets{}).Kinds() {
		must[api.AlertRoute](t)(g.CreateAlertRoute(t.Context(), kind, api.AlertRouteFields{Name: kind, AlertTargets: targets[kind], Enabled: true}))
		p.does("bursar_alert_route_test", object{"alert_route_id": kind})
	}
	slack.Down(500)
	if _, refused := p.invoke("bursar_alert_route_test", object{"alert_route_id": "slack"}); !strings.Contains(refused, "500") || strings.Contains(refused, "canary") {
		t.Errorf("refused with %q", refused)
	}
}

func TestAccAction_budgetReset(t *testing.T) {
	g := startGateway(t)
	g.serve("gpt")
	ctx := t.Context()
	must[api.Team](t)(g.CreateTeam(ctx, "marketing", api.TeamFields{BudgetTerms: api.BudgetTerms{MaxBudget: new(100 * money.USD)}}))
	must[api.Budget](t)(g.CreateBudget(ctx, "pot", api.BudgetFields{Everything: true}))
	must[api.Budget](t)(g.CreateBudget(ctx, "terms", api.BudgetFields{}))
	key := must[api.KeyCreated](t)(g.CreateKey(ctx, api.KeyCreate{KeyFields: api.KeyFields{TeamID: new("marketing")}}))
	g.spend(key.Secret, "gpt", 3)
	p := g.protocol()
	for _, reset := range []struct {
		config object
		want   string
	}{
		{object{"team_id": "marketing", "reset_to": 1.5}, "marketing had spent $3.00, and now $1.50"},
		{object{"key_id": key.KeyID}, key.KeyID + " had spent $3.00, and now $0.00"},
		{object{"budget_id": "pot"}, "pot had spent $3.00, and now $0.00"},
	} {
		if progress := p.does("bursar_budget_reset", reset.config); progress != reset.want {
			t.Errorf("%q, want %q", progress, reset.want)
		}
	}
	if spend := g.team("marketing").Spend; spend != 3*money.USD/2 {
		t.Errorf("the team has spent %s", spend)
	}
	for want, config := range map[string]object{
		"team_id=none":          {"team_id": "none"},
		"no counter of its own": {"budget_id": "terms"},
		`Attribute "team_id" cannot be specified when "budget_id" is specified`: {"budget_id": "pot", "team_id": "marketing"},
		"At least one attribute out of [budget_id,team_id,key_id,user_id]":      {},
		"reset_to":         {"team_id": "marketing", "reset_to": 2},
		"Amount too large": {"team_id": "marketing", "reset_to": 1e15},
	} {
		if _, refused := p.invoke("bursar_budget_reset", config); !strings.Contains(refused, want) {
			t.Errorf("refused with %q, want %q", refused, want)
		}
	}
}
