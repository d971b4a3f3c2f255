package app

import (
	"net"

	"github.com/bursarhq/terraform-provider-bursar/gateway/alert"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/alertmanager"
	"github.com/bursarhq/terraform-provider-bursar/gateway/alert/email"
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
	reach := safedial.Options{AllowPrivate: settings.AllowPrivateTargets, AllowHTTP: settings.AllowPrivateTargets}
	client := post.New(safedial.NewClient(reach), version)
	return map[string]alert.Target{
		"webhook":         webhook.New(client),
		"slack":           slack.New(client),
		"pagerduty":       pagerduty.New(client),
		"microsoft_teams": msteams.New(client),
		"alertmanager":    alertmanager.New(client),
		"email": email.New(email.Options{
			Gateway: mailServer(settings.SMTP), GatewayDial: new(net.Dialer).DialContext, Dial: safedial.NewDialer(reach).DialContext,
			AllowPlain: settings.AllowPrivateTargets,
		}),
	}
}

// mailServer is that of the configuration, which may be anywhere: the operator chose it.
func mailServer(server *config.SMTP) *email.Server {
	if server == nil {
		return nil
	}
	return new(email.Server(*server))
}
