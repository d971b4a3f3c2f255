package app_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// T10: eight gateways that all send at once send each event of each team once to each receiver, webhooks and
// mailboxes alike.
func TestPromise_T10_eightReplicasTellOnce(t *testing.T) {
	t.Parallel()
	const replicas, teams = 8, 4
	hook := testenv.StartWebhook(t, testenv.WebhookOptions{})
	mails := testenv.StartMailServer(t, testenv.MailServerOptions{TLS: "none"})
	i := install(t, replicas)
	i.gateways[0].admin("POST", "/alert_route/new", fmt.Sprintf(`{"name":"hook","thresholds":[0.25,0.5,0.75,1],"webhook":{"url":%q}}`, hook.URL()))
	i.gateways[1].admin("POST", "/alert_route/new", fmt.Sprintf(`{"name":"mail","events":["budget.hard_limit"],"email":{"to":["ann@example.com"],"from":"bursar@example.com","smtp_host":%q,"smtp_port":%d,"smtp_tls":"none"}}`,
		mails.Host(), mails.Port()))
	keys := make([]string, teams)
	for team := range keys {
		keys[team] = i.team(fmt.Sprintf("team-%d", team), `,"max_budget":5,"budget_duration":"1mo"`)
	}
	var calls sync.WaitGroup
	for call := range teams * replicas * 2 {
		calls.Go(func() {
			_ = try(t.Context(), i.gateways[call%replicas].URL(), keys[call/2%teams], fmt.Sprintf("eight-%d", call), chat(50, ""))
		})
	}
	calls.Wait()
	for team, key := range keys { // what others held is free again
		spendToTheCap(t, i.gateways[team:team+2], key)
	}
	const events = teams * 4
	await(t, awaitLong, "every event to have arrived", func() bool {
		sent := 0
		if err := i.record.QueryRow("SELECT COUNT(*) FROM alert_delivery WHERE state = 'sent'").Scan(&sent); err != nil {
			t.Fatal(err)
		}
		return sent == events+teams
	})
	told, subjects := map[string][]float64{}, []string{}
	for _, list := range heard(t, hook) {
		for _, event := range list {
			told[event.TeamID] = append(told[event.TeamID], event.Threshold)
		}
	}
	if n := len(hook.Deliveries()); n != events || len(heard(t, hook)[api.EventBudgetHardLimit]) != teams {
		t.Errorf("%d messages to the webhook, want %d: %v", n, events, told)
	}
	for team, thresholds := range told {
		slices.Sort(thresholds) // calls that end at once cross together
		if !slices.Equal(thresholds, []float64{0.25, 0.5, 0.75, 1}) {
			t.Errorf("%s was told of %v", team, thresholds)
		}
	}
	for _, mail := range mails.Mails() {
		subjects = append(subjects, mail.Subject)
	}
	slices.Sort(subjects)
	if len(subjects) != teams || len(slices.Compact(subjects)) != teams {
		t.Errorf("mails: %q, want one for each of %d teams", subjects, teams)
	}
}
