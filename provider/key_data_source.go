package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

var _ datasource.DataSourceWithConfigure = (*keyDataSource)(nil)

type keyDataSource struct{ object.DataSource }

func newKeyDataSource() datasource.DataSource { return &keyDataSource{} }

// keyStateModel is what both key data sources tell about a key; its secret nobody can tell.
type keyStateModel struct {
	KeyID    types.String `tfsdk:"key_id"`
	KeyName  types.String `tfsdk:"key_name"`
	KeyAlias types.String `tfsdk:"key_alias"`
	TeamID   types.String `tfsdk:"team_id"`
	UserID   types.String `tfsdk:"user_id"`
	Models   types.List   `tfsdk:"models"`
	rateLimitsModel
	tempRatesModel
	modelRateLimitsModel
	budgetTermsModel
	enforcementModel
	BudgetID      types.String `tfsdk:"budget_id"`
	Blocked       types.Bool   `tfsdk:"blocked"`
	SpeakForTeams types.List   `tfsdk:"speak_for_teams"`
	Expires       types.String `tfsdk:"expires"`
	budgetStateModel
	throttleModel
	recordModel
}

func keyStateFrom(key api.Key) keyStateModel {
	return keyStateModel{
		KeyID:                types.StringValue(key.KeyID),
		KeyName:              types.StringValue(key.KeyName),
		KeyAlias:             types.StringPointerValue(key.KeyAlias),
		TeamID:               types.StringPointerValue(key.TeamID),
		UserID:               types.StringPointerValue(key.UserID),
		Models:               attribute.FromStrings(key.Models),
		rateLimitsModel:      rateLimitsFrom(key.RateLimits),
		tempRatesModel:       tempRatesFrom(key.TempRates, key.RPMLimit, key.TPMLimit, tempRatesModel{}),
		modelRateLimitsModel: modelRateLimitsFrom(key.ModelRateLimits),
		budgetTermsModel:     budgetTermsFrom(key.BudgetTerms, budgetTermsModel{}),
		enforcementModel:     enforcementFrom(key.Enforcement, enforcementModel{}),
		BudgetID:             types.StringPointerValue(key.BudgetID),
		Blocked:              types.BoolValue(key.Blocked),
		SpeakForTeams:        attribute.FromStrings(key.SpeakForTeams),
		Expires:              attribute.FromTime(key.Expires),
		budgetStateModel:     budgetStateFrom(key.BudgetState),
		throttleModel:        throttleFrom(key.BudgetState),
		recordModel:          recordFrom(key.Record, key.DeclaredIn),
	}
}

func keyStateFacts() map[string]schema.Attribute {
	return facts(rateLimitFacts(), tempRatesFacts(), modelRateLimitFacts(), budgetTermsFacts(), enforcementFacts(), budgetStateFacts(), throttleFacts(), recordFacts("key"), map[string]schema.Attribute{
		"key_id":          textFact("The key's id. It is no secret."),
		"key_name":        textFact("The secret with all but its end masked, as people recognise it."),
		"key_alias":       textFact("The key's name for people; null without one."),
		"team_id":         textFact("The team that the key belongs to; null for none."),
		"user_id":         textFact("The user that the key belongs to; null for none."),
		"models":          textsFact("The models that the key may ask for, of those the team may; empty is all of these."),
		"budget_id":       textFact("The budget whose terms the key takes; null for terms of its own."),
		"blocked":         boolFact("Whether all requests with the key are refused."),
		"speak_for_teams": textsFact("The teams that requests with this key may name; `*` is every team."),
		"expires":         textFact("When the key stops working, RFC 3339; null is never."),
	})
}

type keyDataModel struct {
	keyStateModel
	Metadata types.Dynamic `tfsdk:"metadata"`
}

func (d *keyDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "bursar_key"
}

func (d *keyDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A key as it is on the gateway now, with what it has spent, found by its id or by its alias. " +
			"It fails when there is no such key. The secret is not in it: the gateway shows that once, when the key is made.",
		Attributes: facts(keyStateFacts(), map[string]schema.Attribute{
			"key_id": schema.StringAttribute{
				MarkdownDescription: "The id of the key to read. Give this or `key_alias`.",
				Optional:            true,
				Computed:            true,
				Validators:          attribute.Valid(stringvalidator.ExactlyOneOf(path.MatchRoot("key_id"), path.MatchRoot("key_alias"))),
			},
			"key_alias": schema.StringAttribute{
				MarkdownDescription: "The alias of the key to read. Give this or `key_id`.",
				Optional:            true,
				Computed:            true,
				Validators:          attribute.Valid(stringvalidator.LengthAtLeast(1)),
			},
			"metadata": metadataFact("key"),
		}),
	}
}

func (d *keyDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if !d.Ready(&resp.Diagnostics) {
		return
	}
	key, found := object.Find(ctx, req.Config, &resp.Diagnostics, "key",
		object.LookUp[api.Key]{Attribute: "key_id", Read: d.Client.GetKey}, object.LookUp[api.Key]{Attribute: "key_alias", Read: d.named})
	if !found {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, keyDataModel{
		keyStateModel: keyStateFrom(key), Metadata: attribute.FromMetadata(key.Metadata, types.DynamicNull()),
	})...)
}

// named returns the key with the alias, which no two keys have.
func (d *keyDataSource) named(ctx context.Context, alias string) (api.Key, error) {
	keys, err := d.Client.FindKeys(ctx, api.KeyFilter{Alias: alias})
	if err != nil {
		return api.Key{}, err
	}
	for _, key := range keys {
		if key.KeyAlias != nil && *key.KeyAlias == alias {
			return key, nil
		}
	}
	return api.Key{}, api.Errorf(api.NotFound, "no key has the alias %q", alias)
}
