package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
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
)

type webhookModel struct {
	URL             types.String
	SecretWO        types.String
	SecretWOVersion types.Int64
}

var webhookType = map[string]attr.Type{
	"url":               types.StringType,
	"secret_wo":         types.StringType,
	"secret_wo_version": types.Int64Type,
}

func webhookAttribute() schema.SingleNestedAttribute {
	version := path.MatchRelative().AtParent().AtName("secret_wo_version")
	return schema.SingleNestedAttribute{
		MarkdownDescription: "The address that events are posted to.",
		Required:            true,
		Attributes: map[string]schema.Attribute{
			"url": schema.StringAttribute{
				MarkdownDescription: "The address, https unless the gateway allows http. Sensitive, as the address alone often opens the channel behind it. " +
					"A new route needs it. Left out for a route that is there, the address stays what it is on the gateway, as in configuration that is generated.",
				Optional:      true,
				Computed:      true,
				Sensitive:     true,
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseNonNullStateForUnknown()},
			},
			"secret_wo": schema.StringAttribute{
				MarkdownDescription: "The secret that messages are signed with: `whsec_` and 24 to 64 bytes in base64, or a text of 24 to 64 bytes. " +
					"Stored in neither plan nor state. Needs `secret_wo_version` and Terraform 1.11. Leave both out to send unsigned messages.",
				Optional:   true,
				Sensitive:  true,
				WriteOnly:  true,
				Validators: attribute.Valid(stringvalidator.AlsoRequires(version)),
			},
			"secret_wo_version": schema.Int64Attribute{
				MarkdownDescription: "A number from 1 to raise when `secret_wo` changes, as Terraform cannot see that. " +
					"An imported route with a secret starts at 1, which alone leaves the secret as it is; 0 in a plan means that the secret was changed outside of Terraform.",
				Optional:   true,
				Validators: []validator.Int64{int64validator.AtLeast(adoptedSecret)},
			},
		},
	}
}

// webhookOf reads the object; all is null for one that is null or not known.
func webhookOf(object types.Object) webhookModel {
	attributes := object.Attributes()
	model := webhookModel{URL: types.StringNull(), SecretWO: types.StringNull(), SecretWOVersion: types.Int64Null()}
	if object.IsUnknown() {
		model.URL = types.StringUnknown()
	}
	if url, ok := attributes["url"].(types.String); ok {
		model.URL = url
	}
	if secret, ok := attributes["secret_wo"].(types.String); ok {
		model.SecretWO = secret
	}
	if version, ok := attributes["secret_wo_version"].(types.Int64); ok {
		model.SecretWOVersion = version
	}
	return model
}

// object never carries the secret.
func (m webhookModel) object() types.Object {
	return types.ObjectValueMust(webhookType, map[string]attr.Value{
		"url":               m.URL,
		"secret_wo":         types.StringNull(),
		"secret_wo_version": m.SecretWOVersion,
	})
}

// toAPI leaves the secret as it is.
func (m webhookModel) toAPI() *api.WebhookTarget {
	if m.URL.IsNull() {
		return nil
	}
	return &api.WebhookTarget{URL: m.URL.ValueString()}
}

// webhookFrom keeps prior's version, which the gateway does not know. A route without prior is being imported.
func webhookFrom(target *api.WebhookTarget, prior webhookModel) webhookModel {
	model := webhookModel{URL: types.StringNull(), SecretWOVersion: prior.SecretWOVersion}
	if target == nil {
		return model
	}
	model.URL = types.StringValue(target.URL)
	if prior.URL.IsNull() && target.SecretSHA256 != "" {
		model.SecretWOVersion = types.Int64Value(adoptedSecret)
	}
	return model
}

// withSecretDrift shows in the version that the secret is not the one that Terraform set.
func (m webhookModel) withSecretDrift(target *api.WebhookTarget, known *string) webhookModel {
	m.SecretWOVersion = driftedVersion(m.SecretWOVersion, digestOf(target), known)
	return m
}

// secretToSend is nil to leave the secret as it is and empty to take it off.
func (m webhookModel) secretToSend(state webhookModel, configured types.String) *string {
	if m.SecretWOVersion.Equal(state.SecretWOVersion) {
		return nil
	}
	return new(configured.ValueString())
}

// requireURL refuses a new route without an address.
func requireURL(diags *diag.Diagnostics, config webhookModel) {
	if config.URL.IsNull() {
		diags.AddAttributeError(path.Root("webhook").AtName("url"), "Address missing",
			"A new alert route needs webhook.url: the address that events are posted to. It can be left out only for a route that is there, whose address then stays.")
	}
}

// warnOfUnsentSecret tells of a new secret under an old version.
func warnOfUnsentSecret(diags *diag.Diagnostics, config, state webhookModel, known *string) {
	secret := attribute.TextOf(config.SecretWO)
	if secret == nil || known == nil || !config.SecretWOVersion.Equal(state.SecretWOVersion) {
		return
	}
	if secretDigest(*secret) != *known {
		diags.AddAttributeWarning(path.Root("webhook").AtName("secret_wo_version"), "Secret changed, version not",
			"secret_wo is not the secret that the gateway signs with, but secret_wo_version is the same, so it will not be sent. "+
				"Raise secret_wo_version to send it.")
	}
}

// asAnswered is what the gateway would answer if it had taken the fields.
func asAnswered(fields api.AlertRouteFields, current *api.WebhookTarget) api.AlertRouteFields {
	target := api.WebhookTarget{URL: fields.Webhook.URL, SecretSHA256: digestOf(current)}
	if secret := fields.Webhook.Secret; secret != nil {
		target.SecretSHA256 = secretDigest(*secret)
	}
	fields.Webhook = &target
	return fields
}

func digestOf(target *api.WebhookTarget) string {
	if target == nil {
		return ""
	}
	return target.SecretSHA256
}
