package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	datasource "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
)

// memberDefaultsModel is what a team has for members without limits of their own.
type memberDefaultsModel struct {
	TeamMemberBudget         types.Number `tfsdk:"team_member_budget"`
	TeamMemberBudgetDuration types.String `tfsdk:"team_member_budget_duration"`
	TeamMemberRPMLimit       types.Int64  `tfsdk:"team_member_rpm_limit"`
	TeamMemberTPMLimit       types.Int64  `tfsdk:"team_member_tpm_limit"`
	TeamMemberPermissions    types.List   `tfsdk:"team_member_permissions"`
}

func memberDefaultsAttributes() map[string]schema.Attribute {
	const leftOut = " Holds for each member who has none of their own in `bursar_team_member`. Leave it out for none."
	return map[string]schema.Attribute{
		"team_member_budget": attribute.USD("The most that a member may spend in the team in one period, in US dollars. " +
			"`0` refuses everything that costs." + leftOut),
		"team_member_budget_duration": attribute.Text("The period after which that spending starts again from zero, such as `1d` or `1mo`." + leftOut),
		"team_member_rpm_limit":       attribute.Int64("Requests per minute of a member in the team. `0` refuses every request." + leftOut),
		"team_member_tpm_limit":       attribute.Int64("Tokens per minute of a member in the team. `0` refuses every request." + leftOut),
		"team_member_permissions": schema.ListAttribute{
			MarkdownDescription: "What members may do with their own keys, as routes of the admin API such as `/key/generate`; `[]` is nothing. " +
				"Leave it out for the gateway's default: `/key/info` and `/key/health`.",
			ElementType: types.StringType,
			Optional:    true,
			Validators:  []validator.List{listvalidator.NoNullValues()},
		},
	}
}

func memberDefaultsFacts() map[string]datasource.Attribute {
	return map[string]datasource.Attribute{
		"team_member_budget":          amountFact("The most that a member without a budget of their own may spend, in US dollars; null is no cap."),
		"team_member_budget_duration": textFact("The period of that budget; null is for ever."),
		"team_member_rpm_limit":       wholeFact("Requests per minute of a member without a limit of their own; null is no limit."),
		"team_member_tpm_limit":       wholeFact("Tokens per minute of a member without a limit of their own; null is no limit."),
		"team_member_permissions":     textsFact("What members may do with their own keys; null is the gateway's default."),
	}
}

func (m memberDefaultsModel) toAPI() api.MemberDefaults {
	defaults := api.MemberDefaults{
		TeamMemberBudget:         attribute.NanoOf(m.TeamMemberBudget),
		TeamMemberBudgetDuration: attribute.TextOf(m.TeamMemberBudgetDuration),
		TeamMemberRPMLimit:       attribute.Int64Of(m.TeamMemberRPMLimit),
		TeamMemberTPMLimit:       attribute.Int64Of(m.TeamMemberTPMLimit),
	}
	if routes := attribute.StringsOf(m.TeamMemberPermissions); routes != nil {
		defaults.TeamMemberPermissions = new(api.StringList(routes))
	}
	return defaults
}

func memberDefaultsFrom(defaults api.MemberDefaults, prior memberDefaultsModel) memberDefaultsModel {
	model := memberDefaultsModel{
		TeamMemberBudget:         attribute.FromNano(defaults.TeamMemberBudget, prior.TeamMemberBudget),
		TeamMemberBudgetDuration: types.StringPointerValue(defaults.TeamMemberBudgetDuration),
		TeamMemberRPMLimit:       types.Int64PointerValue(defaults.TeamMemberRPMLimit),
		TeamMemberTPMLimit:       types.Int64PointerValue(defaults.TeamMemberTPMLimit),
		TeamMemberPermissions:    types.ListNull(types.StringType),
	}
	if routes := defaults.TeamMemberPermissions; routes != nil {
		model.TeamMemberPermissions = attribute.FromStrings(*routes)
	}
	return model
}
