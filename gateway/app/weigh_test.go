package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// A model's own context window is what counts for a part that cannot be weighed, in the file and through the API.
func TestGateway_weighsWhatItCannotReadByTheWindow(t *testing.T) {
	upstream := testenv.StartUpstream(t, testenv.UpstreamOptions{})
	c := settings(t, upstream)
	c.Models[0].MaxInputTokens = 9000
	g := start(t, c)
	g.admin("POST", "/model/new", `{"model_id":"ours","name":"ours","upstream":"openai","base_url":"`+upstream.URL()+`","api_key":"sk-x",`+
		`"max_input_tokens":8000,"price":{"input_per_million_usd":3,"output_per_million_usd":3}}`)
	key := g.newKey(`{"tpm_limit":5000}`)
	for model, window := range map[string]string{c.Models[0].Name: "9000", "ours": "8000"} {
		body := `{"model":"` + model + `","max_tokens":10,"messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"file-1"}}]}]}`
		status, _, text := g.do("POST", "/v1/chat/completions", key, body)
		if status != http.StatusBadRequest || !strings.Contains(text, "context window, "+window+" tokens") {
			t.Errorf("%s: %d %s", model, status, text)
		}
		info := g.admin("GET", "/model_group/info?model_group="+model, "")
		if group := info["data"].([]any)[0].(map[string]any); group["max_input_tokens"] != map[string]float64{"9000": 9000, "8000": 8000}[window] {
			t.Errorf("%s: %v", model, group)
		}
	}
}

// People hear of a provider that reports what its model cannot have used, once.
func TestGateway_tellsOfImpossibleUsage(t *testing.T) {
	upstream, receiver := testenv.StartUpstream(t, testenv.UpstreamOptions{}), testenv.StartWebhook(t, testenv.WebhookOptions{})
	g := start(t, settings(t, upstream))
	g.admin("POST", "/alert_route/new", `{"name":"oncall","events":["usage.impossible"],"webhook":{"url":"`+receiver.URL()+`"}}`)
	key := g.newKey(`{}`)
	for range 2 {
		status, _, text := g.do("POST", "/v1/chat/completions", key, `{"model":"gpt-4.1-mini","messages":[{"role":"user","content":"fake: usage_tokens=900000000"}]}`)
		if status != http.StatusOK {
			t.Fatalf("%d %s", status, text)
		}
	}
	deliveries, err := receiver.Wait(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if body := string(deliveries[0].Body); !strings.Contains(body, "usage.impossible") || !strings.Contains(body, "900000000 completion tokens") {
		t.Errorf("told: %s", body)
	}
}
