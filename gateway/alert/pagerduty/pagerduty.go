// Package pagerduty tells PagerDuty of alerts through its Events API v2.
//
// It promises that all events of one budget are one incident, by the dedup key, that an event which says that it
// is over closes the incident, and that messages keep PagerDuty's sizes. It must never know when to try again. The
// events are go-pagerduty's types, the kept library for them.
package pagerduty

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/PagerDuty/go-pagerduty"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/post"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	eventsAPI = "https://events.pagerduty.com/v2/enqueue"
	// maxDedupKey and maxSummary are PagerDuty's, in characters.
	maxDedupKey = 255
	maxSummary  = 1024
	// throttled is how long PagerDuty wants to be left alone when it has had too much.
	throttled = 2 * time.Minute
)

var _ alert.Target = (*Target)(nil)

// Target sends to the service of a route's routing key.
type Target struct{ client *post.Client }

// New returns a target that posts through client.
func New(client *post.Client) *Target { return &Target{client} }

// Send triggers or resolves an incident.
func (t *Target) Send(ctx context.Context, route api.AlertRoute, message alert.Message) alert.Outcome {
	target := route.PagerDuty
	if target == nil || target.RoutingKey == nil {
		return alert.Outcome{Result: alert.Failed, Status: "alert route has no pagerduty"}
	}
	address := target.URL
	if address == "" {
		address = eventsAPI
	}
	outcome, _ := t.client.JSON(ctx, address, nil, event(route, *target, message))
	if strings.HasPrefix(outcome.Status, "429 ") {
		outcome.RetryAfter = max(outcome.RetryAfter, throttled)
	}
	return outcome
}

func event(route api.AlertRoute, target api.PagerDutyTarget, message alert.Message) pagerduty.V2Event {
	about := message.Event()
	told := pagerduty.V2Event{RoutingKey: *target.RoutingKey, Action: "trigger", DedupKey: dedupKey(alert.Incident(about)), Client: "Bursar"}
	if alert.Resolves(about) {
		told.Action = "resolve"
	}
	words := alert.InWords(route, message)
	told.Payload = &pagerduty.V2Payload{
		Summary: clip(words.Title, maxSummary), Source: "bursar", Severity: severity(target, about.Severity),
		Timestamp: about.CreatedAt.UTC().Format(time.RFC3339Nano), Component: about.Scope, Group: about.TeamID, Class: about.Type,
		Details: details(words),
	}
	for _, link := range words.Links {
		told.Links = append(told.Links, map[string]string{"href": link.URL, "text": link.Text})
	}
	return told
}

func severity(target api.PagerDutyTarget, ours string) string {
	if theirs := target.Severities[ours]; theirs != "" {
		return theirs
	}
	switch ours {
	case "info", "warning", "critical":
		return ours
	default:
		return "error"
	}
}

func details(words alert.Words) map[string]string {
	details := map[string]string{"message": clip(words.Text, 4000), "why": clip(words.Why, 1000)}
	for _, fact := range words.Facts {
		details[strings.ToLower(fact.Name)] = clip(fact.Value, 1000)
	}
	if len(words.Also) > 0 {
		details["also"] = clip(strings.Join(words.Also, "; "), 4000)
	}
	return details
}

// dedupKey is the incident, or its digest when it is too long to be a key.
func dedupKey(incident string) string {
	if len([]rune(incident)) <= maxDedupKey {
		return incident
	}
	digest := sha256.Sum256([]byte(incident))
	return "bursar/" + hex.EncodeToString(digest[:])
}

func clip(text string, limit int) string {
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return text
}
