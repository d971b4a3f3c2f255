package client_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// Every secret has a canary at its start, middle and end, and characters that are written otherwise in JSON and in
// addresses. What may be told has none.
const (
	keySecret     = "sk-canary-1 &<canary>\"+ü/canary"
	rotatedSecret = "sk-canary-2-canary-canary"
	apiKeySecret  = "canary-of-openai"
	signingSecret = "canary-signing&canary-secret-canary"
	webhookURL    = "https://hooks.example.com/canary/T0?token=canary&x=canary"
)

// carriers are the calls that carry secrets.
func carriers(t *testing.T) map[string]func(*client.Client) error {
	ctx := t.Context()
	route := api.AlertRouteFields{Name: "oncall", AlertTargets: api.AlertTargets{Webhook: &api.WebhookTarget{URL: webhookURL, Secret: new(signingSecret)}}}
	through := func(targets api.AlertTargets) func(*client.Client) error {
		return func(c *client.Client) error {
			_, err := c.CreateAlertRoute(ctx, "r", api.AlertRouteFields{Name: "oncall", AlertTargets: targets})
			return err
		}
	}
	headers := map[string]string{"Authorization": "canary-of-a-header-canary"}
	model := api.ModelFields{Name: "gpt", APIKey: new(apiKeySecret)}
	return map[string]func(*client.Client) error{
		"a read": func(c *client.Client) error { _, err := c.GetTeam(ctx, "a"); return err },
		"CreateKey": func(c *client.Client) error {
			_, err := c.CreateKey(ctx, api.KeyCreate{Key: new(keySecret)})
			return err
		},
		"RotateKey":                  func(c *client.Client) error { _, err := c.RotateKey(ctx, "k", rotatedSecret, ""); return err },
		"CreateModel":                func(c *client.Client) error { _, err := c.CreateModel(ctx, "m", model); return err },
		"UpdateModel":                func(c *client.Client) error { _, err := c.UpdateModel(ctx, "m", model, 1); return err },
		"CreateAlertRoute":           func(c *client.Client) error { _, err := c.CreateAlertRoute(ctx, "r", route); return err },
		"a route to Slack":           through(api.AlertTargets{Slack: &api.SlackTarget{URL: new(webhookURL)}}),
		"a route to Slack, as a bot": through(api.AlertTargets{Slack: &api.SlackTarget{Token: new("canary-of-a-token")}}),
		"a route to PagerDuty":       through(api.AlertTargets{PagerDuty: &api.PagerDutyTarget{RoutingKey: new("canary-of-a-routing-key-canary-1")}}),
		"a route to a mailbox":       through(api.AlertTargets{Email: &api.EmailTarget{SMTPPassword: new("canary-of-a-password")}}),
		"a route to Alertmanager":    through(api.AlertTargets{Alertmanager: &api.AlertmanagerTarget{Headers: headers}}),
		"a webhook with headers":     through(api.AlertTargets{Webhook: &api.WebhookTarget{URL: webhookURL, Headers: headers}}),
		"UpdateAlertRoute":           func(c *client.Client) error { _, err := c.UpdateAlertRoute(ctx, "r", route, 1); return err },
	}
}

// requestText is all of a request, as a server sees it.
func requestText(r *http.Request) string {
	body, _ := io.ReadAll(r.Body)
	var fields any
	_ = json.Unmarshal(body, &fields)
	return fmt.Sprintf("%s %s %v %s %v %s", r.Method, r.URL, r.Header, body, fields, url.QueryEscape(fmt.Sprint(fields)))
}

func TestErrors_holdNoSecretOfTheRequest(t *testing.T) {
	ours := func(kind func(text string) api.ErrorDetail) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(api.ErrorBody{Error: kind(requestText(r))})
		}
	}
	servers := map[string]http.HandlerFunc{
		"in the message": ours(func(text string) api.ErrorDetail { return api.ErrorDetail{Message: "bad: " + text, Type: "x"} }),
		"in the param":   ours(func(text string) api.ErrorDetail { return api.ErrorDetail{Message: "bad: no", Type: "x", Param: &text} }),
		"in the type":    ours(func(text string) api.ErrorDetail { return api.ErrorDetail{Message: "bad: no", Type: text} }),
		"in words that are not ours": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, requestText(r))
		},
		"in a page that should be an object": func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, requestText(r)) },
		"in the status":                      inStatus("HTTP/1.1 400 %s\r\n\r\n"),
		"where the status should be":         inStatus("HTTP/1.1 %s\r\n\r\n"),
		"in what is not HTTP":                inStatus("%s\r\n\r\n"),
		"where one is sent to": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "https://elsewhere.example.com/?"+requestText(r))
			w.WriteHeader(http.StatusFound)
		},
	}
	for where, handler := range servers {
		server := httptest.NewServer(handler)
		defer server.Close()
		c, err := client.New(client.Options{Endpoint: server.URL, AdminKey: adminKey, RetryMax: 1, RetryWait: time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		for name, call := range carriers(t) {
			err := call(c)
			if err == nil {
				t.Errorf("%s, %s: no error", where, name)
				continue
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("%s, %s: %s", where, name, err)
			}
			refused, ok := errors.AsType[*api.Error](err)
			if ok && strings.Contains(fmt.Sprint(refused.Message, refused.Param, refused.Header), "canary") {
				t.Errorf("%s, %s: %q, param %q, header %v", where, name, refused.Message, refused.Param, refused.Header)
			}
			if where == "in the message" && (!strings.Contains(err.Error(), "bad: ") || !strings.Contains(err.Error(), "Bearer (secret)")) {
				t.Errorf("%s, %s: nothing is left of what was said: %s", where, name, err)
			}
		}
	}
}

// inStatus writes the request where no handler can.
func inStatus(format string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text := strings.NewReplacer("\r", " ", "\n", " ").Replace(requestText(r))
		connection, stream, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = connection.Close() }()
		writeAndFlush(stream.Writer, fmt.Sprintf(format, text))
	}
}

func writeAndFlush(w *bufio.Writer, text string) {
	_, _ = w.WriteString(text)
	_ = w.Flush()
}

// An echo that is cut off somewhere still shows none of a secret but its first few characters.
func TestErrors_holdNoPartOfASecretThatIsCutOff(t *testing.T) {
	secret := "sk-0123456789abcdefghijklmnop"
	for length := range len(secret) {
		gateway := startFake(t, failed(http.StatusBadRequest, "x", "unknown: "+secret[:length]))
		_, err := gateway.client(t).CreateKey(t.Context(), api.KeyCreate{Key: &secret})
		if shown := strings.TrimPrefix(err.Error(), "create key: unknown: "); length >= 8 && shown != "(secret)" || length < 8 && shown != secret[:length] {
			t.Errorf("of %d characters, %q is shown", length, shown)
		}
	}
}

// What people need to know is not taken for a secret.
func TestErrors_keepWhatIsNone(t *testing.T) {
	const said = `webhook.url names hooks.example.com, which is at 10.0.0.7; key key_123 of "sk-...Ab3d" stays`
	gateway := startFake(t, failed(http.StatusBadRequest, "x", said))
	fields := api.AlertRouteFields{AlertTargets: api.AlertTargets{Webhook: &api.WebhookTarget{URL: webhookURL, Secret: new(signingSecret)}}}
	_, err := gateway.client(t).UpdateAlertRoute(t.Context(), "r", fields, 1)
	if err == nil || err.Error() != `update alert route "r": `+said {
		t.Errorf("got %v", err)
	}
}
