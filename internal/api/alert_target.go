package api

import "encoding/json"

// AlertTargets are where a route sends to; exactly one of them is set.
type AlertTargets struct {
	// Webhook posts each event as JSON.
	Webhook *WebhookTarget `json:"webhook"`
	// Slack writes into a channel.
	Slack *SlackTarget `json:"slack"`
	// PagerDuty opens and closes incidents.
	PagerDuty *PagerDutyTarget `json:"pagerduty"`
	// Email writes to people.
	Email *EmailTarget `json:"email"`
	// MicrosoftTeams posts cards into a chat or a channel.
	MicrosoftTeams *MicrosoftTeamsTarget `json:"microsoft_teams"`
	// Alertmanager hands events to Prometheus Alertmanager.
	Alertmanager *AlertmanagerTarget `json:"alertmanager"`
}

// AlertTarget is what each of [AlertTargets] is.
type AlertTarget interface {
	// Kind is the field of a route that the target stands in.
	Kind() string
	// Secrets are the fields that are accepted and never answered. They point into the target.
	Secrets() []TargetSecret
	validate(v *validation)
}

// Bodies of a [WebhookTarget].
const (
	// WebhookStandard is the event as it is, signed as Standard Webhooks.
	WebhookStandard = "standard"
	// WebhookLiteLLM is what receivers of LiteLLM's webhook alerts read.
	WebhookLiteLLM = "litellm"
)

// WebhookTarget posts events as Standard Webhooks (https://www.standardwebhooks.com).
type WebhookTarget struct {
	URL string `json:"url"`
	// URLFingerprint identifies the address where it is not shown.
	URLFingerprint string `json:"-"`
	// Secret signs the messages: "whsec_" and 24 to 64 bytes in base64, or any text of 24 to 64 bytes.
	// It is accepted, never answered. Left out of an update it stays as it is.
	Secret *string `json:"secret,omitempty"`
	// SecretFingerprint identifies the secret in answers: a secret that is another has another, which nobody can make but
	// the gateway. It is ignored in requests.
	SecretFingerprint string `json:"secret_fingerprint,omitempty"`
	// SecondSecret signs the messages, too, so that a receiver may know either while a secret is changed.
	SecondSecret *string `json:"second_secret,omitempty"`
	// SecondSecretFingerprint identifies the second secret in answers.
	SecondSecretFingerprint string `json:"second_secret_fingerprint,omitempty"`
	// Headers are sent with each message, such as Authorization. They are accepted, never answered.
	Headers map[string]string `json:"headers,omitzero"`
	// HeadersFingerprint identifies the headers in answers.
	HeadersFingerprint string `json:"headers_fingerprint,omitempty"`
	// Format is "standard", or "litellm" for the body of LiteLLM's webhook alerts; empty is "standard".
	Format string `json:"format,omitempty"`
}

// Kind is "webhook".
func (t *WebhookTarget) Kind() string { return "webhook" }

// Secrets are what messages are signed with, and the headers.
func (t *WebhookTarget) Secrets() []TargetSecret {
	return []TargetSecret{
		{Name: "secret", text: &t.Secret, Fingerprint: &t.SecretFingerprint},
		{Name: "second_secret", text: &t.SecondSecret, Fingerprint: &t.SecondSecretFingerprint},
		{Name: "headers", headers: &t.Headers, Fingerprint: &t.HeadersFingerprint},
	}
}

// SlackTarget writes into a Slack channel, by an incoming webhook or as a bot.
type SlackTarget struct {
	// URL is the address of an incoming webhook. It opens the channel by itself, so it is accepted, never answered.
	URL *string `json:"url,omitempty"`
	// URLFingerprint identifies the address in answers.
	URLFingerprint string `json:"url_fingerprint,omitempty"`
	// Token is that of a bot with the right chat:write, in place of URL. It is accepted, never answered.
	Token *string `json:"token,omitempty"`
	// TokenFingerprint identifies the token in answers.
	TokenFingerprint string `json:"token_fingerprint,omitempty"`
	// Channel is the id of the channel that the bot writes to, such as "C024BE91L"; with a token only. The messages about
	// one team and period stand in one thread.
	Channel string `json:"channel,omitempty"`
	// APIURL is where the bot calls; empty is "https://slack.com/api/".
	APIURL string `json:"api_url,omitempty"`
}

// Kind is "slack".
func (t *SlackTarget) Kind() string { return "slack" }

// Secrets are the address and the token.
func (t *SlackTarget) Secrets() []TargetSecret {
	return []TargetSecret{
		{Name: "url", text: &t.URL, Fingerprint: &t.URLFingerprint},
		{Name: "token", text: &t.Token, Fingerprint: &t.TokenFingerprint},
	}
}

