package object

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Read is called by the plugin framework.
func (r *Resource[M, F, O]) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state M
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() || !r.Ready(&resp.Diagnostics) {
		return
	}
	n := r.Noun
	if !r.lostCreate(state).read(ctx, req, resp, n.id(&state), n.identity(state)...) {
		return
	}
	object, err := r.find(ctx, r.Connection, state)
	if api.CodeOf(err) == api.NotFound {
		readGone(ctx, resp, n.identity(state)...)
		return
	}
	if lost, _ := ReportLost(&resp.Diagnostics, err); lost {
		resp.Diagnostics.Append(SetIdentity(ctx, resp.Identity, n.identity(state)...)...)
		return // with the state as it is: the one error ends the plan
	}
	if err != nil {
		Report(ctx, &resp.Diagnostics, req.State.Schema, n.summary("not read"), err)
		return
	}
	model := n.From(object, state)
	r.tell(&resp.Diagnostics, n.describe(model), object.Kept())
	r.judgeRead(ctx, req, resp, model)
	if n.Secrets != nil {
		resp.Diagnostics.Append(n.Secrets.Notice(ctx, req.Private, resp.Private, object, &model)...)
	}
	if n.Notice != nil {
		resp.Diagnostics.Append(n.Notice(ctx, resp.Private, &model, state)...)
	}
	resp.Diagnostics.Append(rememberRevision(ctx, resp.Private, object.Kept().Revision)...)
	resp.Diagnostics.Append(SetIdentity(ctx, resp.Identity, n.identity(model)...)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// unequalled is the revision of no state.
const unequalled = -1

// Refresh is the model that follows on that of a state, and the object's revision. Private state has no say in it. Where there
// is something to tell, the revision is none that a state has: who reads then is the plugin framework.
func (r *Resource[M, F, O]) Refresh(ctx context.Context, gateway Connection, state M) (M, int64, error) {
	object, err := r.find(ctx, gateway, state)
	if err != nil {
		return state, 0, err
	}
	if what, known := r.Noun.claim(state); gateway.notable(object.Kept()) || known && gateway.Judge.Holds(what) {
		return state, unequalled, nil
	}
	return r.Noun.From(object, state), object.Kept().Revision, nil
}

func (r *Resource[M, F, O]) find(ctx context.Context, gateway Connection, state M) (O, error) {
	object, err := r.Noun.Calls.Read(ctx, gateway.Client, state)
	if err == nil && r.Noun.Managed != nil {
		gateway.Judge.Manages(r.Noun.Managed(object))
	}
	return object, err
}

func (r *Resource[M, F, O]) lostCreate(state M) lostCreate {
	n := r.Noun
	lost := lostCreate{gateway: r.Client, noun: n.audited()}
	for _, part := range n.Identity[:len(n.Identity)-1] {
		lost.prefix += part.Of(&state).ValueString() + "#"
	}
	return lost
}
