package slack_test

import (
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/alerttest"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/slack"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	token   = "xoxb-canary-of-a-token"
	channel = "C024BE91L"
)

func byHook(s *testenv.Slack) api.AlertRoute {
	return alerttest.Route(api.AlertTargets{Slack: &api.SlackTarget{URL: new(s.HookURL())}})
}

func byBot(s *testenv.Slack) api.AlertRoute {
	return alerttest.Route(api.AlertTargets{Slack: &api.SlackTarget{Token: new(token), Channel: channel, APIURL: s.APIURL()}})
}

// Slack takes every sort of message, by both ways, and they read well.
func TestSend_everyMessageIsTaken(t *testing.T) {
	s := testenv.StartSlack(t, testenv.SlackOptions{Token: token, Channel: channel})
	target := slack.New(alerttest.Client())
	for name, message := range alerttest.Messages() {
		for _, route := range []api.AlertRoute{byHook(s), byBot(s)} {
			outcome := target.Send(t.Context(), route, message)
			letters := s.Letters()
			last := letters[len(letters)-1]
			if outcome.Result != alert.Sent || last.Refusal != "" {
				t.Errorf("%s: outcome %+v, refused: %s", name, outcome, last.Refusal)
			}
			if route.Slack.URL != nil && name != "long" {
				alerttest.Golden(t, name+".json", alerttest.Indented(t, last.Body))
				alerttest.Golden(t, name+".txt", testenv.SlackText(last.Body)+"\n")
			}
		}
	}
}

func TestSend_botMessagesStandInAThread(t *testing.T) {
	s := testenv.StartSlack(t, testenv.SlackOptions{Token: token, Channel: channel})
	target, message := slack.New(alerttest.Client()), alerttest.Messages()["soft_limit"]
	first := target.Send(t.Context(), byBot(s), message)
	if first.Thread == "" {
		t.Fatalf("outcome %+v tells no thread", first)
	}
	message.Thread = first.Thread
	second := target.Send(t.Context(), byBot(s), message)
	if second.Result != alert.Sent || second.Thread != first.Thread {
		t.Errorf("outcome %+v, want it in thread %s", second, first.Thread)
	}
	if body := string(s.Letters()[1].Body); !strings.Contains(body, `"thread_ts":"`+first.Thread+`"`) {
		t.Errorf("body %s is not in the thread", body)
	}
}

func TestSend_whatSlackRefuses(t *testing.T) {
	s := testenv.StartSlack(t, testenv.SlackOptions{Token: token, Channel: channel, Paced: true})
	target, message := slack.New(alerttest.Client()), alerttest.Messages()["test"]
	elsewhere, stranger, gone := byBot(s), byBot(s), byHook(s)
	elsewhere.Slack = &api.SlackTarget{Token: new(token), Channel: "C000", APIURL: s.APIURL()}
	stranger.Slack = &api.SlackTarget{Token: new("xoxb-other"), Channel: channel, APIURL: s.APIURL()}
	gone.Slack = &api.SlackTarget{URL: new(s.URL() + "/services/none")}
	for name, test := range map[string]struct {
		route  api.AlertRoute
		status string
	}{
		"another channel": {elsewhere, "Slack refused: channel_not_found; is slack.channel the channel's id, and is the bot in it?"},
		"another token":   {stranger, "Slack refused: invalid_auth; the token is not valid"},
		"no such hook":    {gone, "404 Not Found"},
	} {
		if outcome := target.Send(t.Context(), test.route, message); outcome.Result != alert.Failed || outcome.Status != test.status {
			t.Errorf("%s: outcome %+v, want %q", name, outcome, test.status)
		}
	}
	target.Send(t.Context(), byHook(s), message)
	soon := target.Send(t.Context(), byHook(s), message)
	if soon.Result != alert.Failed || soon.RetryAfter.Seconds() != 1 {
		t.Errorf("outcome %+v, want to be asked to wait a second", soon)
	}
	s.Down(http.StatusBadRequest)
	if outcome := target.Send(t.Context(), byHook(s), message); outcome.Result != alert.Refused {
		t.Errorf("outcome %+v of a message that Slack will never take", outcome)
	}
	s.Down(http.StatusInternalServerError)
	if outcome := target.Send(t.Context(), byHook(s), message); outcome.Result != alert.Failed {
		t.Errorf("outcome %+v of a Slack that is down", outcome)
	}
}
