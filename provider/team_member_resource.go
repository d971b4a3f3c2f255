package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
	"github.com/bursarhq/terraform-provider-bursar/provider/foretell"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

var (
	_ resource.ResourceWithConfigure      = (*teamMemberResource)(nil)
	_ resource.ResourceWithValidateConfig = (*teamMemberResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*teamMemberResource)(nil)
	_ resource.ResourceWithIdentity       = (*teamMemberResource)(nil)
	_ resource.ResourceWithImportState    = (*teamMemberResource)(nil)
)

type teamMemberResource struct {
	object.Resource[teamMemberModel, api.MemberFields, api.Membership]
}

func newTeamMemberResource() resource.Resource { return newTeamMember() }

func newTeamMemberList() list.ListResource { return object.NewList(newTeamMember().Noun) }

type teamMemberModel struct {
	TeamID          types.String `tfsdk:"team_id"`
	UserID          types.String `tfsdk:"user_id"`
	UserEmail       types.String `tfsdk:"user_email"`
	Role            types.String `tfsdk:"role"`
	MaxBudgetInTeam types.Number `tfsdk:"max_budget_in_team"`
	BudgetDuration  types.String `tfsdk:"budget_duration"`
	RPMLimit        types.Int64  `tfsdk:"rpm_limit"`
	TPMLimit        types.Int64  `tfsdk:"tpm_limit"`
	tempBudgetModel
	tempRatesModel
	ForceDestroy types.Bool `tfsdk:"force_destroy"`
	object.TimeoutsModel
}

func (m teamMemberModel) toAPI() api.MemberFields {
	fields := api.MemberFields{
		Role:            api.MemberUser,
		MaxBudgetInTeam: attribute.NanoOf(m.MaxBudgetInTeam),
		BudgetDuration:  attribute.TextOf(m.BudgetDuration),
		RPMLimit:        attribute.Int64Of(m.RPMLimit),
		TPMLimit:        attribute.Int64Of(m.TPMLimit),
		TempBudget:      m.tempBudgetModel.toAPI(),
		TempRates:       m.tempRatesModel.toAPI(),
	}
	if role := attribute.TextOf(m.Role); role != nil {
		fields.Role = *role
	}
	if m.MaxBudgetInTeam.IsUnknown() {
		fields.TempBudget = api.TempBudget{} // it needs max_budget_in_team, which will be there
	}
	return fields
}

func (m teamMemberModel) String() string {
	return fmt.Sprintf("member %q of team %q", m.UserID.ValueString(), m.TeamID.ValueString())
}

func teamMemberModelFrom(member api.Membership, prior teamMemberModel) teamMemberModel {
	return teamMemberModel{
		TeamID:          types.StringValue(member.TeamID),
		UserID:          types.StringValue(member.UserID),
		UserEmail:       emailFrom(member.UserEmail, prior.UserEmail),
		Role:            types.StringValue(member.Role),
		MaxBudgetInTeam: attribute.FromNano(member.MaxBudgetInTeam, prior.MaxBudgetInTeam),
		BudgetDuration:  types.StringPointerValue(member.BudgetDuration),
		RPMLimit:        types.Int64PointerValue(member.RPMLimit),
		TPMLimit:        types.Int64PointerValue(member.TPMLimit),
		tempBudgetModel: tempBudgetFrom(member.TempBudget, member.MaxBudgetInTeam, prior.tempBudgetModel),
		tempRatesModel:  tempRatesFrom(member.TempRates, member.RPMLimit, member.TPMLimit, prior.tempRatesModel),
		ForceDestroy:    types.BoolValue(prior.ForceDestroy.ValueBool()),
		TimeoutsModel:   prior.TimeoutsModel.OrNull(),
	}
}

// emailFrom keeps prior when only upper and lower case differ, as they mean nothing to the gateway.
func emailFrom(email *string, prior types.String) types.String {
	if email != nil && strings.EqualFold(*email, prior.ValueString()) {
		return prior
	}
	return types.StringPointerValue(email)
}

