package app

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/alertmanager"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/msteams"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/pagerduty"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/post"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/slack"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/webhook"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/safedial"
)

// alertTargets are all that a route can send to, by what the API calls them.
func alertTargets(settings config.Config, version string) map[string]alert.Target {
	client := post.New(safedial.NewClient(safedial.Options{
		AllowPrivate: settings.AllowPrivateTargets, AllowHTTP: settings.AllowPrivateTargets,
	}), version)
	return map[string]alert.Target{
		"webhook":         webhook.New(client),
		"slack":           slack.New(client),
		"pagerduty":       pagerduty.New(client),
		"microsoft_teams": msteams.New(client),
		"alertmanager":    alertmanager.New(client),
	}
}
