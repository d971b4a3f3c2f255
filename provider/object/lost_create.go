package object

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
)

// A create whose answer is lost may have made its object all the same. It is then kept in the state without the
// ids that the gateway chooses, and in private state the request that may have made it. The next read asks the
// gateway's audit log what became of the request: either there is an object, which Terraform replaces, as it does
// after every create that failed, or there is none, and it is created. Nothing is made twice, nobody's object of
// the same name is taken for ours, and no object is left behind.

const lostKey = "lost_create"

// keepLost keeps what a create has planned when nobody knows whether it came about.
func keepLost(ctx context.Context, plan tfsdk.Plan, resp *resource.CreateResponse, err error) {
	lost, ok := errors.AsType[*client.UnansweredError](err)
	if !ok {
		return
	}
	known, err := tftypes.Transform(plan.Raw, func(at *tftypes.AttributePath, value tftypes.Value) (tftypes.Value, error) {
		switch {
		case !value.IsKnown():
			return tftypes.NewValue(value.Type(), nil), nil
		case at.Equal(tftypes.NewAttributePath().WithAttributeName("deletion_protection")):
			// What is protected could not be replaced.
			return tftypes.NewValue(tftypes.Bool, false), nil
		default:
			return value, nil
		}
	})
	request, jsonErr := json.Marshal(lost.RequestID)
	if err = errors.Join(err, jsonErr); err != nil {
		resp.Diagnostics.AddError("State cannot be written", err.Error())
		return
	}
	resp.State.Raw = known
	resp.Diagnostics.Append(resp.Private.SetKey(ctx, lostKey, request)...)
}

// lostCreate finds out for an object of the state whether the create that made it was answered.
type lostCreate struct {
	gateway *client.Client
	// noun is the audit log's name of the object.
	noun string
	// prefix is what stands before the object's id there.
	prefix string
}

// read is for the start of a Read. It sets *id to what the gateway has chosen, and says false when there is nothing
// to read: no object was made, or nobody can tell yet. identity is the object's as far as it is known.
func (l lostCreate) read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse, id *types.String, identity ...string) bool {
	found, diags := l.find(ctx, req.Private, id)
	resp.Diagnostics.Append(diags...)
	if diags.HasError() {
		return false
	}
	if !found {
		readGone(ctx, resp, identity...)
		return false
	}
	resp.Diagnostics.Append(resp.Private.SetKey(ctx, lostKey, nil)...)
	return true
}

// find says whether there is an object. Without an unanswered create there is.
func (l lostCreate) find(ctx context.Context, private PrivateReader, id *types.String) (bool, diag.Diagnostics) {
	value, diags := private.GetKey(ctx, lostKey)
	if len(value) == 0 || diags.HasError() {
		return true, diags
	}
	var request string
	if err := json.Unmarshal(value, &request); err != nil {
		diags.AddError("Private state cannot be read", "The remembered request is not a text: "+err.Error())
		return false, diags
	}
	made, err := l.gateway.FindCreated(ctx, l.noun, request)
	if lost, told := ReportLost(&diags, err); lost && !told {
		return false, diags
	}
	switch {
	case api.CodeOf(err) == api.NotFound:
		return false, diags
	case err != nil:
		diags.AddError("Outcome of a create not known", attribute.Sentence(err)+Advice(err))
		return false, diags
	}
	*id = types.StringValue(strings.TrimPrefix(made, l.prefix))
	return true, diags
}

// refuseUnread reports a destroy that cannot know what to destroy, which refreshing first repairs.
func refuseUnread(ctx context.Context, private PrivateReader, diags *diag.Diagnostics) {
	value, found := private.GetKey(ctx, lostKey)
	diags.Append(found...)
	if len(value) > 0 {
		diags.AddError("Outcome of a create not known",
			"An earlier apply got no answer when it created this. Apply with refresh, so that Terraform finds out what became of it.")
	}
}
