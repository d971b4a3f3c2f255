package api

import (
	"net/mail"
	"net/url"
	"slices"
	"strings"
)

func (v *validation) alertTargets(targets AlertTargets) {
	set := targets.all()
	switch len(set) {
	case 0:
		v.fail("webhook", "is required: a route needs a target, one of webhook, slack, pagerduty, email, microsoft_teams and alertmanager")
	case 1:
		set[0].validate(v)
	default:
		v.fail(set[1].Kind(), "is a second target, after %s; a route has one. Set the other to null, or make another route", set[0].Kind())
	}
}

func (t *WebhookTarget) validate(v *validation) {
	v.address("webhook.url", t.URL)
	v.ownTarget("webhook.url", t.URL)
	v.webhookSecret("webhook.secret", t.Secret)
	v.webhookSecret("webhook.second_secret", t.SecondSecret)
	v.headers("webhook.headers", t.Headers)
	if !slices.Contains([]string{"", WebhookStandard, WebhookLiteLLM}, t.Format) {
		v.fail("webhook.format", "is %q; it must be standard or litellm", t.Format)
	}
}

func (v *validation) webhookSecret(field string, secret *string) {
	if secret == nil {
		return
	}
	if _, err := WebhookSecretBytes(*secret); err != nil {
		v.fail(field, "%s", err)
	}
}

// ownTarget refuses an address that takes messages of its own form only, and names the target that speaks it.
func (v *validation) ownTarget(field, address string) {
	parsed, err := url.Parse(address)
	if err != nil {
		return
	}
	host := strings.ToLower(parsed.Hostname())
	is := func(domain string) bool { return host == domain || strings.HasSuffix(host, "."+domain) }
	switch {
	case is("hooks.slack.com") || is("hooks.slack-gov.com"):
		v.fail(field, "is a Slack address, which refuses webhooks of any other form; set it as slack.url")
	case is("logic.azure.com") || is("powerplatform.com") || is("webhook.office.com"):
		v.fail(field, "is an address of Microsoft Teams, which refuses webhooks of any other form; set it as microsoft_teams.url")
	case is("pagerduty.com"):
		v.fail(field, "is an address of PagerDuty, which refuses webhooks of any other form; set pagerduty.routing_key")
	}
}

func (t *SlackTarget) validate(v *validation) {
	switch {
	case t.URL == nil && t.Token == nil:
		v.fail("slack.url", "is required: the address of an incoming webhook, or slack.token and slack.channel of a bot")
	case t.URL != nil && t.Token != nil:
		v.fail("slack.token", "cannot be combined with slack.url; a route uses one of them")
	case t.URL != nil:
		v.address("slack.url", *t.URL)
		if t.Channel != "" {
			v.fail("slack.channel", "goes with slack.token; an incoming webhook has its channel already")
		}
	case t.Channel == "":
		v.fail("slack.channel", "is required with slack.token: the id of the channel")
	}
	if t.APIURL != "" {
		v.address("slack.api_url", t.APIURL)
	}
}

// pagerDutySeverities are those of Events API v2.
var pagerDutySeverities = []string{"critical", "error", "warning", "info"}

func (t *PagerDutyTarget) validate(v *validation) {
	if t.RoutingKey == nil || *t.RoutingKey == "" {
		v.fail("pagerduty.routing_key", "is required: the integration key of a service with Events API v2")
	} else if len(*t.RoutingKey) != 32 {
		v.fail("pagerduty.routing_key", "is %d characters long; an integration key has 32", len(*t.RoutingKey))
	}
	if t.URL != "" {
		v.address("pagerduty.url", t.URL)
	}
	for ours, theirs := range t.Severities {
		if !slices.Contains(Severities, ours) {
			v.fail("pagerduty.severities", "%q is no severity; known are %s", ours, strings.Join(Severities, ", "))
		}
		if !slices.Contains(pagerDutySeverities, theirs) {
			v.fail("pagerduty.severities", "%q is no severity of PagerDuty; known are %s", theirs, strings.Join(pagerDutySeverities, ", "))
		}
	}
}

// maxRecipients is of one message; more people are reached by a list.
const maxRecipients = 50

