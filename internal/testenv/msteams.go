package testenv

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// MicrosoftTeams takes adaptive cards as a workflow of Microsoft Teams does.
type MicrosoftTeams struct{ *Receiver }

// TeamsWorkflow is the path of the workflow.
const TeamsWorkflow = "/workflows/canary/triggers/manual/paths/invoke"

// StartMicrosoftTeams starts a workflow that ends with the test.
func StartMicrosoftTeams(t testing.TB) *MicrosoftTeams {
	t.Helper()
	receiver, err := startReceiver(judgeCard)
	if err != nil {
		t.Fatalf("start Microsoft Teams: %s", err)
	}
	t.Cleanup(func() { _ = receiver.Close() })
	return &MicrosoftTeams{receiver}
}

type cardMessage struct {
	Type        string `json:"type"`
	Attachments []struct {
		ContentType string `json:"contentType"`
		Content     struct {
			Type    string           `json:"type"`
			Version string           `json:"version"`
			Body    []map[string]any `json:"body"`
			Actions []struct {
				Type  string `json:"type"`
				Title string `json:"title"`
				URL   string `json:"url"`
			} `json:"actions"`
		} `json:"content"`
	} `json:"attachments"`
}

func judgeCard(r *http.Request, body []byte) verdict {
	var message cardMessage
	if r.URL.Path != TeamsWorkflow {
		return refuse(http.StatusNotFound, `{"error":{"code":"WorkflowNotFound"}}`, "the path is %s", r.URL.Path)
	}
	if len(body) > 28<<10 {
		return refuse(http.StatusRequestEntityTooLarge, "", "%d bytes, at most 28 kB", len(body))
	}
	if wrong := cmp.Or(object(r, body, &message), message.wrong()); wrong != "" {
		return refuse(http.StatusBadRequest, fmt.Sprintf(`{"error":{"code":"TriggerInputSchemaMismatch","message":%q}}`, wrong), "%s", wrong)
	}
	return verdict{status: http.StatusAccepted}
}

func (m cardMessage) wrong() string {
	if m.Type != "message" || len(m.Attachments) != 1 {
		return "no message with one attachment"
	}
	content := m.Attachments[0].Content
	if m.Attachments[0].ContentType != "application/vnd.microsoft.card.adaptive" || content.Type != "AdaptiveCard" {
		return "the attachment is no adaptive card"
	}
	if !slices.Contains([]string{"1.0", "1.1", "1.2", "1.3", "1.4", "1.5"}, content.Version) || len(content.Body) == 0 {
		return "the card has no version that Teams shows, or no body"
	}
	for _, action := range content.Actions {
		if action.Type != "Action.OpenUrl" || action.Title == "" || !strings.HasPrefix(action.URL, "http") {
			return "an action without a title or an address"
		}
	}
	for _, element := range content.Body {
		switch element["type"] {
		case "TextBlock":
			if text, ok := element["text"].(string); !ok || text == "" {
				return "a text block without text"
			}
		case "FactSet":
			if facts, ok := element["facts"].([]any); !ok || len(facts) == 0 {
				return "a fact set without facts"
			}
		default:
			return fmt.Sprintf("an element of the type %v", element["type"])
		}
	}
	return ""
}
