package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

var _ datasource.DataSourceWithConfigure = (*teamsDataSource)(nil)

type teamsDataSource struct{ object.DataSource }

func newTeamsDataSource() datasource.DataSource { return &teamsDataSource{} }

type teamsDataModel struct {
	Teams []listedTeamModel `tfsdk:"teams"`
}

type listedTeamModel struct {
	teamStateModel
	MetadataJSON types.String `tfsdk:"metadata_json"`
}

func listedTeamFrom(team api.Team) (listedTeamModel, error) {
	metadata, err := metadataJSON(team.Metadata)
	return listedTeamModel{teamStateModel: teamStateFrom(team), MetadataJSON: metadata}, err
}

func (d *teamsDataSource) Metadata(_ context.Context, _ datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = "bursar_teams"
}

func (d *teamsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "All teams of the gateway as they are now, with what they have spent, ordered by id. " +
			"With an admin key for some teams only, these.",
		Attributes: map[string]schema.Attribute{
			"teams": listFact("The teams.", facts(teamStateFacts(), map[string]schema.Attribute{"metadata_json": metadataJSONFact("team")})),
		},
	}
}

func (d *teamsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	if !d.Ready(&resp.Diagnostics) {
		return
	}
	teams, err := d.Client.ListTeams(ctx)
	if err != nil {
		object.Report(ctx, &resp.Diagnostics, req.Config.Schema, "Teams not read", err)
		return
	}
	model := teamsDataModel{Teams: make([]listedTeamModel, 0, len(teams))}
	for _, team := range teams {
		listed, err := listedTeamFrom(team)
		if err != nil {
			object.Report(ctx, &resp.Diagnostics, req.Config.Schema, "Teams not read", err)
			return
		}
		model.Teams = append(model.Teams, listed)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}
