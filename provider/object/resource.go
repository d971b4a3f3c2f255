// Package object is an object of the gateway as a Terraform resource: made, read, changed, deleted, imported and listed
// in one way for all of them.
//
// It promises what holds for every resource: gone means that the gateway says so, a change that somebody else made since
// the plan is never written over, a create whose answer was lost neither doubles nor orphans its object, and whatever the
// gateway refuses names the attribute and what to do. It must know no single kind of object; a [Noun] describes one.
package object

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
	"github.com/bursarhq/terraform-provider-bursar/provider/foretell"
)

// Kept is an object of the API.
type Kept interface{ Kept() api.Record }

// Noun describes one kind of object: M is the resource's model, F the API's fields and O the API's object.
type Noun[M, F any, O Kept] struct {
	// Type is the resource's, such as "bursar_team".
	Type string
	// Name is for people, such as "alert route".
	Name string
	// AuditName is the audit log's, when that is another one.
	AuditName string
	// Identity is what the object is found by. The gateway may choose the last part.
	Identity []Part[M]
	Schema   schema.Schema
	Calls    Calls[M, F, O]
	// Listing says how all objects are found, for terraform query.
	Listing Listing[O]

	// Fields are the API's. What is not known yet is left out.
	Fields func(M) F
	// From makes a model of the object, with what the gateway does not keep from prior.
	From func(object O, prior M) M
	// FieldsOf are the object's.
	FieldsOf func(O) F
	// Wanted are the fields that a change sends, secrets included; nil takes Fields.
	Wanted func(Change[M]) F
	// Answered is what the gateway would answer, had it taken the fields; nil takes them as they are. A secret that is
	// sent is taken for the one that the gateway has, if it has any.
	Answered func(wanted F, current O) F

	// Check returns what is wrong with a configuration, as the gateway would.
	Check func(config M) error
	// Warn tells of what is right and has no effect; nil for nothing.
	Warn func(config M, diags *diag.Diagnostics)
	// Describe is the object in a sentence, such as `member "ada" of team "marketing"`; nil for its name and id.
	Describe func(M) string
	// Protection is what deletion_protection says; nil for what has none.
	Protection func(M) types.Bool
	// Alias is what people call the object, by which it can be imported as well; nil for what has an id only.
	Alias func(O) *string
	// Mail is the e-mail address by which an approval may name who it is about; nil for what has none.
	Mail func(M) types.String
	// Existing finds the object that is in a new one's way: the attribute in which they are the same, and the id to
	// import the other one by. nil takes the new one's own id.
	Existing func(ctx context.Context, gateway *client.Client, change Change[M]) (attribute, id string, found bool)
	// Judged says that the judge of plans asks the gateway about each new one, many in one question, or that there are too
	// many to ask about each.
	Judged bool
	// Managed names an object of the state to the judge of plans; nil names none.
	Managed func(O) string
	// Notice tells private state of what a read has found, and the model of what private state knows; nil does nothing.
	Notice func(ctx context.Context, private PrivateWriter, read *M, prior M) diag.Diagnostics
	// Secrets are nil for an object without.
	Secrets Secrets[M, O]
}

// Part is one attribute of an identity.
type Part[M any] struct {
	Attribute, Description string
	Of                     func(*M) *types.String
}

// Calls are the gateway's.
type Calls[M, F any, O Kept] struct {
	// Create may put into the change's plan what only this answer tells.
	Create func(ctx context.Context, gateway *client.Client, change *Change[M], fields F) (O, error)
	// Read is one of many, and reads as [client.Estate] does.
	Read func(ctx context.Context, gateway *client.Client, state M) (O, error)
	// Get reads the object as it is at this moment.
	Get    func(ctx context.Context, gateway *client.Client, state M) (O, error)
	Update func(ctx context.Context, gateway *client.Client, plan M, fields F, revision int64) (O, error)
	// Delete may refuse with an error of its own in diags.
	Delete func(ctx context.Context, gateway *client.Client, state M, diags *diag.Diagnostics) error
}

// ByID are the calls of a noun that one id identifies.
type ByID[F any, O Kept] struct {
	Create func(gateway *client.Client, ctx context.Context, id string, fields F) (O, error)
	Read   func(estate *client.Estate, ctx context.Context, id string) (O, error)
	Get    func(gateway *client.Client, ctx context.Context, id string) (O, error)
	Update func(gateway *client.Client, ctx context.Context, id string, fields F, revision int64) (O, error)
	Delete func(gateway *client.Client, ctx context.Context, id string) error
}

// CallsByID are the calls with the id that a model has.
func CallsByID[M, F any, O Kept](of func(*M) *types.String, by ByID[F, O]) Calls[M, F, O] {
	id := func(model M) string { return of(&model).ValueString() }
	return Calls[M, F, O]{
		Create: func(ctx context.Context, gateway *client.Client, change *Change[M], fields F) (O, error) {
			return by.Create(gateway, ctx, id(change.Plan), fields)
		},
		Read: func(ctx context.Context, gateway *client.Client, state M) (O, error) {
			return by.Read(gateway.Estate(), ctx, id(state))
		},
		Get: func(ctx context.Context, gateway *client.Client, state M) (O, error) {
			return by.Get(gateway, ctx, id(state))
		},
		Update: func(ctx context.Context, gateway *client.Client, plan M, fields F, revision int64) (O, error) {
			return by.Update(gateway, ctx, id(plan), fields, revision)
		},
		Delete: func(ctx context.Context, gateway *client.Client, state M, _ *diag.Diagnostics) error {
			return by.Delete(gateway, ctx, id(state))
		},
	}
}

