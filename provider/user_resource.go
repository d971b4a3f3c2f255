package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
	"github.com/bursarhq/terraform-provider-bursar/provider/foretell"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

var (
	_ resource.ResourceWithConfigure      = (*userResource)(nil)
	_ resource.ResourceWithValidateConfig = (*userResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*userResource)(nil)
	_ resource.ResourceWithIdentity       = (*userResource)(nil)
	_ resource.ResourceWithImportState    = (*userResource)(nil)
)

type userResource struct {
	object.Resource[userModel, api.UserFields, api.User]
}

func newUserResource() resource.Resource { return newUser() }

func newUserList() list.ListResource { return object.NewList(newUser().Noun) }

type userModel struct {
	UserID    types.String `tfsdk:"user_id"`
	UserEmail types.String `tfsdk:"user_email"`
	UserAlias types.String `tfsdk:"user_alias"`
	UserRole  types.String `tfsdk:"user_role"`
	rateLimitsModel
	budgetTermsModel
	Metadata types.Dynamic `tfsdk:"metadata"`

	DeletionProtection types.Bool `tfsdk:"deletion_protection"`
	ForceDestroy       types.Bool `tfsdk:"force_destroy"`
	object.TimeoutsModel
}

func (m userModel) toAPI() api.UserFields {
	return api.UserFields{
		UserEmail:   attribute.TextOf(m.UserEmail),
		UserAlias:   attribute.TextOf(m.UserAlias),
		UserRole:    attribute.TextOf(m.UserRole),
		RateLimits:  m.rateLimitsModel.toAPI(),
		BudgetTerms: m.budgetTermsModel.toAPI(),
		Metadata:    attribute.MetadataOf(m.Metadata),
	}
}

// userModelFrom takes from prior what the gateway does not keep: how an address, amounts and metadata were written, and
// what is said to Terraform only.
func userModelFrom(user api.User, prior userModel) userModel {
	return userModel{
		UserID:             types.StringValue(user.UserID),
		UserEmail:          emailFrom(user.UserEmail, prior.UserEmail),
		UserAlias:          attribute.FromText(user.UserAlias, prior.UserAlias),
		UserRole:           types.StringPointerValue(user.UserRole),
		rateLimitsModel:    rateLimitsFrom(user.RateLimits),
		budgetTermsModel:   budgetTermsFrom(user.BudgetTerms, prior.budgetTermsModel),
		Metadata:           attribute.FromMetadata(user.Metadata, prior.Metadata),
		DeletionProtection: types.BoolValue(prior.DeletionProtection.ValueBool()),
		ForceDestroy:       types.BoolValue(prior.ForceDestroy.ValueBool()),
		TimeoutsModel:      prior.TimeoutsModel.OrNull(),
	}
}

func userID(m *userModel) *types.String { return &m.UserID }

func newUser() *userResource {
	noun := object.Noun[userModel, api.UserFields, api.User]{
		Type:     "bursar_user",
		Name:     "user",
		Identity: []object.Part[userModel]{{Attribute: "user_id", Description: "The user's id.", Of: userID}},
		Schema:   userSchema(),
		Fields:   userModel.toAPI,
		From:     userModelFrom,
		FieldsOf: func(user api.User) api.UserFields { return user.UserFields },
		Calls: object.CallsByID(userID, object.ByID[api.UserFields, api.User]{
			Create: (*client.Client).CreateUser,
			Read:   (*client.Estate).User,
			Get:    getUser,
			Update: (*client.Client).UpdateUser,
			Delete: (*client.Client).DeleteUser,
		}),
		Listing: object.Listing[api.User]{
			Description: "The users of the gateway, ordered by id; those whom a `bursar_team_member` has made as well.",
			Find: func(ctx context.Context, gateway *client.Client, _ string) ([]api.User, error) {
				return gateway.ListUsers(ctx)
			},
			Name: userName,
		},
		Check: func(config userModel) error {
			return api.User{UserID: attribute.IDToValidate(config.UserID), UserFields: config.toAPI()}.Validate()
		},
		Warn:       func(config userModel, diags *diag.Diagnostics) { config.warnOfHalfTerms(diags) },
		Protection: func(m userModel) types.Bool { return m.DeletionProtection },
		Alias:      func(user api.User) *string { return user.UserEmail },
		Managed:    func(user api.User) string { return "user " + user.UserID },
	}
	noun.Calls.Delete = removeUser
	return &userResource{object.Resource[userModel, api.UserFields, api.User]{Noun: noun}}
}

