package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	datasource "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
)

// enforcementModel says whether limits refuse, or are only watched for a while.
type enforcementModel struct {
	Mode        types.String `tfsdk:"mode"`
	EnforceFrom types.String `tfsdk:"enforce_from"`
}

// enforcementAttributes are those of a resource; otherwise says what holds without a mode.
func enforcementAttributes(otherwise string) map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"mode": schema.StringAttribute{
			MarkdownDescription: "`audit` watches the limits and the budget before they refuse: calls beyond them are counted, told of by header, metric and alert, " +
				"and served. `enforce` refuses. Leave it out for " + otherwise + ".",
			Optional:   true,
			Validators: attribute.Valid(stringvalidator.OneOf(api.ModeEnforce, api.ModeAudit)),
		},
		"enforce_from": schema.StringAttribute{
			MarkdownDescription: "From when limits that are watched refuse, by themselves and on every gateway, in RFC 3339, such as `2027-01-15T00:00:00Z`. " +
				"What was spent until then stays spent. Only with `mode = \"audit\"`; leave it out to watch until you change the mode.",
			Optional:   true,
			Validators: attribute.Valid(attribute.Moment{}),
		},
	}
}

func (m enforcementModel) toAPI() api.Enforcement {
	return api.Enforcement{Mode: attribute.TextOf(m.Mode), EnforceFrom: attribute.MomentOf(m.EnforceFrom)}
}

// enforcementFrom keeps how the moment was written.
func enforcementFrom(given api.Enforcement, prior enforcementModel) enforcementModel {
	return enforcementModel{Mode: types.StringPointerValue(given.Mode), EnforceFrom: expiryFrom(given.EnforceFrom, prior.EnforceFrom)}
}

func enforcementFacts() map[string]datasource.Attribute {
	return map[string]datasource.Attribute{
		"mode":         textFact("`audit` where limits are watched before they refuse, `enforce` where they refuse; null is what holds around it."),
		"enforce_from": textFact("From when limits that are watched refuse, RFC 3339; null is never."),
	}
}
