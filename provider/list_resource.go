package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/list"
	listschema "github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// listResource finds what there is of a resource for terraform query, in the order of the gateway.
type listResource struct {
	gatewayResource
	typeName    string
	description string
	// filter describes team_id, by which the list can be narrowed; empty for what has none.
	filter string
	// find returns the objects of a team, of all for an empty id.
	find func(ctx context.Context, u *gatewayUser, teamID string) ([]listed, error)
}

// listed is an object that was found.
type listed struct {
	// name is shown to people.
	name string
	// identity are pairs of an attribute and its value.
	identity []string
	// state is the resource's model, as after an import.
	state any
	// declaredIn is the gateway's configuration file that declares the object; empty for none.
	declaredIn string
}

func (r *listResource) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = r.typeName
}

func (r *listResource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = listschema.Schema{MarkdownDescription: r.description, Attributes: map[string]listschema.Attribute{}}
	if r.filter != "" {
		resp.Schema.Attributes["team_id"] = listschema.StringAttribute{MarkdownDescription: r.filter, Optional: true}
	}
}

func (r *listResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	failed := list.ListResult{}
	teamID := r.teamID(ctx, req.Config, &failed)
	if failed.Diagnostics.HasError() || !r.ready(&failed.Diagnostics) {
		stream.Results = list.ListResultsStreamDiagnostics(failed.Diagnostics)
		return
	}
	found, err := r.find(ctx, &r.gatewayUser, teamID)
	if err != nil {
		report(ctx, &failed.Diagnostics, req.Config.Schema, "Not listed", err)
		stream.Results = list.ListResultsStreamDiagnostics(failed.Diagnostics)
		return
	}
	stream.Results = func(push func(list.ListResult) bool) {
		for i, object := range found {
			if req.Limit > 0 && int64(i) >= req.Limit {
				return
			}
			if !push(object.result(ctx, req)) {
				return
			}
		}
	}
}

func (r *listResource) teamID(ctx context.Context, config tfsdk.Config, failed *list.ListResult) string {
	if r.filter == "" {
		return ""
	}
	var teamID types.String
	failed.Diagnostics.Append(config.GetAttribute(ctx, path.Root("team_id"), &teamID)...)
	return teamID.ValueString()
}

func (l listed) result(ctx context.Context, req list.ListRequest) list.ListResult {
	result := req.NewListResult(ctx)
	result.DisplayName = l.name
	result.Diagnostics.Append(setIdentity(ctx, result.Identity, l.identity...)...)
	if req.IncludeResource {
		result.Diagnostics.Append(result.Resource.Set(ctx, l.state)...)
	}
	return result
}