func newTeamMember() *teamMemberResource {
	noun := object.Noun[teamMemberModel, api.MemberFields, api.Membership]{
		Type:      "bursar_team_member",
		Name:      "team member",
		AuditName: "member",
		Mail:      func(m teamMemberModel) types.String { return m.UserEmail },
		Judged:    true,
		Identity: []object.Part[teamMemberModel]{
			{Attribute: "team_id", Description: "The team's id.", Of: func(m *teamMemberModel) *types.String { return &m.TeamID }},
			{Attribute: "user_id", Description: "The user's id.", Of: func(m *teamMemberModel) *types.String { return &m.UserID }},
		},
		Schema:   teamMemberSchema(),
		Fields:   teamMemberModel.toAPI,
		From:     teamMemberModelFrom,
		FieldsOf: func(member api.Membership) api.MemberFields { return member.MemberFields },
		Calls: object.Calls[teamMemberModel, api.MemberFields, api.Membership]{
			Create: func(ctx context.Context, gateway *client.Client, change *object.Change[teamMemberModel], fields api.MemberFields) (api.Membership, error) {
				who := change.Config
				return gateway.AddMember(ctx, change.Plan.TeamID.ValueString(), who.UserID.ValueString(), who.UserEmail.ValueString(), fields)
			},
			Read: func(ctx context.Context, gateway *client.Client, state teamMemberModel) (api.Membership, error) {
				return gateway.Estate().Member(ctx, state.TeamID.ValueString(), state.UserID.ValueString())
			},
			Get: func(ctx context.Context, gateway *client.Client, state teamMemberModel) (api.Membership, error) {
				return gateway.GetMember(ctx, state.TeamID.ValueString(), state.UserID.ValueString())
			},
			Update: func(ctx context.Context, gateway *client.Client, plan teamMemberModel, fields api.MemberFields, revision int64) (api.Membership, error) {
				return gateway.UpdateMember(ctx, plan.TeamID.ValueString(), plan.UserID.ValueString(), fields, revision)
			},
			Delete: removeMember,
		},
		Listing: object.Listing[api.Membership]{
			Description: "The members of teams, those of one team after the other.",
			Filter:      "The team whose members are listed. Leave it out for those of every team.",
			Find:        findMembers,
			Name: func(member api.Membership) string {
				return foretell.Name(member.UserEmail, member.UserID) + " in " + member.TeamID
			},
		},
		Check:    checkTeamMember,
		Describe: teamMemberModel.String,
		Existing: memberWithEmail,
	}
	return &teamMemberResource{object.Resource[teamMemberModel, api.MemberFields, api.Membership]{Noun: noun}}
}

func findMembers(ctx context.Context, gateway *client.Client, teamID string) ([]api.Membership, error) {
	if teamID == "" {
		return gateway.ListMembers(ctx)
	}
	team, err := gateway.GetTeam(ctx, teamID)
	members := make([]api.Membership, 0, len(team.TeamMemberships))
	for _, member := range team.TeamMemberships {
		members = append(members, member.Membership)
	}
	return members, err
}

func teamMemberSchema() schema.Schema {
	const leftOut = " Leave it out for what the team has for its members, if anything."
	return schema.Schema{
		MarkdownDescription: "A user's place in a team. The limits bind what the user's keys in the team do together, " +
			"within the team's own limits and budget. Who is taken out of a team loses the keys in it, so destroying a member with keys fails " +
			"unless `force_destroy` is set; the user stays.",
		Attributes: attribute.Merged(tempBudgetAttributes("the cap, here or in the team's `team_member_budget`,", "max_budget_in_team"), tempRatesAttributes(), map[string]schema.Attribute{
			"team_id": schema.StringAttribute{
				MarkdownDescription: "The team. A change takes the user out of the old team and puts them into the new one.",
				Required:            true,
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"user_id": schema.StringAttribute{
				MarkdownDescription: "The user's id. Who is not known to the gateway becomes a user. Give this or `user_email`; " +
					"with an email alone it is told by the gateway. A change is another member.",
				Optional:   true,
				Computed:   true,
				Validators: attribute.Valid(stringvalidator.AtLeastOneOf(path.MatchRoot("user_id"), path.MatchRoot("user_email"))),
				PlanModifiers: []planmodifier.String{
					stringplanmodifier.UseStateForUnknown(),
					stringplanmodifier.RequiresReplaceIfConfigured(),
				},
			},
			"user_email": schema.StringAttribute{
				MarkdownDescription: "The user's email address, upper and lower case being the same. Who is not known to the gateway becomes a user " +
					"with an id that it chooses. Give this or `user_id`; with an id alone it is what the gateway knows. A change is another member; " +
					"with both, `user_id` says who it is, and the address must be theirs.",
				Optional:      true,
				Computed:      true,
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown(), sameMailbox{}},
			},
			"role": schema.StringAttribute{
				MarkdownDescription: "What the user may do: `user` uses the team's models, `admin` manages its keys and members as well. Defaults to `user`.",
				Optional:            true,
				Computed:            true,
				Default:             stringdefault.StaticString(api.MemberUser),
			},
			"max_budget_in_team": attribute.USD("The most that the user may spend in the team in one period, in US dollars. " +
				"`0` refuses everything that costs." + leftOut),
			"budget_duration": attribute.Text("The period after which that spending starts again from zero, such as `1d`, `30d` or `1mo`." + leftOut),
			"rpm_limit": attribute.Int64("Requests per minute of the user in the team: in no 60 seconds are more admitted. " +
				"`0` refuses every request." + leftOut),
			"tpm_limit": attribute.Int64("Tokens per minute of the user in the team, prompt and completion together. " +
				"`0` refuses every request." + leftOut),
			"force_destroy": attribute.Bool("Whether destroying the member also deletes the keys that the user still has in the team. "+
				"With `false`, destroying a member with keys fails.", false),
		}),
	}
}

