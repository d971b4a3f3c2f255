package object

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// Create is called by the plugin framework.
func (r *Resource[M, F, O]) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var change Change[M]
	resp.Diagnostics.Append(req.Plan.Get(ctx, &change.Plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &change.Config)...)
	if resp.Diagnostics.HasError() || !r.readyToApply(&resp.Diagnostics) {
		return
	}
	n := r.Noun
	object, err := n.Calls.Create(ctx, r.Client, &change, n.wanted(change))
	if attribute, id, found := r.existing(ctx, change, err); found {
		reportExisting(&resp.Diagnostics, n.Type, attribute, id, err)
		return
	}
	if err != nil {
		Report(ctx, &resp.Diagnostics, req.Plan.Schema, n.summary("not created"), err)
		keepLost(ctx, req.Plan, resp, err)
		return
	}
	model := n.From(object, change.Plan)
	resp.Diagnostics.Append(r.Remember(ctx, resp.Private, change, object)...)
	resp.Diagnostics.Append(SetIdentity(ctx, resp.Identity, n.identity(model)...)...)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// existing finds what is in the way of a create that was refused for it.
func (r *Resource[M, F, O]) existing(ctx context.Context, change Change[M], refused error) (attribute, id string, found bool) {
	if !slices.Contains([]api.Code{api.AlreadyExists, api.MemberExists}, api.CodeOf(refused)) {
		return "", "", false
	}
	if r.Noun.Existing != nil {
		return r.Noun.Existing(ctx, r.Client, change)
	}
	last := r.Noun.Identity[len(r.Noun.Identity)-1]
	return last.Attribute, last.Of(&change.Plan).ValueString(), true
}

// Remember keeps in private state what the gateway answered a change with.
func (r *Resource[M, F, O]) Remember(ctx context.Context, private PrivateWriter, change Change[M], object O) diag.Diagnostics {
	diags := rememberRevision(ctx, private, object.Kept().Revision)
	if r.Noun.Secrets != nil {
		diags.Append(r.Noun.Secrets.Remember(ctx, private, change, object)...)
	}
	return diags
}

// Update is called by the plugin framework. What changes nothing on the gateway is not sent.
func (r *Resource[M, F, O]) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	change, ok := r.Changed(ctx, req, resp)
	if !ok {
		return
	}
	model := r.Put(ctx, req, resp, change)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// Changed is what an update is told. It says false when that cannot be read, or the gateway not be called.
func (r *Resource[M, F, O]) Changed(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) (Change[M], bool) {
	change := Change[M]{State: new(M)}
	resp.Diagnostics.Append(req.Plan.Get(ctx, &change.Plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, change.State)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &change.Config)...)
	if resp.Diagnostics.HasError() || !r.readyToApply(&resp.Diagnostics) {
		return change, false
	}
	resp.Diagnostics.Append(SetIdentity(ctx, resp.Identity, r.Noun.identity(change.Plan)...)...)
	return change, true
}

// Put sends the fields that a change wants, when they are others than before, and returns the model that is then.
func (r *Resource[M, F, O]) Put(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse, change Change[M]) M {
	n := r.Noun
	wanted := n.wanted(change)
	if client.Same(wanted, n.Fields(*change.State)) {
		return change.Plan
	}
	revision, diags := plannedRevision(ctx, req.Private)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return change.Plan
	}
	object, err := n.Calls.Update(ctx, r.Client, change.Plan, wanted, revision)
	if api.CodeOf(err) == api.Stale {
		object, err = r.resolveStale(ctx, change.Plan, wanted, &resp.Diagnostics)
	}
	switch {
	case resp.Diagnostics.HasError():
	case api.CodeOf(err) == api.NotFound:
		ReportGone(&resp.Diagnostics, n.describe(change.Plan))
	case err != nil:
		Report(ctx, &resp.Diagnostics, req.Plan.Schema, n.summary("not updated"), err)
	default:
		resp.Diagnostics.Append(r.Remember(ctx, resp.Private, change, object)...)
		return n.From(object, change.Plan)
	}
	return change.Plan
}

// resolveStale accepts an object that is as wanted already: either our own update came through and its answer was lost,
// or somebody made the same change, and nobody loses anything. Whether the gateway has a secret that was sent cannot be
// told, so it is sent again.
func (r *Resource[M, F, O]) resolveStale(ctx context.Context, plan M, wanted F, diags *diag.Diagnostics) (O, error) {
	n := r.Noun
	current, err := n.Calls.Get(ctx, r.Client, plan)
	if err != nil {
		return current, err
	}
	answered := wanted
	if n.Answered != nil {
		answered = n.Answered(wanted, current)
	}
	if !client.Same(n.FieldsOf(current), answered) {
		reportStale(diags, n.describe(plan), current.Kept())
		return current, nil
	}
	if n.Secrets == nil {
		return current, nil
	}
	return n.Calls.Update(ctx, r.Client, plan, wanted, current.Kept().Revision)
}

// Delete is called by the plugin framework. What is gone already is deleted.
func (r *Resource[M, F, O]) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state M
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if !resp.Diagnostics.HasError() {
		r.RefuseDestroy(&resp.Diagnostics, state)
		refuseUnread(ctx, req.Private, &resp.Diagnostics)
	}
	if resp.Diagnostics.HasError() || !r.readyToApply(&resp.Diagnostics) {
		return
	}
	err := r.Noun.Calls.Delete(ctx, r.Client, state, &resp.Diagnostics)
	if err != nil && api.CodeOf(err) != api.NotFound {
		Report(ctx, &resp.Diagnostics, req.State.Schema, r.Noun.summary("not deleted"), err)
	}
}

// RefuseDestroy stops a destroy that deletion_protection forbids.
func (r *Resource[M, F, O]) RefuseDestroy(diags *diag.Diagnostics, state M) {
	if r.Noun.Protection != nil {
		refuseDestroy(diags, r.Noun.Protection(state), r.Noun.describe(state))
	}
}