// PagerDutyTarget opens an incident for what is critical and an alert for the rest, and closes them when they are over.
type PagerDutyTarget struct {
	// RoutingKey is the integration key of a service with Events API v2. It is accepted, never answered.
	RoutingKey *string `json:"routing_key,omitempty"`
	// RoutingKeyFingerprint identifies the key in answers.
	RoutingKeyFingerprint string `json:"routing_key_fingerprint,omitempty"`
	// URL is the events API; empty is "https://events.pagerduty.com/v2/enqueue". Accounts in Europe need
	// "https://events.eu.pagerduty.com/v2/enqueue".
	URL string `json:"url,omitempty"`
	// Severities say what PagerDuty calls each severity: "critical", "error", "warning" or "info". What is not named keeps its name.
	Severities map[string]string `json:"severities,omitempty"`
}

// Kind is "pagerduty".
func (t *PagerDutyTarget) Kind() string { return "pagerduty" }

// Secrets are the routing key.
func (t *PagerDutyTarget) Secrets() []TargetSecret {
	return []TargetSecret{{Name: "routing_key", text: &t.RoutingKey, Fingerprint: &t.RoutingKeyFingerprint}}
}

// Ways to protect the connection to a mail server.
const (
	// SMTPStartTLS begins in the clear and insists on STARTTLS.
	SMTPStartTLS = "starttls"
	// SMTPTLS is TLS from the first byte.
	SMTPTLS = "tls"
	// SMTPPlain has no protection; for servers on the same machine.
	SMTPPlain = "none"
)

// EmailTarget writes to people. Without a server of its own it goes through the gateway's.
type EmailTarget struct {
	// To are the addresses of the receivers.
	To StringList `json:"to"`
	// From is the sender's address; empty is the gateway's alerts.smtp.from.
	From string `json:"from,omitempty"`
	// SMTPHost is the mail server; empty is the gateway's own server, alerts.smtp.
	SMTPHost string `json:"smtp_host,omitempty"`
	// SMTPPort is its port; 0 is 587, or 465 with "tls".
	SMTPPort int `json:"smtp_port,omitempty"`
	// SMTPTLS is "starttls", "tls" or "none"; empty is "starttls". A password is never sent in the clear.
	SMTPTLS string `json:"smtp_tls,omitempty"`
	// SMTPUsername signs in; empty does not.
	SMTPUsername string `json:"smtp_username,omitempty"`
	// SMTPPassword signs in. It is accepted, never answered.
	SMTPPassword *string `json:"smtp_password,omitempty"`
	// SMTPPasswordFingerprint identifies the password in answers.
	SMTPPasswordFingerprint string `json:"smtp_password_fingerprint,omitempty"`
}

// Kind is "email".
func (t *EmailTarget) Kind() string { return "email" }

// Secrets are the password.
func (t *EmailTarget) Secrets() []TargetSecret {
	return []TargetSecret{{Name: "smtp_password", text: &t.SMTPPassword, Fingerprint: &t.SMTPPasswordFingerprint}}
}

// MicrosoftTeamsTarget posts an adaptive card to a workflow.
type MicrosoftTeamsTarget struct {
	// URL is the address of a workflow that starts when a webhook request is received. It opens the channel by itself, so it is
	// accepted, never answered.
	URL *string `json:"url,omitempty"`
	// URLFingerprint identifies the address in answers.
	URLFingerprint string `json:"url_fingerprint,omitempty"`
}

// Kind is "microsoft_teams".
func (t *MicrosoftTeamsTarget) Kind() string { return "microsoft_teams" }

// Secrets are the address.
func (t *MicrosoftTeamsTarget) Secrets() []TargetSecret {
	return []TargetSecret{{Name: "url", text: &t.URL, Fingerprint: &t.URLFingerprint}}
}

// AlertmanagerTarget hands events to Alertmanager's API v2.
type AlertmanagerTarget struct {
	// URL is where Alertmanager is, such as "https://alertmanager.example.com"; "/api/v2/alerts" is added.
	URL string `json:"url"`
	// Labels are added to those of each event.
	Labels map[string]string `json:"labels,omitempty"`
	// Headers are sent with each call, such as Authorization. They are accepted, never answered.
	Headers map[string]string `json:"headers,omitzero"`
	// HeadersFingerprint identifies the headers in answers.
	HeadersFingerprint string `json:"headers_fingerprint,omitempty"`
}

// Kind is "alertmanager".
func (t *AlertmanagerTarget) Kind() string { return "alertmanager" }

