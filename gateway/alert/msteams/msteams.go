// Package msteams posts alert messages as adaptive cards to a workflow of Microsoft Teams.
//
// It promises cards that stay below the size that Teams shows. It must never know when to try again.
package msteams

import (
	"context"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/post"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// maxText is in bytes of each text of a card; a card may have 28 kB.
const maxText = 3000

var _ alert.Target = (*Target)(nil)

// Target posts to the workflow of a route.
type Target struct{ client *post.Client }

// New returns a target that posts through client.
func New(client *post.Client) *Target { return &Target{client} }

// Send posts the card. Workflows answer 202.
func (t *Target) Send(ctx context.Context, route api.AlertRoute, message alert.Message) alert.Outcome {
	target := route.MicrosoftTeams
	if target == nil || target.URL == nil {
		return alert.Outcome{Result: alert.Failed, Status: "alert route has no microsoft_teams"}
	}
	outcome, _ := t.client.JSON(ctx, *target.URL, nil, layOut(alert.InWords(route, message)))
	return outcome
}

// The parts of a message to a workflow that are used here; Microsoft describes all of them as Adaptive Cards 1.4.
type (
	envelope struct {
		Type        string       `json:"type"`
		Attachments []attachment `json:"attachments"`
	}
	attachment struct {
		ContentType string `json:"contentType"`
		Content     card   `json:"content"`
	}
	card struct {
		Schema  string         `json:"$schema"`
		Type    string         `json:"type"`
		Version string         `json:"version"`
		Body    []element      `json:"body"`
		Actions []action       `json:"actions,omitempty"`
		Teams   map[string]any `json:"msteams"`
	}
	element struct {
		Type     string `json:"type"`
		Text     string `json:"text,omitempty"`
		Size     string `json:"size,omitempty"`
		Weight   string `json:"weight,omitempty"`
		Color    string `json:"color,omitempty"`
		Wrap     bool   `json:"wrap,omitempty"`
		IsSubtle bool   `json:"isSubtle,omitempty"`
		Facts    []fact `json:"facts,omitempty"`
	}
	action struct {
		Type  string `json:"type"`
		Title string `json:"title"`
		URL   string `json:"url"`
	}
	fact struct {
		Title string `json:"title"`
		Value string `json:"value"`
	}
)

func layOut(words alert.Words) envelope {
	body := []element{
		{Type: "TextBlock", Text: plain(words.Title), Size: "Large", Weight: "Bolder", Color: color(words.Severity), Wrap: true},
		{Type: "TextBlock", Text: plain(words.Text), Wrap: true},
	}
	if len(words.Facts) > 0 {
		set := element{Type: "FactSet"}
		for _, one := range words.Facts {
			set.Facts = append(set.Facts, fact{one.Name, plain(one.Value)})
		}
		body = append(body, set)
	}
	if len(words.Also) > 0 {
		body = append(body, element{Type: "TextBlock", Text: plain("Also: " + strings.Join(words.Also, "; ")), Wrap: true})
	}
	body = append(body, element{Type: "TextBlock", Text: plain(words.Why), Size: "Small", IsSubtle: true, Wrap: true})
	var actions []action
	for _, link := range words.Links {
		actions = append(actions, action{Type: "Action.OpenUrl", Title: link.Text, URL: link.URL})
	}
	return envelope{Type: "message", Attachments: []attachment{{
		ContentType: "application/vnd.microsoft.card.adaptive",
		Content: card{
			Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.4", Body: body, Actions: actions,
			Teams: map[string]any{"width": "Full"},
		},
	}}}
}

func color(severity string) string {
	switch severity {
	case "critical":
		return "Attention"
	case "warning":
		return "Warning"
	default:
		return "Accent"
	}
}

// plain keeps texts of others from being read as Markdown, which cards show.
func plain(text string) string {
	return post.Clip(strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "`", "\\`", "#", `\#`).Replace(text), maxText)
}
