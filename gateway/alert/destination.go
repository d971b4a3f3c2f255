package alert

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	// slackPace is how long Slack asks to wait between two messages into a channel, teamsPace what a workflow of Microsoft
	// Teams stands.
	slackPace = time.Second
	teamsPace = 250 * time.Millisecond
	// mostFailures on end make a destination rest for restFor: what comes for it meanwhile waits without an attempt.
	mostFailures = 5
	restFor      = time.Minute
)

// claimOf is what may be taken of a route now. A nil route was deleted.
func claimOf(route *api.AlertRoute, id string, now time.Time, free int) api.AlertClaim {
	claim := api.AlertClaim{AlertRouteID: id, Destination: id, Now: now, Until: now.Add(lease).Truncate(time.Millisecond), Subjects: free, Most: perRoute}
	if route == nil {
		return claim
	}
	if readByPeople(*route) {
		claim.Most = maxGroup
	}
	switch {
	case route.Slack != nil:
		claim.Destination = "slack:" + digest(textOf(route.Slack.URL), textOf(route.Slack.Token), route.Slack.Channel)
		claim.Subjects, claim.Pace = 1, slackPace
	case route.MicrosoftTeams != nil:
		claim.Destination = "microsoft_teams:" + digest(textOf(route.MicrosoftTeams.URL))
		claim.Subjects, claim.Pace = 1, teamsPace
	}
	return claim
}

func textOf(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// digest names an address without telling it.
func digest(parts ...string) string {
	sum := sha256.New()
	for _, part := range parts {
		sum.Write([]byte(cmp.Or(part, "-") + "\n"))
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}