// sameMailbox replaces the member when another email is configured, but not for another spelling, nor when
// user_id says that it is the same user: then the address is only what the gateway knows.
type sameMailbox struct{}

func (sameMailbox) Description(context.Context) string {
	return "another address is another member; upper and lower case are the same"
}

func (s sameMailbox) MarkdownDescription(ctx context.Context) string { return s.Description(ctx) }

func (sameMailbox) PlanModifyString(ctx context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	switch {
	case req.State.Raw.IsNull() || req.Plan.Raw.IsNull() || req.ConfigValue.IsNull():
	case !req.ConfigValue.IsUnknown() && strings.EqualFold(req.ConfigValue.ValueString(), req.StateValue.ValueString()):
		resp.PlanValue = req.StateValue
	case sameUser(ctx, req):
		tellAddress(&resp.Diagnostics, req)
		resp.PlanValue = req.StateValue
	default:
		resp.RequiresReplace = true
	}
}

// sameUser says whether the configuration has the user_id that the state has.
func sameUser(ctx context.Context, req planmodifier.StringRequest) bool {
	var configured, before types.String
	diags := req.Config.GetAttribute(ctx, path.Root("user_id"), &configured)
	diags.Append(req.State.GetAttribute(ctx, path.Root("user_id"), &before)...)
	return !diags.HasError() && !configured.IsNull() && configured.Equal(before)
}

// tellAddress says that nobody's address is changed here. To plan none where one is configured Terraform does not allow.
func tellAddress(diags *diag.Diagnostics, req planmodifier.StringRequest) {
	if req.StateValue.IsNull() {
		diags.AddAttributeError(req.Path, "No address on the gateway",
			"The user of user_id has no address on the gateway, and Terraform does not give them one. Leave user_email out.")
		return
	}
	diags.AddAttributeWarning(req.Path, "Another address on the gateway",
		"The user of user_id has the address "+req.StateValue.ValueString()+" on the gateway, which Terraform does not change. "+
			"Write that one, or leave user_email out.")
}

func checkTeamMember(config teamMemberModel) error {
	member := api.NewMembership(attribute.IDToValidate(config.TeamID), attribute.IDToValidate(config.UserID))
	member.MemberFields = config.toAPI()
	user := api.NewUser(member.UserID)
	user.UserEmail = attribute.TextOf(config.UserEmail)
	return errors.Join(member.Validate(), user.Validate())
}

// memberWithEmail looks for the member who has the email, as an import needs the user's id.
func memberWithEmail(ctx context.Context, gateway *client.Client, change object.Change[teamMemberModel]) (at, id string, found bool) {
	userID, at := change.Config.UserID.ValueString(), "user_id"
	if userID == "" {
		userID, at = "USER_ID", "user_email"
	}
	team, err := gateway.GetTeam(ctx, change.Config.TeamID.ValueString())
	for _, member := range team.TeamMemberships {
		email := change.Config.UserEmail.ValueString()
		if err == nil && email != "" && member.UserEmail != nil && strings.EqualFold(*member.UserEmail, email) {
			userID = member.UserID
		}
	}
	return at, change.Config.TeamID.ValueString() + "/" + userID, true
}

