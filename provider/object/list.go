package object

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	listschema "github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// undeclared says why lists leave something out: there is nothing for Terraform to manage.
const undeclared = " What the gateway's configuration file declares is left out, as only that file can change it."

// Listing says how all objects of a noun are found.
type Listing[O any] struct {
	Description string
	// Filter describes team_id, by which the list can be narrowed; empty for what has none.
	Filter string
	// Find returns the objects of a team, of all for an empty id, in the order of the gateway.
	Find func(ctx context.Context, gateway *client.Client, teamID string) ([]O, error)
	// Name is shown to people.
	Name func(O) string
	// DeclaredIn is the gateway's configuration file that declares the object, empty for none; nil for what no file declares.
	DeclaredIn func(O) string
}

// List finds what there is of a resource for terraform query.
type List[M, F any, O Kept] struct{ Resource[M, F, O] }

// NewList lists what a resource manages.
func NewList[M, F any, O Kept](noun Noun[M, F, O]) *List[M, F, O] {
	return &List[M, F, O]{Resource[M, F, O]{Noun: noun}}
}

// ListResourceConfigSchema describes what a list block may say.
func (l *List[M, F, O]) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	listing := l.Noun.Listing
	resp.Schema = listschema.Schema{MarkdownDescription: listing.Description, Attributes: map[string]listschema.Attribute{}}
	if listing.DeclaredIn != nil {
		resp.Schema.MarkdownDescription += undeclared
	}
	if listing.Filter != "" {
		resp.Schema.Attributes["team_id"] = listschema.StringAttribute{MarkdownDescription: listing.Filter, Optional: true}
	}
}

// List is called by the plugin framework.
func (l *List[M, F, O]) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var diags diag.Diagnostics
	teamID := l.teamID(ctx, req.Config, &diags)
	if diags.HasError() || !l.Ready(&diags) {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	found, err := l.Noun.Listing.Find(ctx, l.Client, teamID)
	if err != nil {
		Report(ctx, &diags, req.Config.Schema, "Not listed", err)
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = func(push func(list.ListResult) bool) {
		var pushed int64
		for _, object := range found {
			if req.Limit > 0 && pushed >= req.Limit {
				return
			}
			if l.declared(object) {
				continue
			}
			if pushed++; !push(l.result(ctx, req, object)) {
				return
			}
		}
	}
}

func (l *List[M, F, O]) declared(object O) bool {
	return l.Noun.Listing.DeclaredIn != nil && l.Noun.Listing.DeclaredIn(object) != ""
}

func (l *List[M, F, O]) teamID(ctx context.Context, config tfsdk.Config, diags *diag.Diagnostics) string {
	if l.Noun.Listing.Filter == "" {
		return ""
	}
	var teamID types.String
	diags.Append(config.GetAttribute(ctx, path.Root("team_id"), &teamID)...)
	return teamID.ValueString()
}

// result is the object as after an import.
func (l *List[M, F, O]) result(ctx context.Context, req list.ListRequest, object O) list.ListResult {
	model := l.Noun.From(object, *new(M))
	result := req.NewListResult(ctx)
	result.DisplayName = l.Noun.Listing.Name(object)
	result.Diagnostics.Append(SetIdentity(ctx, result.Identity, l.Noun.identity(model)...)...)
	if req.IncludeResource {
		result.Diagnostics.Append(result.Resource.Set(ctx, model)...)
	}
	return result
}
