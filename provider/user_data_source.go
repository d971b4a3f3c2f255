package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

var _, _ datasource.DataSourceWithConfigure = (*userDataSource)(nil), (*usersDataSource)(nil)

// userDataSource reads one user, usersDataSource all.
type (
	userDataSource  struct{ object.DataSource }
	usersDataSource struct{ object.DataSource }
)

func newUserDataSource() datasource.DataSource { return &userDataSource{} }

func newUsersDataSource() datasource.DataSource { return &usersDataSource{} }

// userFactsModel is what both user data sources tell about a user.
type userFactsModel struct {
	UserID    types.String `tfsdk:"user_id"`
	UserEmail types.String `tfsdk:"user_email"`
	UserAlias types.String `tfsdk:"user_alias"`
	UserRole  types.String `tfsdk:"user_role"`
	TeamIDs   types.List   `tfsdk:"team_ids"`
	rateLimitsModel
	budgetTermsModel
	budgetStateModel
	recordModel
}

func userFactsFrom(user api.User) userFactsModel {
	return userFactsModel{
		UserID:           types.StringValue(user.UserID),
		UserEmail:        types.StringPointerValue(user.UserEmail),
		UserAlias:        types.StringPointerValue(user.UserAlias),
		UserRole:         types.StringPointerValue(user.UserRole),
		TeamIDs:          attribute.FromStrings(user.Teams),
		rateLimitsModel:  rateLimitsFrom(user.RateLimits),
		budgetTermsModel: budgetTermsFrom(user.BudgetTerms, budgetTermsModel{}),
		budgetStateModel: budgetStateFrom(user.BudgetState),
		recordModel:      recordFrom(user.Record, ""),
	}
}

func userFacts() map[string]schema.Attribute {
	return facts(rateLimitFacts(), budgetTermsFacts(), budgetStateFacts(), recordFacts("user"), map[string]schema.Attribute{
		"user_id":    textFact("The user's id."),
		"user_email": textFact("The user's e-mail address; null without one."),
		"user_alias": textFact("The user's name for people; null without one."),
		"user_role":  textFact("What LiteLLM calls the user; it opens nothing here. Null without one."),
		"team_ids":   textsFact("The teams that the user is a member of."),
	})
}

type userDataModel struct {
	userFactsModel
	Metadata types.Dynamic `tfsdk:"metadata"`
	KeyIDs   types.List    `tfsdk:"key_ids"`
}

func (d *userDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "bursar_user"
}

func (d *userDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A user as it is on the gateway now, with what has been spent over all its keys and teams. It fails when there is no such user.",
		Attributes: facts(userFacts(), map[string]schema.Attribute{
			"user_id":  schema.StringAttribute{MarkdownDescription: "The id of the user to read.", Required: true},
			"metadata": metadataFact("user"),
			"key_ids":  textsFact("The ids of the user's keys."),
		}),
	}
}

func (d *userDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if !d.Ready(&resp.Diagnostics) {
		return
	}
	info, found := object.Find(ctx, req.Config, &resp.Diagnostics, "user", object.LookUp[client.UserInfo]{Attribute: "user_id", Read: d.Client.GetUser})
	if !found {
		return
	}
	keyIDs := make([]string, 0, len(info.Keys))
	for _, key := range info.Keys {
		keyIDs = append(keyIDs, key.KeyID)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, userDataModel{
		userFactsModel: userFactsFrom(info.User), Metadata: attribute.FromMetadata(info.Metadata, types.DynamicNull()), KeyIDs: attribute.FromStrings(keyIDs),
	})...)
}

// userInListModel has metadata as text, as all users of a list have one type.
type userInListModel struct {
	userFactsModel
	MetadataJSON types.String `tfsdk:"metadata_json"`
}

type usersDataModel struct {
	Users []userInListModel `tfsdk:"users"`
}

func (d *usersDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "bursar_users"
}

func (d *usersDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "All users of the gateway as they are now, ordered by id, with what has been spent over all keys and teams of each; those whom a `bursar_team_member` has made as well.",
		Attributes: map[string]schema.Attribute{
			"users": listFact("The users.", facts(userFacts(), map[string]schema.Attribute{"metadata_json": metadataJSONFact("user")})),
		},
	}
}

func (d *usersDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if !d.Ready(&resp.Diagnostics) {
		return
	}
	users, err := d.Client.ListUsers(ctx)
	if err != nil {
		object.Report(ctx, &resp.Diagnostics, req.Config.Schema, "Users not read", err)
		return
	}
	model := usersDataModel{Users: make([]userInListModel, 0, len(users))}
	for _, user := range users {
		metadata, err := metadataJSON(user.Metadata)
		if err != nil {
			object.Report(ctx, &resp.Diagnostics, req.Config.Schema, "Users not read", err)
			return
		}
		model.Users = append(model.Users, userInListModel{userFactsFrom(user), metadata})
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}
