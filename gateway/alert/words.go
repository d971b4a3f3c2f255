package alert

import (
	"fmt"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Words are a message in plain text, for targets that people read to lay out.
type Words struct {
	// Title is one short line that says it all.
	Title string
	// Text is the event's own sentence.
	Text string
	// Facts are what a reader wants to know next.
	Facts []Fact
	// Also are the titles of the events that go with it.
	Also []string
	// Why says by which route, event and threshold the message came.
	Why string
	// Links are where a reader may go.
	Links []Link
	// Mark is a sign of how severe it is.
	Mark string
	// Severity is the event's.
	Severity string
}

// Fact is a name and what stands behind it.
type Fact struct{ Name, Value string }

// maxTitle is in characters; the shortest place for one is a header of Slack's, with 150.
const maxTitle = 140

// InWords writes a message for people.
func InWords(route api.AlertRoute, message Message) Words {
	event := message.Event()
	words := Words{
		Title: Title(event), Text: sentence(event.Message), Facts: facts(event), Why: why(route, event),
		Mark: mark(event), Severity: event.Severity, Links: message.Links,
	}
	for _, other := range message.Events[1:] {
		words.Also = append(words.Also, Title(other))
	}
	return words
}

// Title is an event in one short line.
func Title(event api.AlertEvent) string {
	title := shortened(Owner(event), 80) + ": " + happened(event)
	if Owner(event) == "" {
		title = upperFirst(happened(event))
	}
	return shortened(title, maxTitle)
}

// happened is what an event says of its owner.
func happened(event api.AlertEvent) string {
	switch event.Type {
	case api.EventBudgetSoftLimit:
		if event.MaxBudget == 0 {
			return event.Spend.Dollars() + " of the budget is spent"
		}
		return percent(event.Threshold) + " of the budget is spent"
	case api.EventBudgetHardLimit:
		return hardLimit(event)
	case api.EventBudgetResolved:
		if event.PeriodStart != nil && event.PeriodStart.Equal(event.CreatedAt) {
			return "a new period of the budget has begun"
		}
		return "the budget holds again"
	case api.EventRateLimitSustained, api.EventBudgetForecast, api.EventSpendAnomaly:
		return foundByWatching(event)
	case api.EventKeyCreated:
		return "a key was made"
	case api.EventKeyRotated:
		return "a key has another secret"
	case api.EventKeyExpiring:
		return "stops working on " + day(event.Until)
	case api.EventTeamBlocked:
		return "was blocked"
	case api.EventTeamThrottled:
		return "may send fewer requests until " + day(event.Until)
	case api.EventQuotaChanged:
		return "limits were changed"
	case api.EventQuotaRequested:
		return "more is asked for"
	case api.EventModelUnpriced:
		return "the model " + event.Model + " has no known price"
	case api.EventUpstreamFailing:
		return event.Upstream + " fails for " + event.Model
	case api.EventUsageAboveBound:
		return "a provider counts more tokens than was reserved for " + event.Model
	case api.EventQuotaDrift:
		return "what is counted and what is recorded differ"
	case api.EventStoreDegraded:
		return "a gateway cannot reach its counters"
	case api.EventUsageImpossible:
		return "a provider reported a use that cannot be"
	case api.EventAlertFailing:
		return "an alert route does not take its messages"
	case api.EventDigest:
		return digestTitle(event)
	case api.EventTest:
		return "test of an alert route"
	default:
		return strings.NewReplacer(".", " ", "_", " ").Replace(event.Type)
	}
}

// foundByWatching is what no single call brought about.
func foundByWatching(event api.AlertEvent) string {
	switch {
	case event.Forecast != nil:
		return event.Forecast.Message
	case event.Anomaly != nil:
		return fmt.Sprintf("spent %s today, usual is %s", Amount(event.Anomaly.Spend), Amount(event.Anomaly.Median))
	case event.Refusals != nil:
		return fmt.Sprintf("%d calls refused by %s in %d minutes", event.Refusals.Calls, event.Refusals.Limit, event.Refusals.Minutes)
	default:
		return "requests are refused by rate limits all the time"
	}
}

func hardLimit(event api.AlertEvent) string {
	switch {
	case event.Watched:
		return "the budget is used up, requests would be refused if it were enforced"
	case event.Severity != "critical":
		return "a request was too dear for what is left of the budget"
	case event.HardCap:
		return "the budget is spent, requests are refused"
	default:
		return "the budget is spent, requests still pass"
	}
}

// Owner is whose budget or limit an event is about, "" for the gateway itself.
func Owner(event api.AlertEvent) string {
	team := event.TeamAlias
	if team == "" {
		team = event.TeamID
	}
	switch {
	case event.UserID != "" && team != "":
		return event.UserID + " in " + team
	case event.UserID != "":
		return "User " + event.UserID
	case event.KeyID != "" && team != "":
		return "Key " + event.KeyID + " of " + team
	case event.KeyID != "":
		return "Key " + event.KeyID
	case team != "":
		return team
	case event.BudgetID != "":
		return "Budget " + event.BudgetID
	default:
		return ""
	}
}

func facts(event api.AlertEvent) []Fact {
	if event.Digest != nil {
		return digestFacts(*event.Digest)
	}
	var facts []Fact
	add := func(given bool, name, value string) {
		if given {
			facts = append(facts, Fact{name, value})
		}
	}
	team := event.TeamID
	if event.TeamAlias != "" && event.TeamAlias != event.TeamID {
		team = fmt.Sprintf("%s (%s)", event.TeamAlias, event.TeamID)
	}
	add(event.TeamID != "", "Team", team)
	add(event.UserID != "", "User", event.UserID)
	add(event.KeyID != "", "Key", event.KeyID)
	add(event.BudgetID != "", "Budget", event.BudgetID)
	spent := Amount(event.Spend)
	if event.MaxBudget > 0 {
		spent += fmt.Sprintf(" of %s (%d %%)", Amount(event.MaxBudget), int64(float64(event.Spend)/float64(event.MaxBudget)*100))
	}
	add(event.Spend > 0 || event.MaxBudget > 0, "Spent", spent)
	add(event.MaxBudget > event.Spend, "Left", Amount(event.MaxBudget-event.Spend))
	add(event.PeriodEnd != nil, "Resets", day(event.PeriodEnd))
	add(event.Model != "", "Model", event.Model)
	add(event.Upstream != "", "Upstream", event.Upstream)
	for _, change := range event.Changes {
		add(true, change.Field, valueInWords(change.Field, change.From)+" → "+valueInWords(change.Field, change.To))
	}
	add(event.Actor != "", "By", event.Actor)
	add(event.Reason != "", "Reason", event.Reason)
	return facts
}

// Amount is one for people: cents are enough from one dollar on.
func Amount(amount money.Nano) string {
	if amount >= money.USD {
		amount -= amount % (money.USD / 100)
	}
	return amount.Dollars()
}

func day(at *time.Time) string {
	if at == nil {
		return ""
	}
	layout := "2 January 2006, 15:04 MST"
	if at.Hour() == 0 && at.Minute() == 0 {
		layout = "2 January 2006 (MST)"
	}
	return at.Format(layout)
}

// why lets a reader find what to change when the message should not have come.
func why(route api.AlertRoute, event api.AlertEvent) string {
	text := fmt.Sprintf("Sent by alert route %q for %s", route.Name, event.Type)
	if event.Threshold > 0 {
		text += " at " + percent(event.Threshold)
	}
	return text + "."
}

func mark(event api.AlertEvent) string {
	switch event.Severity {
	case "info":
		if Resolves(event) {
			return "🟢"
		}
		return "🔵"
	case "critical":
		return "🔴"
	case "warning":
		return "🟡"
	default:
		return "🔵"
	}
}

func percent(share float64) string { return fmt.Sprintf("%.4g %%", share*100) }

func sentence(text string) string {
	text = upperFirst(text)
	if text != "" && !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}

func upperFirst(text string) string {
	if text == "" || text[0] < 'a' || text[0] > 'z' {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// shortened is at most so many characters, on one line.
func shortened(text string, limit int) string {
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return text
}