// Change is what an apply is told. State is nil for a create.
type Change[M any] struct {
	Plan   M
	State  *M
	Config M
}

// Resource serves a noun. Embed it, and give the embedding type what is special about the resource.
type Resource[M, F any, O Kept] struct {
	User
	Noun Noun[M, F, O]
}

// Configure is called by the plugin framework.
func (r *Resource[M, F, O]) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.Connect(req.ProviderData, &resp.Diagnostics)
}

// Metadata names the resource.
func (r *Resource[M, F, O]) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = r.Noun.Type
}

// Schema is the noun's, with what all resources have.
func (r *Resource[M, F, O]) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = r.Described()
}

// Described is the resource's schema.
func (r *Resource[M, F, O]) Described() schema.Schema { return withTimeouts(r.Noun.Schema) }

// IdentitySchema describes the identity.
func (r *Resource[M, F, O]) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	descriptions := map[string]string{}
	for _, part := range r.Noun.Identity {
		descriptions[part.Attribute] = part.Description
	}
	resp.IdentitySchema = identitySchema(descriptions)
}

// ValidateConfig reports what the gateway would refuse.
func (r *Resource[M, F, O]) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config M
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	for _, mistake := range api.Mistakes(r.Noun.Check(config)) {
		Report(ctx, &resp.Diagnostics, req.Config.Schema, "Invalid "+r.Noun.Name, mistake)
	}
	if r.Noun.Warn != nil {
		r.Noun.Warn(config, &resp.Diagnostics)
	}
}

// ImportState takes the id, or what people call the object, or the identity.
func (r *Resource[M, F, O]) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if req.ID != "" && r.Noun.Alias != nil && r.Client != nil {
		req.ID = r.idOf(ctx, req.ID, &resp.Diagnostics)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	for _, part := range r.Noun.Identity {
		importByID(ctx, part.Attribute, req, resp)
	}
	r.refuseDeclaredImport(ctx, resp)
	resp.Diagnostics.Append(NoteImport(ctx, resp)...)
}

// NoteImport tells the read that follows an import of it.
func NoteImport(ctx context.Context, resp *resource.ImportStateResponse) diag.Diagnostics {
	return resp.Private.SetKey(ctx, importingKey, []byte("true"))
}

// idOf is the id of the object that is called so. An id is taken before a name, and what nothing has is left for the read
// that follows to report.
func (r *Resource[M, F, O]) idOf(ctx context.Context, called string, diags *diag.Diagnostics) string {
	n, model := r.Noun, *new(M)
	*n.id(&model) = types.StringValue(called)
	if _, err := n.Calls.Read(ctx, r.Client, model); api.CodeOf(err) != api.NotFound {
		return called
	}
	objects, err := n.Listing.Find(ctx, r.Client, "")
	if err != nil {
		diags.AddError(n.summary("not found by its name"), attribute.Sentence(err)+Advice(err))
	}
	var ids []string
	for _, object := range objects {
		if name := n.Alias(object); name != nil && *name == called {
			found := n.From(object, *new(M))
			ids = append(ids, n.id(&found).ValueString())
		}
	}
	switch len(ids) {
	case 0:
		return called
	case 1:
		return ids[0]
	default:
		diags.AddError("Several are called so", fmt.Sprintf("%d objects of the kind %s are called %q: %s. Import the one that is meant by its id.",
			len(ids), n.Name, called, strings.Join(ids, ", ")))
		return called
	}
}

// Attributes are those of the identity.
func (n Noun[M, F, O]) Attributes() []string {
	names := make([]string, 0, len(n.Identity))
	for _, part := range n.Identity {
		names = append(names, part.Attribute)
	}
	return names
}

// Planned is the object for the judge of plans; nil for one that is not there.
func (n Noun[M, F, O]) Planned(model *M) *foretell.Planned[F] {
	if model == nil {
		return nil
	}
	return &foretell.Planned[F]{ID: *n.id(model), Fields: n.Fields(*model)}
}

// identity is pairs of an attribute and its value.
func (n Noun[M, F, O]) identity(model M) []string {
	pairs := make([]string, 0, 2*len(n.Identity))
	for _, part := range n.Identity {
		pairs = append(pairs, part.Attribute, part.Of(&model).ValueString())
	}
	return pairs
}

// id is the part of the identity that the gateway may choose.
func (n Noun[M, F, O]) id(model *M) *types.String { return n.Identity[len(n.Identity)-1].Of(model) }

func (n Noun[M, F, O]) describe(model M) string {
	if n.Describe != nil {
		return n.Describe(model)
	}
	return fmt.Sprintf("%s %q", n.Name, n.id(&model).ValueString())
}

// summary is the name at the beginning of a sentence.
func (n Noun[M, F, O]) summary(rest string) string {
	return strings.ToUpper(n.Name[:1]) + n.Name[1:] + " " + rest
}

func (n Noun[M, F, O]) wanted(change Change[M]) F {
	if n.Wanted != nil {
		return n.Wanted(change)
	}
	return n.Fields(change.Plan)
}
