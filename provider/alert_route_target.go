package provider

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

// targetsModel is where a route sends to; one of them is set.
type targetsModel struct {
	Webhook        types.Object `tfsdk:"webhook"`
	Slack          types.Object `tfsdk:"slack"`
	PagerDuty      types.Object `tfsdk:"pagerduty"`
	Email          types.Object `tfsdk:"email"`
	MicrosoftTeams types.Object `tfsdk:"microsoft_teams"`
	Alertmanager   types.Object `tfsdk:"alertmanager"`
}

// block is the object of a kind of target.
func (m *targetsModel) block(kind string) *types.Object {
	return map[string]*types.Object{
		"webhook": &m.Webhook, "slack": &m.Slack, "pagerduty": &m.PagerDuty, "email": &m.Email,
		"microsoft_teams": &m.MicrosoftTeams, "alertmanager": &m.Alertmanager,
	}[kind]
}

// targetBlock is a kind of target as Terraform writes it: the API's fields, and for each secret NAME a
// write-only NAME_wo with its NAME_wo_version.
type targetBlock struct {
	kind        string
	description string
	// plain are the fields that are answered, secrets those that are not.
	plain   map[string]schema.Attribute
	secrets []secretField
}

type secretField struct {
	name        string
	description string
	// headers says that the secret is a map of texts.
	headers bool
	// standIn is a valid value, for plans that judge a target whose secret they do not see.
	standIn string
}

// placeholderURL stands in for an address that is not seen.
const placeholderURL = "https://chosen-later.invalid"

var targetBlocks = []targetBlock{
	{
		kind: "webhook", description: "Posts each event as JSON, signed as [Standard Webhooks](https://www.standardwebhooks.com).",
		plain: map[string]schema.Attribute{
			"url": schema.StringAttribute{
				MarkdownDescription: "The address, https unless the gateway allows http. Sensitive, as the address alone often opens the channel behind it. " +
					"A new route needs it. Left out for a route that is there, the address stays what it is on the gateway, as in configuration that is generated. " +
					"Slack, PagerDuty and Microsoft Teams take messages of their own form only: use their blocks.",
				Optional: true, Computed: true, Sensitive: true,
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseNonNullStateForUnknown()},
			},
			"format": schema.StringAttribute{
				MarkdownDescription: "`standard`, or `litellm` for the body of LiteLLM's webhook alerts. Leave it out for `standard`.",
				Optional:            true, Validators: attribute.Valid(attribute.Filled{}),
			},
		},
		secrets: []secretField{
			{name: "secret", description: "The secret that messages are signed with: `whsec_` and 24 to 64 bytes in base64, or a text of 24 to 64 bytes. Leave it out to send unsigned messages."},
			{name: "second_secret", description: "A second secret that messages are signed with, so that a receiver may know either while the secret is changed."},
			{name: "headers", headers: true, description: "Headers that are sent with each message, such as `Authorization`."},
		},
	},
	{
		kind: "slack", description: "Writes into a Slack channel, by the address of an incoming webhook (`url_wo`) or as a bot (`token_wo` and `channel`).",
		plain: map[string]schema.Attribute{
			"channel": filledText("The id of the channel that the bot writes to, such as `C024BE91L`. Its messages about one team and period stand in one thread."),
			"api_url": filledText("Where the bot calls. Leave it out for `https://slack.com/api/`."),
		},
		secrets: []secretField{
			{name: "url", standIn: placeholderURL, description: "The address of an incoming webhook."},
			{name: "token", standIn: "xoxb-chosen-later", description: "The token of a bot with the right `chat:write`."},
		},
	},
	{
		kind: "pagerduty", description: "Opens PagerDuty incidents through the Events API v2, and closes them when they are over.",
		plain: map[string]schema.Attribute{
			"url": filledText("The events API. Leave it out for `https://events.pagerduty.com/v2/enqueue`; accounts in Europe need `https://events.eu.pagerduty.com/v2/enqueue`."),
			"severities": textMap("What PagerDuty calls each severity, such as `{ warning = \"error\" }`: `critical`, `error`, `warning` or `info`. " +
				"What is not named keeps its name."),
		},
		secrets: []secretField{{name: "routing_key", standIn: "00000000000000000000000000000000", description: "The integration key of a service with Events API v2."}},
	},
	{
		kind: "email", description: "Writes to people. Without `smtp_host` the mail goes through the gateway's own server, `alerts.smtp` of its configuration.",
		plain: map[string]schema.Attribute{
			"to":            schema.ListAttribute{MarkdownDescription: "The addresses of the receivers.", ElementType: types.StringType, Required: true},
			"from":          filledText("The sender's address. Leave it out for the gateway's."),
			"smtp_host":     filledText("The mail server, when it is not the gateway's."),
			"smtp_port":     schema.Int64Attribute{MarkdownDescription: "The server's port. Leave it out for 587, or 465 with `tls`.", Optional: true, Validators: []validator.Int64{int64validator.Between(1, 65535)}},
			"smtp_tls":      filledText("`starttls`, `tls` or `none`. Leave it out for `starttls`."),
			"smtp_username": filledText("Who signs in at the server."),
		},
		secrets: []secretField{{name: "smtp_password", description: "The password to sign in with."}},
	},
	{
		kind: "microsoft_teams", description: "Posts adaptive cards to a workflow of Microsoft Teams that starts when a webhook request is received.",
		secrets: []secretField{{name: "url", standIn: placeholderURL, description: "The address of the workflow."}},
	},
	{
		kind: "alertmanager", description: "Hands events to the API v2 of Prometheus Alertmanager.",
		plain: map[string]schema.Attribute{
			"url":    schema.StringAttribute{MarkdownDescription: "Where Alertmanager is; `/api/v2/alerts` is added.", Required: true},
			"labels": textMap("Labels that are added to those of each event."),
		},
		secrets: []secretField{{name: "headers", headers: true, description: "Headers that are sent with each call, such as `Authorization`."}},
	},
}