// Secrets are the headers.
func (t *AlertmanagerTarget) Secrets() []TargetSecret {
	return []TargetSecret{{Name: "headers", headers: &t.Headers, Fingerprint: &t.HeadersFingerprint}}
}

// TargetSecret is a field of a target that is accepted, never answered.
type TargetSecret struct {
	// Name is that of the field.
	Name string
	// Fingerprint is the field that identifies the secret in answers.
	Fingerprint *string

	text    **string
	headers *map[string]string
}

// Value is the secret as a text, headers as JSON, and whether it is given at all.
func (s TargetSecret) Value() (value string, given bool) {
	if s.headers != nil {
		if *s.headers == nil {
			return "", false
		}
		if len(*s.headers) == 0 {
			return "", true
		}
		text, _ := json.Marshal(*s.headers) // texts only, and in the order of their names
		return string(text), true
	}
	if *s.text == nil {
		return "", false
	}
	return **s.text, true
}

// Clear leaves the field out.
func (s TargetSecret) Clear() {
	if s.headers != nil {
		*s.headers = nil
		return
	}
	*s.text = nil
}

// Set gives the field a value as [TargetSecret.Value] returns it.
func (s TargetSecret) Set(value string) {
	if s.headers == nil {
		*s.text = &value
		return
	}
	headers := map[string]string{}
	if json.Unmarshal([]byte(value), &headers) == nil || value == "" {
		*s.headers = headers
	}
}

// Empty sets the field to nothing, which takes a secret off in an update.
func (s TargetSecret) Empty() {
	s.Set("")
}

func (s TargetSecret) copyFrom(other TargetSecret) {
	if s.headers != nil {
		*s.headers = *other.headers
		return
	}
	*s.text = *other.text
}

// Target is the target that is set, the first when there are several; nil for none.
func (t AlertTargets) Target() AlertTarget {
	if all := t.all(); len(all) > 0 {
		return all[0]
	}
	return nil
}

func (t AlertTargets) all() []AlertTarget {
	var set []AlertTarget
	add := func(given bool, target AlertTarget) {
		if given {
			set = append(set, target)
		}
	}
	add(t.Webhook != nil, t.Webhook)
	add(t.Slack != nil, t.Slack)
	add(t.PagerDuty != nil, t.PagerDuty)
	add(t.Email != nil, t.Email)
	add(t.MicrosoftTeams != nil, t.MicrosoftTeams)
	add(t.Alertmanager != nil, t.Alertmanager)
	return set
}

// Clone copies the targets, so that changing the copy's secrets leaves these alone.
func (t AlertTargets) Clone() AlertTargets {
	return AlertTargets{
		Webhook: cloned(t.Webhook), Slack: cloned(t.Slack), PagerDuty: cloned(t.PagerDuty), Email: cloned(t.Email),
		MicrosoftTeams: cloned(t.MicrosoftTeams), Alertmanager: cloned(t.Alertmanager),
	}
}

func cloned[T any](target *T) *T {
	if target == nil {
		return nil
	}
	return new(*target)
}

// Secrets are those of the target that is set.
func (t AlertTargets) Secrets() []TargetSecret {
	if target := t.Target(); target != nil {
		return target.Secrets()
	}
	return nil
}

// Public copies the targets without their secrets.
func (t AlertTargets) Public() AlertTargets {
	public := t.Clone()
	for _, target := range public.all() {
		for _, secret := range target.Secrets() {
			secret.Clear()
		}
	}
	return public
}

// WithSecretsOf copies the targets for keeping: a secret that is left out is what the target of the same kind had before,
// an empty one is none.
func (t AlertTargets) WithSecretsOf(before AlertTargets) AlertTargets {
	kept, former := t.Clone(), before.Target()
	for _, target := range kept.all() {
		for i, secret := range target.Secrets() {
			*secret.Fingerprint = ""
			value, given := secret.Value()
			switch {
			case given && value == "":
				secret.Clear()
			case !given && former != nil && former.Kind() == target.Kind():
				secret.copyFrom(former.Secrets()[i])
			}
		}
	}
	return kept
}

// Kinds are the fields that targets stand in.
func (AlertTargets) Kinds() []string {
	every := AlertTargets{
		Webhook: &WebhookTarget{}, Slack: &SlackTarget{}, PagerDuty: &PagerDutyTarget{}, Email: &EmailTarget{},
		MicrosoftTeams: &MicrosoftTeamsTarget{}, Alertmanager: &AlertmanagerTarget{},
	}
	var kinds []string
	for _, target := range every.all() {
		kinds = append(kinds, target.Kind())
	}
	return kinds
}