// ModifyPlan tells of the keys that a member has when they are taken out of the team.
func (r *teamMemberResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	r.Resource.ModifyPlan(ctx, req, resp)
	if resp.Diagnostics.HasError() || req.State.Raw.IsNull() {
		return
	}
	var state, plan *teamMemberModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(resp.Plan.Get(ctx, &plan)...)
	switch {
	case resp.Diagnostics.HasError():
	case plan == nil:
		r.Judge.KeysLeft(ctx, state.holder(), &resp.Diagnostics)
	case !plan.TeamID.Equal(state.TeamID):
		r.Judge.Replaced(ctx, state.holder(), path.Root("team_id"), &resp.Diagnostics)
	case !plan.UserID.Equal(state.UserID):
		r.Judge.Replaced(ctx, state.holder(), path.Root("user_id"), &resp.Diagnostics)
	case !plan.UserEmail.Equal(state.UserEmail):
		r.Judge.Replaced(ctx, state.holder(), path.Root("user_email"), &resp.Diagnostics)
	}
}

func (m teamMemberModel) holder() foretell.Holder {
	return foretell.Holder{TeamID: m.TeamID.ValueString(), UserID: m.UserID.ValueString(), Forced: m.ForceDestroy.ValueBool()}
}

func removeMember(ctx context.Context, gateway *client.Client, state teamMemberModel, diags *diag.Diagnostics) error {
	err := checkMemberKeys(ctx, gateway, state, diags)
	if err != nil || diags.HasError() {
		return err
	}
	return gateway.DeleteMember(ctx, state.TeamID.ValueString(), state.UserID.ValueString())
}

// checkMemberKeys is the team's check for the keys that go with a member.
func checkMemberKeys(ctx context.Context, gateway *client.Client, state teamMemberModel, diags *diag.Diagnostics) error {
	if state.ForceDestroy.ValueBool() {
		return nil
	}
	team, err := gateway.GetTeam(ctx, state.TeamID.ValueString())
	if err != nil {
		return err
	}
	keys := slices.DeleteFunc(team.Keys, func(key api.Key) bool {
		return key.UserID == nil || *key.UserID != state.UserID.ValueString()
	})
	if len(keys) > 0 {
		diags.AddError("Team member still has keys", fmt.Sprintf(
			"Taking user %q out of team %q would delete %d key(s) of theirs, and programs that use them would stop: %s.\n\n"+
				"Delete or move the keys first, or apply force_destroy = true on the team member. "+
				"Keys of this configuration are deleted first by themselves when their user_id refers to the member, "+
				"as in user_id = bursar_team_member.NAME.user_id.%s",
			state.UserID.ValueString(), team.TeamID, len(keys), foretell.KeyNames(keys), object.LetGoFirst("team member", "bursar_key")))
	}
	return nil
}

// ImportState takes an identity, or TEAM_ID/USER_ID, or TEAM_ID/EMAIL. Ids may hold a slash themselves, and every way to
// cut is tried.
func (r *teamMemberResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if req.ID == "" {
		r.Resource.ImportState(ctx, req, resp)
		return
	}
	if !r.Ready(&resp.Diagnostics) {
		return
	}
	teamID, userID, found := r.memberNamed(ctx, req.ID, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if !found {
		resp.Diagnostics.AddError("No such team member", fmt.Sprintf(
			"The id of a team member is TEAM_ID/USER_ID, such as marketing/ada, and nobody on the gateway is meant by %q. The user's email does as well.", req.ID))
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("team_id"), teamID)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("user_id"), userID)...)
	resp.Diagnostics.Append(object.NoteImport(ctx, resp)...)
}

func (r *teamMemberResource) memberNamed(ctx context.Context, id string, diags *diag.Diagnostics) (teamID, userID string, found bool) {
	for i := range id {
		if id[i] != '/' || i == 0 || i == len(id)-1 {
			continue
		}
		userID, err := r.findMember(ctx, id[:i], id[i+1:])
		if err == nil {
			return id[:i], userID, true
		}
		if api.CodeOf(err) != api.NotFound {
			diags.AddError("Team member not read", attribute.Sentence(err)+object.Advice(err))
			return "", "", false
		}
	}
	return "", "", false
}

// findMember is the id of a member by it, or else by the email.
func (r *teamMemberResource) findMember(ctx context.Context, teamID, called string) (userID string, err error) {
	_, err = r.Client.GetMember(ctx, teamID, called)
	if api.CodeOf(err) != api.NotFound || !strings.Contains(called, "@") {
		return called, err
	}
	team, readErr := r.Client.GetTeam(ctx, teamID)
	for _, member := range team.TeamMemberships {
		if member.UserEmail != nil && strings.EqualFold(*member.UserEmail, called) {
			return member.UserID, nil
		}
	}
	return called, cmp.Or(readErr, err)
}