func filledText(description string) schema.StringAttribute {
	return schema.StringAttribute{MarkdownDescription: description, Optional: true, Validators: attribute.Valid(attribute.Filled{})}
}

func textMap(description string) schema.MapAttribute {
	return schema.MapAttribute{
		MarkdownDescription: description, ElementType: types.StringType, Optional: true,
		Validators: []validator.Map{mapvalidator.SizeAtLeast(1)},
	}
}

// targetAttributes are the blocks of all kinds.
func targetAttributes() map[string]schema.Attribute {
	attributes := map[string]schema.Attribute{}
	for _, block := range targetBlocks {
		attributes[block.kind] = schema.SingleNestedAttribute{
			MarkdownDescription: block.description + " A route has exactly one target.", Optional: true, Attributes: block.attributes(),
		}
	}
	return attributes
}

func (b targetBlock) attributes() map[string]schema.Attribute {
	attributes := maps.Clone(b.plain)
	if attributes == nil {
		attributes = map[string]schema.Attribute{}
	}
	for _, secret := range b.secrets {
		attributes[secret.wo()] = secret.attribute()
		attributes[secret.version()] = schema.Int64Attribute{
			MarkdownDescription: "A number from 1 to raise when `" + secret.wo() + "` changes, as Terraform cannot see that. " +
				"An imported route that has one starts at 1, which alone leaves it as it is; 0 in a plan means that it was changed outside of Terraform.",
			Optional:   true,
			Validators: []validator.Int64{int64validator.AtLeast(object.AdoptedSecret)},
		}
	}
	return attributes
}

func (s secretField) wo() string      { return s.name + "_wo" }
func (s secretField) version() string { return s.name + "_wo_version" }

