// Package slack writes alert messages into a Slack channel, through an incoming webhook or as a bot.
//
// It promises messages that Slack takes (sizes, escapes) and that a bot's messages about one team and period
// stand in one thread. It must never know when to try again. The blocks are slack-go's types, the kept
// library for them.
package slack

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	blocks "github.com/slack-go/slack"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/post"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Slack's own limits, in characters; longer texts are refused as a whole.
const (
	maxHeader  = 150
	maxSection = 3000
	maxField   = 2000
	maxFields  = 10
	maxFacts   = 4 * maxFields // in as many blocks
	maxContext = 2000
)

const slackAPI = "https://slack.com/api/"

var _ alert.Target = (*Target)(nil)

// Target writes to the channel of a route.
type Target struct{ client *post.Client }

// New returns a target that posts through client.
func New(client *post.Client) *Target { return &Target{client} }

// Send writes the message.
func (t *Target) Send(ctx context.Context, route api.AlertRoute, message alert.Message) alert.Outcome {
	target := route.Slack
	switch {
	case target == nil:
		return alert.Outcome{Result: alert.Failed, Status: "alert route has no slack"}
	case target.Token != nil:
		return t.asBot(ctx, target, alert.InWords(route, message), message.Thread)
	case target.URL != nil:
		outcome, _ := t.client.JSON(ctx, *target.URL, nil, layOut(alert.InWords(route, message)))
		return outcome
	default:
		return alert.Outcome{Result: alert.Failed, Status: "alert route has neither slack.url nor slack.token"}
	}
}

// written is a message as Slack reads it; channel and thread are a bot's.
type written struct {
	Channel string         `json:"channel,omitempty"`
	Thread  string         `json:"thread_ts,omitempty"`
	Text    string         `json:"text"`
	Blocks  *blocks.Blocks `json:"blocks"`
	Unfurl  bool           `json:"unfurl_links"`
}

// botAnswer is what matters of its answer, which is 200 also when nothing was written.
type botAnswer struct {
	OK    bool   `json:"ok"`
	Error string `json:"error"`
	TS    string `json:"ts"`
}

func (t *Target) asBot(ctx context.Context, target *api.SlackTarget, words alert.Words, thread string) alert.Outcome {
	base := target.APIURL
	if base == "" {
		base = slackAPI
	}
	headers := map[string]string{"Authorization": "Bearer " + *target.Token}
	body := layOut(words)
	body.Channel, body.Thread = target.Channel, thread
	outcome, text := t.client.JSON(ctx, strings.TrimSuffix(base, "/")+"/chat.postMessage", headers, body)
	if outcome.Result != alert.Sent {
		return outcome
	}
	var answer botAnswer
	if err := json.Unmarshal(text, &answer); err != nil {
		outcome.Result, outcome.Status = alert.Failed, "the answer is not Slack's"
		return outcome
	}
	if !answer.OK {
		outcome.Result, outcome.Status = alert.Failed, "Slack refused: "+reason(answer.Error)
		if answer.Error == "invalid_blocks" || answer.Error == "msg_too_long" {
			outcome.Result = alert.Refused
		}
		return outcome
	}
	outcome.Thread = thread
	if thread == "" {
		outcome.Thread = answer.TS
	}
	return outcome
}

// reasons are the errors of chat.postMessage that an admin can do something about. Other words of an answer are not repeated.
var reasons = map[string]string{
	"channel_not_found":   "channel_not_found; is slack.channel the channel's id, and is the bot in it?",
	"not_in_channel":      "not_in_channel; invite the bot into the channel",
	"is_archived":         "is_archived; the channel is archived",
	"invalid_auth":        "invalid_auth; the token is not valid",
	"not_authed":          "not_authed; no token arrived",
	"account_inactive":    "account_inactive; the bot was removed",
	"token_revoked":       "token_revoked; make another token",
	"token_expired":       "token_expired; make another token",
	"missing_scope":       "missing_scope; the bot needs chat:write",
	"ratelimited":         "ratelimited",
	"rate_limited":        "rate_limited",
	"invalid_blocks":      "invalid_blocks",
	"msg_too_long":        "msg_too_long",
	"restricted_action":   "restricted_action; the workspace lets the bot not write there",
	"thread_not_found":    "thread_not_found",
	"fatal_error":         "fatal_error",
	"internal_error":      "internal_error",
	"service_unavailable": "service_unavailable",
}

func reason(name string) string {
	if known, found := reasons[name]; found {
		return known
	}
	return "see the answer to a test of the route"
}

// layOut puts the words into blocks, with a text for notifications and screen readers.
func layOut(words alert.Words) written {
	title := words.Mark + " " + words.Title
	set := []blocks.Block{
		blocks.NewHeaderBlock(blocks.NewTextBlockObject(blocks.PlainTextType, cut(title, maxHeader), true, false)),
		blocks.NewSectionBlock(markdown(words.Text, maxSection), nil, nil),
	}
	for some := range slices.Chunk(words.Facts[:min(len(words.Facts), maxFacts)], maxFields) {
		set = append(set, blocks.NewSectionBlock(nil, factFields(some), nil))
	}
	if len(words.Also) > 0 {
		set = append(set, blocks.NewSectionBlock(markdown("Also: "+strings.Join(words.Also, "\n"), maxSection), nil, nil))
	}
	if len(words.Links) > 0 {
		set = append(set, blocks.NewSectionBlock(blocks.NewTextBlockObject(blocks.MarkdownType, linked(words.Links), false, false), nil, nil))
	}
	set = append(set, blocks.NewContextBlock("", markdown(words.Why, maxContext)))
	return written{Text: cut(escape(title), maxSection), Blocks: &blocks.Blocks{BlockSet: set}}
}

// linked are links on one line. Buttons would have Slack ask a server of the app's, which there is none of.
func linked(links []alert.Link) string {
	var written []string
	for _, link := range links {
		if one := "<" + escape(link.URL) + "|" + escape(link.Text) + ">"; len(one) < maxSection/4 {
			written = append(written, one)
		}
	}
	return strings.Join(written, " · ")
}

func factFields(facts []alert.Fact) []*blocks.TextBlockObject {
	var fields []*blocks.TextBlockObject
	for _, fact := range facts {
		text := cut("*"+escape(fact.Name)+"*\n"+escape(fact.Value), maxField)
		fields = append(fields, blocks.NewTextBlockObject(blocks.MarkdownType, text, false, false))
	}
	return fields
}

func markdown(text string, limit int) *blocks.TextBlockObject {
	return blocks.NewTextBlockObject(blocks.MarkdownType, cut(escape(text), limit), false, false)
}

// escape keeps names from being read as mentions or links.
func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// cut is at most so many characters; an escape that is cut in two would be shown as it is.
func cut(text string, limit int) string {
	runes := []rune(text)
	if len(runes) <= limit {
		return text
	}
	kept := string(runes[:limit-1])
	if at := strings.LastIndexByte(kept, '&'); at >= 0 && len(kept)-at < len("&amp;") && !strings.Contains(kept[at:], ";") {
		kept = kept[:at]
	}
	return kept + "…"
}