func (t *EmailTarget) validate(v *validation) {
	if len(t.To) == 0 {
		v.fail("email.to", "is required: the addresses of the receivers")
	}
	if len(t.To) > maxRecipients {
		v.fail("email.to", "has %d addresses, at most %d are allowed; use a mailing list", len(t.To), maxRecipients)
	}
	v.names("email.to", t.To)
	for _, address := range t.To {
		v.mailAddress("email.to", address)
	}
	if t.From != "" {
		v.mailAddress("email.from", t.From)
	}
	if t.SMTPHost == "" && (t.SMTPPort != 0 || t.SMTPTLS != "" || t.SMTPUsername != "" || t.SMTPPassword != nil) {
		v.fail("email.smtp_host", "is required with the other smtp fields; without any of them the mail goes through the gateway's server")
	}
	if t.SMTPHost != "" && t.From == "" {
		v.fail("email.from", "is required with email.smtp_host: the sender's address")
	}
	if t.SMTPPort < 0 || t.SMTPPort > 65535 {
		v.fail("email.smtp_port", "is %d; a port is 1 to 65535", t.SMTPPort)
	}
	if !slices.Contains([]string{"", SMTPStartTLS, SMTPTLS, SMTPPlain}, t.SMTPTLS) {
		v.fail("email.smtp_tls", "is %q; it must be starttls, tls or none", t.SMTPTLS)
	}
	if t.SMTPPassword != nil && t.SMTPUsername == "" {
		v.fail("email.smtp_username", "is required with email.smtp_password")
	}
	if t.SMTPPassword != nil && t.SMTPTLS == SMTPPlain {
		v.fail("email.smtp_tls", "is none; a password is never sent in the clear. Use starttls or tls")
	}
}

// MailAddress says whether a text is an e-mail address.
func MailAddress(address string) bool {
	parsed, err := mail.ParseAddress(address)
	return err == nil && !strings.ContainsAny(address, "\r\n") && strings.Contains(parsed.Address, "@")
}

func (v *validation) mailAddress(field, address string) {
	if !MailAddress(address) {
		v.fail(field, "holds %q, which is no e-mail address", address)
	}
}

func (t *MicrosoftTeamsTarget) validate(v *validation) {
	if t.URL == nil {
		v.fail("microsoft_teams.url", "is required: the address of a workflow that starts when a webhook request is received")
		return
	}
	v.address("microsoft_teams.url", *t.URL)
}

func (t *AlertmanagerTarget) validate(v *validation) {
	v.address("alertmanager.url", t.URL)
	v.headers("alertmanager.headers", t.Headers)
	for name := range t.Labels {
		if !labelName(name) {
			v.fail("alertmanager.labels", "%q is no name of a label; it has letters, digits and _, and begins with no digit", name)
		}
	}
}

func labelName(name string) bool {
	for i, r := range name {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}

func (v *validation) address(field, address string) {
	parsed, err := url.Parse(address)
	switch {
	case address == "":
		v.fail(field, "is required")
	case err != nil || parsed.Host == "" || (parsed.Scheme != "https" && parsed.Scheme != "http"):
		v.fail(field, "is not an http or https address")
	case parsed.User != nil:
		v.fail(field, "must not carry a user or password")
	}
}

const (
	maxHeaders      = 20
	maxHeaderLength = 4096
)

// ownHeaders are those that a message is told by.
var ownHeaders = []string{"content-type", "content-length", "host", "webhook-id", "webhook-timestamp", "webhook-signature", "connection", "transfer-encoding"}

func (v *validation) headers(field string, headers map[string]string) {
	if len(headers) > maxHeaders {
		v.fail(field, "has %d entries, at most %d are allowed", len(headers), maxHeaders)
	}
	for name, value := range headers {
		switch {
		case !headerName(name):
			v.fail(field, "%q is no name of a header", name)
		case slices.Contains(ownHeaders, strings.ToLower(name)):
			v.fail(field, "%s is set by the gateway", name)
		case len(value) > maxHeaderLength || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			v.fail(field, "the value of %s is too long or has a character that a header cannot carry", name)
		}
	}
}

func headerName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
	})
}
