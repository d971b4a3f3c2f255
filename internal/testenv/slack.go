package testenv

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// SlackOptions say what kind of Slack to start.
type SlackOptions struct {
	// Token is what a bot must show.
	Token string
	// Channel is the one that the bot is in.
	Channel string
	// Paced refuses more than one message a second, as Slack does in the long run.
	Paced bool
}

// SlackHook is the path of the incoming webhook.
const SlackHook = "/services/T0000/B0000/hook"

// Slack takes messages by Slack's rules: sizes, blocks, one message a second, threads that exist.
type Slack struct {
	*Receiver
	options SlackOptions
	threads []string
	last    time.Time
}

// NewSlack starts a Slack. Close it when done.
func NewSlack(options SlackOptions) (*Slack, error) {
	s := &Slack{options: options}
	receiver, err := startReceiver(s.judge)
	s.Receiver = receiver
	return s, err
}

// StartSlack starts a Slack that ends with the test.
func StartSlack(t testing.TB, options SlackOptions) *Slack {
	t.Helper()
	s, err := NewSlack(options)
	if err != nil {
		t.Fatalf("start Slack: %s", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// HookURL is the address of the incoming webhook.
func (s *Slack) HookURL() string { return s.URL() + SlackHook }

// APIURL is where bots call.
func (s *Slack) APIURL() string { return s.URL() + "/api/" }

type slackText struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

type slackBlock struct {
	Type     string      `json:"type"`
	Text     *slackText  `json:"text"`
	Fields   []slackText `json:"fields"`
	Elements []slackText `json:"elements"`
}

type slackMessage struct {
	Channel string       `json:"channel"`
	Thread  string       `json:"thread_ts"`
	Text    string       `json:"text"`
	Blocks  []slackBlock `json:"blocks"`
}

func (s *Slack) judge(r *http.Request, body []byte) verdict {
	var message slackMessage
	wrong := cmp.Or(object(r, body, &message), message.wrong())
	if r.URL.Path == SlackHook {
		return s.hook(wrong, message)
	}
	if r.URL.Path != "/api/chat.postMessage" {
		return refuse(http.StatusNotFound, "no_service", "the path is %s", r.URL.Path)
	}
	no := func(name string) verdict {
		return refuse(http.StatusOK, fmt.Sprintf(`{"ok":false,"error":%q}`, name), "%s %s", name, wrong)
	}
	switch {
	case r.Header.Get("Authorization") != "Bearer "+s.options.Token:
		return no("invalid_auth")
	case message.Channel != s.options.Channel:
		return no("channel_not_found")
	case wrong != "":
		return no("invalid_blocks")
	case message.Thread != "" && !slices.Contains(s.threads, message.Thread):
		return no("thread_not_found")
	case s.tooSoon():
		return tooMany()
	}
	ts := fmt.Sprintf("%d.000100", 1_700_000_000+len(s.threads))
	s.threads = append(s.threads, ts)
	return verdict{status: http.StatusOK, answer: fmt.Sprintf(`{"ok":true,"channel":%q,"ts":%q}`, message.Channel, ts)}
}

func (s *Slack) hook(wrong string, message slackMessage) verdict {
	switch {
	case wrong != "":
		return refuse(http.StatusBadRequest, "invalid_blocks", "%s", wrong)
	case message.Thread != "":
		return refuse(http.StatusBadRequest, "invalid_payload", "an incoming webhook knows no threads")
	case s.tooSoon():
		return tooMany()
	}
	return verdict{status: http.StatusOK, answer: "ok"}
}

func (s *Slack) tooSoon() bool {
	soon := s.options.Paced && time.Since(s.last) < time.Second
	if !soon {
		s.last = time.Now()
	}
	return soon
}

func tooMany() verdict {
	no := refuse(http.StatusTooManyRequests, "rate_limited", "more than one message a second")
	no.header = http.Header{"Retry-After": {"1"}}
	return no
}

// wrong is which of Slack's rules for messages is broken.
func (m slackMessage) wrong() string {
	if m.Text == "" {
		return "no text for notifications"
	}
	if len(m.Blocks) == 0 || len(m.Blocks) > 50 {
		return fmt.Sprintf("%d blocks", len(m.Blocks))
	}
	for _, block := range m.Blocks {
		if wrong := block.wrong(); wrong != "" {
			return block.Type + ": " + wrong
		}
	}
	return ""
}

func (b slackBlock) wrong() string {
	switch b.Type {
	case "header":
		if b.Text == nil || b.Text.Type != "plain_text" {
			return "a header is plain text"
		}
		return b.Text.longer(150)
	case "section":
		if b.Text == nil && len(b.Fields) == 0 {
			return "neither text nor fields"
		}
		if b.Text != nil {
			return b.Text.longer(3000)
		}
		return longer(b.Fields, 10, 2000)
	case "context":
		return longer(b.Elements, 10, 3000)
	case "divider", "actions":
		return ""
	default:
		return "unknown block"
	}
}

func longer(texts []slackText, most, limit int) string {
	if len(texts) == 0 || len(texts) > most {
		return fmt.Sprintf("%d texts", len(texts))
	}
	for _, text := range texts {
		if wrong := text.longer(limit); wrong != "" {
			return wrong
		}
	}
	return ""
}

// slackLink is an address with a text, as mrkdwn writes one.
var slackLink = regexp.MustCompile(`<(https?://[^|<>\s]+)\|([^<>]+)>`)

// longer counts characters, and insists that "&", "<" and ">" are escaped in mrkdwn.
func (t slackText) longer(limit int) string {
	plain := strings.NewReplacer("&amp;", "", "&lt;", "", "&gt;", "").Replace(slackLink.ReplaceAllString(t.Text, "$2"))
	switch n := utf8.RuneCountInString(t.Text); {
	case n == 0:
		return "an empty text"
	case n > limit:
		return fmt.Sprintf("%d characters, at most %d", n, limit)
	case t.Type == "mrkdwn" && strings.ContainsAny(plain, "&<>"):
		return "a text that is not escaped"
	}
	return ""
}

// SlackText is a message as a reader sees it, without what Slack makes bold or grey.
func SlackText(body []byte) string {
	var message slackMessage
	if json.Unmarshal(body, &message) != nil {
		return string(body)
	}
	var lines []string
	for _, block := range message.Blocks {
		texts := append(slices.Clone(block.Fields), block.Elements...)
		if block.Text != nil {
			texts = append([]slackText{*block.Text}, texts...)
		}
		for _, text := range texts {
			lines = append(lines, strings.ReplaceAll(strings.ReplaceAll(slackLink.ReplaceAllString(text.Text, "$2 ($1)"), "*\n", ": "), "*", ""))
		}
	}
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(strings.Join(lines, "\n"))
}
