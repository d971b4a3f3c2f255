// Package alertmanager hands alert events to Prometheus Alertmanager through its API v2, which brings all receivers
// that Alertmanager knows.
//
// It promises that all events of one kind about one budget are one alert, by its labels, that an event which says that
// it is over ends the alerts of the budget, and that an alert ends by itself with the budget's period. It must never
// know when to try again.
package alertmanager

import (
	"context"
	"maps"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/post"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	path = "/api/v2/alerts"
	// lasting is how long an alert stands that no period ends: nothing else would.
	lasting = time.Hour
	// maxText is in bytes of an annotation.
	maxText = 4000
)

var _ alert.Target = (*Target)(nil)

// Target posts to the Alertmanager of a route.
type Target struct{ client *post.Client }

// New returns a target that posts through client.
func New(client *post.Client) *Target { return &Target{client} }

// postable is an alert as the API v2 takes it.
type postable struct {
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	StartsAt    time.Time         `json:"startsAt"`
	EndsAt      time.Time         `json:"endsAt"`
	// GeneratorURL is where Alertmanager leads to from an alert.
	GeneratorURL string `json:"generatorURL,omitempty"`
}

// Send posts the alerts of a message.
func (t *Target) Send(ctx context.Context, route api.AlertRoute, message alert.Message) alert.Outcome {
	target := route.Alertmanager
	if target == nil {
		return alert.Outcome{Result: alert.Failed, Status: "alert route has no alertmanager"}
	}
	var alerts []postable
	for _, event := range message.Events {
		alerts = append(alerts, alertsOf(route, *target, alert.Message{Events: []api.AlertEvent{event}, Links: message.Links})...)
	}
	outcome, _ := t.client.JSON(ctx, strings.TrimSuffix(target.URL, "/")+path, target.Headers, alerts)
	return outcome
}

// alertsOf are one alert, or for what is over an end for each kind of alert that a budget may have.
func alertsOf(route api.AlertRoute, target api.AlertmanagerTarget, message alert.Message) []postable {
	event, words := message.Event(), alert.InWords(route, message)
	made := func(name, severity string, ends time.Time) postable {
		one := postable{
			Labels: labels(target, event, name, severity), StartsAt: event.CreatedAt.UTC(), EndsAt: ends.UTC(),
			Annotations: map[string]string{
				"summary": post.Clip(words.Title, maxText), "description": post.Clip(words.Text, maxText), "why": post.Clip(words.Why, maxText),
			},
		}
		for _, link := range words.Links {
			one.Annotations[link.Rel+"_url"] = link.URL
			if link.Rel == "team" {
				one.GeneratorURL = link.URL
			}
		}
		return one
	}
	if !alert.Resolves(event) {
		ends := event.CreatedAt.Add(lasting)
		if event.PeriodEnd != nil {
			ends = *event.PeriodEnd
		}
		return []postable{made(event.Type, event.Severity, ends)}
	}
	return []postable{
		made(api.EventBudgetSoftLimit, "warning", event.CreatedAt), made(api.EventBudgetHardLimit, "critical", event.CreatedAt),
		made(api.EventBudgetHardLimit, "warning", event.CreatedAt),
	}
}

// labels tell an alert from others: what differs between two events of one alert is not among them.
func labels(target api.AlertmanagerTarget, event api.AlertEvent, name, severity string) map[string]string {
	all := maps.Clone(target.Labels)
	if all == nil {
		all = map[string]string{}
	}
	for label, value := range map[string]string{
		"alertname": name, "severity": severity, "service": "bursar", "scope": event.Scope,
		"team_id": event.TeamID, "key_id": event.KeyID, "user_id": event.UserID, "budget_id": event.BudgetID,
	} {
		if value != "" {
			all[label] = value
		}
	}
	return all
}
