// Package link makes the links of alert messages: to the team's page, to where more can be asked for, and to silence
// what a message tells until the budget's period ends.
//
// It promises that the link to silence is good for that alone and no longer than the silence, and that all attempts of
// a message have the same links. Whoever holds it needs no account. It must never know how pages look or who sends.
package link

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Options say where the pages stand. A page without an address is not linked to.
type Options struct {
	// Key signs.
	Key []byte
	// Team is the page of a team, Ask the one where more is asked for, Silence the one with the button.
	Team, Ask, Silence string
	Now                func() time.Time
}

// Links makes links and reads them.
type Links struct{ Options }

// asked are the events of limits of which a team may want more, silenced those that may be silenced.
var (
	asked = []string{
		api.EventBudgetSoftLimit, api.EventBudgetHardLimit, api.EventBudgetForecast, api.EventTeamThrottled, api.EventRateLimitSustained,
	}
	silenced = []string{api.EventBudgetSoftLimit, api.EventBudgetHardLimit, api.EventBudgetForecast}
)

// Of are the links of a message about an event.
func (l Links) Of(event api.AlertEvent) (links []alert.Link) {
	if event.TeamID == "" {
		return nil
	}
	if l.Team != "" {
		links = append(links, alert.Link{Rel: "team", Text: "Open the team", URL: l.Team + "?" + url.Values{"id": {event.TeamID}}.Encode()})
	}
	if l.Ask != "" && slices.Contains(asked, event.Type) {
		query := url.Values{"team": {event.TeamID}}
		if strings.HasPrefix(event.Type, "budget.") {
			query.Set("limit", api.LimitBudget)
		}
		links = append(links, alert.Link{Rel: "ask", Text: "Ask for more", URL: l.Ask + "?" + query.Encode()})
	}
	// What is silenced is a team's, so it is offered for the team's own budget only: not for the year of one of its keys.
	if l.Silence != "" && event.PeriodEnd != nil && event.Scope == api.TeamScope(event.TeamID) && slices.Contains(silenced, event.Type) {
		links = append(links, alert.Link{
			Rel: "silence", Text: "Silence until " + event.PeriodEnd.UTC().Format("2 January 2006"),
			URL: l.Silence + "?" + url.Values{"token": {l.token(Silence{event.TeamID, event.Type, event.PeriodEnd.Unix(), event.ID})}}.Encode(),
		})
	}
	return links
}

// Silence is what a link to silence is good for: the events of one name, of one team, until a moment, as of an event.
type Silence struct {
	TeamID  string `json:"t"`
	Event   string `json:"e"`
	Until   int64  `json:"u"`
	EventID string `json:"i"`
}

// Ends is when the silence does.
func (s Silence) Ends() time.Time { return time.Unix(s.Until, 0).UTC() }

func (l Links) token(silence Silence) string {
	text, _ := json.Marshal(silence) // texts and a number
	return base64.RawURLEncoding.EncodeToString(text) + "." + base64.RawURLEncoding.EncodeToString(l.sign(text))
}

func (l Links) sign(text []byte) []byte {
	mac := hmac.New(sha256.New, l.Key)
	mac.Write([]byte("silence\n"))
	mac.Write(text)
	return mac.Sum(nil)
}

// Read is what a link is good for. Error: [api.NotFound] when it is not ours, or over.
func (l Links) Read(token string) (silence Silence, err error) {
	text, signature, _ := strings.Cut(token, ".")
	plain, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return silence, errNoLink()
	}
	signed, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil || !hmac.Equal(signed, l.sign(plain)) || json.Unmarshal(plain, &silence) != nil {
		return silence, errNoLink()
	}
	if !silence.Ends().After(l.Now()) {
		return silence, api.Errorf(api.NotFound, "the period that this link would silence is over, and the link with it")
	}
	return silence, nil
}

func errNoLink() error {
	return api.Errorf(api.NotFound, "this link is not whole; copy it from the message once more")
}
