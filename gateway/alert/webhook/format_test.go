package webhook_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/alerttest"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// While a secret is changed, a receiver that knows either of the two finds its signature.
func TestSend_twoSecretsAreLive(t *testing.T) {
	before, after := "the secret of before, 24 bytes", "the secret of after, 24 bytes"
	box := startInbox(t, ok)
	target := route(box.server.URL, &after)
	target.Webhook.SecondSecret = &before
	newTarget(t).Send(t.Context(), target, one(event()))
	got := box.all()[0]
	for _, secret := range []string{before, after} {
		verifier, err := standardwebhooks.NewWebhookRaw([]byte(secret))
		if err != nil {
			t.Fatal(err)
		}
		if err := verifier.Verify(got.body, got.header); err != nil {
			t.Errorf("under %q: %v", secret, err)
		}
	}
	if signatures := strings.Fields(got.header.Get("webhook-signature")); len(signatures) != 2 {
		t.Errorf("signatures %v", signatures)
	}
}

func TestSend_headersOfTheRoute(t *testing.T) {
	box := startInbox(t, ok)
	target := route(box.server.URL, nil)
	target.Webhook.Headers = map[string]string{"Authorization": "Bearer " + token, "User-Agent": "ours"}
	newTarget(t).Send(t.Context(), target, one(event()))
	got := box.all()[0].header
	if got.Get("Authorization") != "Bearer "+token || got.Get("User-Agent") != "ours" || got.Get("webhook-id") != "event_1" {
		t.Errorf("headers %v", got)
	}
}

// The fields of LiteLLM's webhook alerts, from its documentation.
var litellmFields = []string{
	"spend", "max_budget", "token", "user_id", "team_id", "user_email", "key_alias", "projected_exceeded_date", "projected_spend",
	"event", "event_group", "event_message",
}

func TestSend_litellm(t *testing.T) {
	box := startInbox(t, ok)
	target := route(box.server.URL, nil)
	target.Webhook.Format = api.WebhookLiteLLM
	for _, name := range []string{"soft_limit", "hard_limit", "odd"} {
		if outcome := newTarget(t).Send(t.Context(), target, alerttest.Messages()[name]); outcome.Result != alert.Sent {
			t.Errorf("outcome %+v", outcome)
		}
		all := box.all()
		body := all[len(all)-1].body
		alerttest.Golden(t, "litellm_"+name+".json", alerttest.Indented(t, body))
		var fields map[string]any
		if err := json.Unmarshal(body, &fields); err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(litellmFields, func(name string) bool { _, there := fields[name]; return !there }) {
			t.Errorf("fields are missing in %s", body)
		}
	}
}

func TestSend_standard(t *testing.T) {
	box := startInbox(t, ok)
	for name, message := range alerttest.Messages() {
		newTarget(t).Send(t.Context(), route(box.server.URL, nil), message)
		all := box.all()
		if name != "long" {
			alerttest.Golden(t, name+".json", alerttest.Indented(t, all[len(all)-1].body))
		}
	}
}
