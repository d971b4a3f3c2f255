package alert

import (
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Incident is what an event opens or closes, for receivers that keep incidents open: all thresholds of one budget are one
// incident, in whatever period, so that what closes it finds it.
func Incident(event api.AlertEvent) string {
	subject := event.Scope
	if subject == "" {
		subject = "team:" + event.TeamID
	}
	if Resolves(event) || strings.HasPrefix(event.Type, "budget.") {
		return "bursar/budget/" + subject
	}
	if event.Type == api.EventTest {
		return "bursar/" + event.ID
	}
	return "bursar/" + event.Type + "/" + subject
}

// Resolves says whether an event says that something is over.
func Resolves(event api.AlertEvent) bool { return event.Type == api.EventBudgetResolved }