func (s secretField) attribute() schema.Attribute {
	version := path.MatchRelative().AtParent().AtName(s.version())
	text := s.description + " Stored in neither plan nor state. Needs `" + s.version() + "` and Terraform 1.11."
	if s.headers {
		return schema.MapAttribute{
			MarkdownDescription: text, ElementType: types.StringType, Optional: true, Sensitive: true, WriteOnly: true,
			Validators: []validator.Map{mapvalidator.AlsoRequires(version)},
		}
	}
	return schema.StringAttribute{
		MarkdownDescription: text, Optional: true, Sensitive: true, WriteOnly: true,
		Validators: attribute.Valid(stringvalidator.AlsoRequires(version)),
	}
}

// types are those of the block's attributes.
func (b targetBlock) types() map[string]attr.Type {
	all := map[string]attr.Type{}
	for name, one := range b.attributes() {
		all[name] = one.GetType()
	}
	return all
}

// fields are the block's plain fields as the API has them, without what is null or not known.
func (b targetBlock) fields(object types.Object) map[string]json.RawMessage {
	fields := map[string]json.RawMessage{}
	for name := range b.plain {
		value := object.Attributes()[name]
		if value == nil || value.IsNull() {
			continue
		}
		if encoded, known := attribute.JSONOf(value); known {
			fields[name] = encoded
		}
	}
	return fields
}

// toAPI carries no secret: those are sent only when their versions change.
func (m targetsModel) toAPI() api.AlertTargets {
	set := map[string]map[string]json.RawMessage{}
	for _, block := range targetBlocks {
		if object := *m.block(block.kind); !object.IsNull() && !object.IsUnknown() {
			set[block.kind] = block.fields(object)
		}
	}
	var targets api.AlertTargets
	encoded, err := json.Marshal(set)
	if err == nil {
		_ = json.Unmarshal(encoded, &targets) // of the fields' own types, by the schema
	}
	return targets
}

// targetsFrom keeps the prior versions of secrets, which the gateway does not know. A route without a prior target of
// the kind is being imported, or was given another kind on the gateway.
func targetsFrom(targets api.AlertTargets, prior targetsModel) targetsModel {
	var model targetsModel
	target := targets.Target()
	for _, block := range targetBlocks {
		if target == nil || target.Kind() != block.kind {
			*model.block(block.kind) = types.ObjectNull(block.types())
			continue
		}
		*model.block(block.kind) = block.object(target, *prior.block(block.kind))
	}
	return model
}

// object is the block of a target, without its secrets.
func (b targetBlock) object(target api.AlertTarget, prior types.Object) types.Object {
	encoded, _ := json.Marshal(target)
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(encoded, &fields)
	all := b.types()
	values := map[string]attr.Value{}
	for name, kind := range all {
		values[name] = fieldValue(kind, fields[name])
	}
	secrets := target.Secrets()
	for i, secret := range b.secrets {
		values[secret.wo()] = fieldValue(all[secret.wo()], nil)
		switch version, known := prior.Attributes()[secret.version()].(types.Int64); {
		case known:
			values[secret.version()] = version
		case *secrets[i].Fingerprint != "":
			values[secret.version()] = types.Int64Value(object.AdoptedSecret)
		}
	}
	return types.ObjectValueMust(all, values)
}

// fieldValue is a field of the API as the attribute that shows it, null when it is left out.
func fieldValue(kind attr.Type, encoded json.RawMessage) attr.Value {
	switch {
	case kind.Equal(types.Int64Type):
		var number *int64
		_ = json.Unmarshal(orNull(encoded), &number)
		return types.Int64PointerValue(number)
	case kind.Equal(types.ListType{ElemType: types.StringType}):
		var texts []string
		_ = json.Unmarshal(orNull(encoded), &texts)
		return attribute.FromStrings(texts)
	case kind.Equal(types.MapType{ElemType: types.StringType}):
		return textMapValue(encoded)
	default:
		var text *string
		_ = json.Unmarshal(orNull(encoded), &text)
		return types.StringPointerValue(text)
	}
}