func userName(user api.User) string {
	return foretell.Name(user.UserAlias, foretell.Name(user.UserEmail, user.UserID))
}

func getUser(gateway *client.Client, ctx context.Context, id string) (api.User, error) {
	info, err := gateway.GetUser(ctx, id)
	return info.User, err
}

const userLimitLeftOut = "Leave it out for none."

func userSchema() schema.Schema {
	return schema.Schema{
		MarkdownDescription: "A person or service that keys are made for. The limits and the budget bind all keys of the user together, in whatever team, " +
			"within those of the key, the team and the place in it. Nobody needs a `bursar_user` to be in a team: a `bursar_team_member` makes the user " +
			"whom the gateway does not know. Declare one for an address, a name, or what the user may do over all teams.",
		Attributes: attribute.Merged(rateLimitAttributes(userLimitLeftOut), budgetTermsAttributes(), tempBudgetAttributes("the cap", "max_budget"), map[string]schema.Attribute{
			"user_id": attribute.ID("The user's id, for good: a change makes a new user, with nothing spent and in no team. " +
				"Leave it out to have the gateway choose one."),
			"user_email": attribute.Text("The user's e-mail address, which no other user has, upper and lower case being the same. Leave it out for none."),
			"user_alias": attribute.Text("The user's name for people. Leave it out for none."),
			"user_role": attribute.Text("What LiteLLM calls the user, such as `internal_user` or `proxy_admin`. It is kept for those who ask and opens nothing here: " +
				"what a person may do is said by `role` in a `bursar_team_member`, by a `bursar_admin_key` or by an identity provider. Leave it out for none."),
			"metadata": attribute.Metadata("user"),
			"deletion_protection": attribute.Bool("Whether Terraform refuses to destroy the user. "+
				"To destroy it, apply `false` first.", false),
			"force_destroy": attribute.Bool("Whether destroying the user also takes it out of the teams that it is still in and deletes the keys that it still has. "+
				"With `false`, destroying such a user fails.", false),
		}),
	}
}

// ModifyPlan warns of a cap that the user has reached already.
func (r *userResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	r.Resource.ModifyPlan(ctx, req, resp)
	if resp.Diagnostics.HasError() {
		return
	}
	var state, plan *userModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(resp.Plan.Get(ctx, &plan)...)
	if !resp.Diagnostics.HasError() && plan != nil {
		r.Judge.User(ctx, r.Noun.Planned(state), *r.Noun.Planned(plan), &resp.Diagnostics)
	}
}

// removeUser deletes no keys and leaves no teams that nobody said may go: programs hold the keys.
func removeUser(ctx context.Context, gateway *client.Client, state userModel, diags *diag.Diagnostics) error {
	id := state.UserID.ValueString()
	if state.ForceDestroy.ValueBool() {
		return gateway.DeleteUser(ctx, id)
	}
	info, err := gateway.GetUser(ctx, id)
	if err != nil {
		return err
	}
	if len(info.Keys) > 0 {
		diags.AddError("User still has keys", fmt.Sprintf(
			"Deleting user %q would delete %d key(s), and programs that use them would stop: %s.\n\n"+
				"Delete or move the keys first, or apply force_destroy = true on the user. "+
				"Keys of this configuration are deleted first by themselves when their user_id refers to the user, "+
				"as in user_id = bursar_user.NAME.user_id.%s",
			id, len(info.Keys), foretell.KeyNames(info.Keys), object.LetGoFirst("user", "bursar_key")))
		return nil
	}
	if len(info.Teams) > 0 {
		diags.AddError("User still in teams", fmt.Sprintf(
			"Deleting user %q would take it out of %d team(s): %s.\n\n"+
				"Take the user out of them first, or apply force_destroy = true on the user. "+
				"Places of this configuration go first by themselves when their user_id refers to the user, "+
				"as in user_id = bursar_user.NAME.user_id.%s",
			id, len(info.Teams), strings.Join(info.Teams, ", "), object.LetGoFirst("user", "bursar_team_member")))
		return nil
	}
	return gateway.DeleteUser(ctx, id)
}
