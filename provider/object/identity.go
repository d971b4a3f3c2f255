package object

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
)

// A resource's identity is what it is found by on the gateway: Terraform 1.12 and later keeps it beside the
// state, imports by it, and gets it from list resources. Older ones do not see it.

// identitySchema has one required text for each attribute, named as in the resource.
func identitySchema(descriptions map[string]string) identityschema.Schema {
	attributes := make(map[string]identityschema.Attribute, len(descriptions))
	for name, description := range descriptions {
		attributes[name] = identityschema.StringAttribute{Description: description, RequiredForImport: true}
	}
	return identityschema.Schema{Attributes: attributes}
}

// SetIdentity sets pairs of an attribute and its value.
func SetIdentity(ctx context.Context, identity *tfsdk.ResourceIdentity, pairs ...string) diag.Diagnostics {
	var diags diag.Diagnostics
	if identity == nil {
		return diags // asked for by something that knows no identities
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		diags.Append(identity.SetAttribute(ctx, path.Root(pairs[i]), pairs[i+1])...)
	}
	return diags
}

// readGone answers a read of what is not on the gateway any more, which the framework wants an identity of as well.
func readGone(ctx context.Context, resp *resource.ReadResponse, identity ...string) {
	resp.Diagnostics.Append(SetIdentity(ctx, resp.Identity, identity...)...)
	resp.State.RemoveResource(ctx)
}

// importByID takes the id from the command line or an import block, or else from the identity.
func importByID(ctx context.Context, attribute string, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	at := path.Root(attribute)
	resource.ImportStatePassthroughWithIdentity(ctx, at, at, req, resp)
}