func textMapValue(encoded json.RawMessage) types.Map {
	var texts map[string]string
	_ = json.Unmarshal(orNull(encoded), &texts)
	if len(texts) == 0 {
		return types.MapNull(types.StringType)
	}
	values := map[string]attr.Value{}
	for name, text := range texts {
		values[name] = types.StringValue(text)
	}
	return types.MapValueMust(types.StringType, values)
}

func orNull(encoded json.RawMessage) json.RawMessage {
	if len(encoded) == 0 {
		return json.RawMessage("null")
	}
	return encoded
}

// toJudge are the targets with something valid in place of what a plan does not see: values that are known after apply,
// and secrets that stay on the gateway. An address of a webhook that is left out stays, too.
func (m targetsModel) toJudge() api.AlertTargets {
	targets := m.toAPI()
	for _, block := range targetBlocks {
		object := *m.block(block.kind)
		if object.IsUnknown() {
			return api.AlertTargets{Webhook: &api.WebhookTarget{URL: placeholderURL}}
		}
	}
	if targets.Webhook != nil && targets.Webhook.URL == "" {
		targets.Webhook.URL = placeholderURL
	}
	if targets.Alertmanager != nil && targets.Alertmanager.URL == "" {
		targets.Alertmanager.URL = placeholderURL
	}
	if to, ok := m.Email.Attributes()["to"].(types.List); targets.Email != nil && ok && (to.IsUnknown() || slices.ContainsFunc(to.Elements(), attr.Value.IsUnknown)) {
		targets.Email.To = api.StringList{"chosen@later.invalid"}
	}
	for name, field := range unknownTexts(m) {
		*field(&targets) = name
	}
	m.eachSecret(func(block targetBlock, field secretField, value attr.Value, version types.Int64) {
		target := targets.Target()
		if target == nil || target.Kind() != block.kind {
			return
		}
		secret := target.Secrets()[slices.IndexFunc(block.secrets, func(s secretField) bool { return s.name == field.name })]
		switch text := secretText(value); {
		case text != nil:
			secret.Set(*text)
		case field.standIn != "" && (!version.IsNull() || value.IsUnknown()):
			secret.Set(field.standIn)
		}
	})
	return targets
}

// unknownTexts are fields that others require and that are known after apply only, with what stands in for them.
func unknownTexts(m targetsModel) map[string]func(*api.AlertTargets) *string {
	fields := map[string]func(*api.AlertTargets) *string{}
	unknown := func(object types.Object, name string) bool {
		value := object.Attributes()[name]
		return value != nil && value.IsUnknown()
	}
	if unknown(m.Slack, "channel") {
		fields["C0LATER"] = func(t *api.AlertTargets) *string { return &t.Slack.Channel }
	}
	if unknown(m.Email, "from") {
		fields["chosen@later.invalid"] = func(t *api.AlertTargets) *string { return &t.Email.From }
	}
	if unknown(m.Email, "smtp_host") {
		fields["chosen-later.invalid"] = func(t *api.AlertTargets) *string { return &t.Email.SMTPHost }
	}
	if unknown(m.Email, "smtp_username") {
		fields["chosen later"] = func(t *api.AlertTargets) *string { return &t.Email.SMTPUsername }
	}
	return fields
}

// requireURL refuses a new webhook without an address.
func requireURL(diags *diag.Diagnostics, config, state targetsModel) {
	if config.Webhook.IsNull() || config.Webhook.IsUnknown() || !state.Webhook.IsNull() {
		return
	}
	if url := config.Webhook.Attributes()["url"]; url == nil || url.IsNull() {
		diags.AddAttributeError(path.Root("webhook").AtName("url"), "Address missing",
			"A new alert route needs webhook.url: the address that events are posted to. It can be left out only for a route that is there, whose address then stays.")
	}
}
