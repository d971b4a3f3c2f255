package object

import (
	"context"
	"fmt"

	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/provider/foretell"
)

// ModifyPlan refuses what the apply would be refused, whatever the plan does with the object: destroy it, be it removed
// from the configuration or replaced, change it, or make it. A replacement that stops half done has destroyed the object.
func (r *Resource[M, F, O]) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var state, plan *M
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(resp.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	n := r.Noun
	r.judgeApproved(req, &resp.Diagnostics, state, plan)
	switch {
	case plan == nil:
		r.RefuseDestroy(&resp.Diagnostics, *state)
		r.refuseDeclared(ctx, &resp.Diagnostics, *state)
		if what, known := n.claim(*state); known && r.Judge.Destroys(what) {
			warnOfRenamed(&resp.Diagnostics, n.describe(*state))
		}
	case state == nil:
		r.planCreate(ctx, &resp.Diagnostics, *plan)
	case !n.id(plan).Equal(*n.id(state)):
		r.RefuseDestroy(&resp.Diagnostics, *state)
		r.refuseDeclared(ctx, &resp.Diagnostics, *state)
	case !client.Same(n.Fields(*plan), n.Fields(*state)):
		r.refuseDeclared(ctx, &resp.Diagnostics, *state)
	}
}

func (r *Resource[M, F, O]) planCreate(ctx context.Context, diags *diag.Diagnostics, plan M) {
	what, known := r.Noun.claim(plan)
	if !known {
		return
	}
	claimed := r.Judge.Creates(what)
	if claimed.Twice {
		r.Noun.refuseSecond(diags, plan)
	}
	if claimed.Renamed {
		warnOfRenamed(diags, r.Noun.describe(plan))
		return
	}
	if !r.Noun.Judged {
		r.judgeExisting(ctx, diags, plan)
	}
}

func (n Noun[M, F, O]) refuseSecond(diags *diag.Diagnostics, model M) {
	at := n.Identity[len(n.Identity)-1].Attribute
	diags.AddAttributeError(path.Root(at), "Two resources for one object", fmt.Sprintf(
		"Another %s of this configuration makes or imports the %s, too, and one object can be in one resource only. Take one of them out.", n.Type, n.describe(model)))
}

// importingKey is in private state from an import to the read that follows it.
const importingKey = "importing"

// judgeRead tells of an object that is imported while another resource has it.
func (r *Resource[M, F, O]) judgeRead(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse, model M) {
	what, known := r.Noun.claim(model)
	importing, diags := req.Private.GetKey(ctx, importingKey)
	resp.Diagnostics.Append(diags...)
	if len(importing) == 0 {
		if known && r.Judge.Holds(what) {
			warnOfHeld(&resp.Diagnostics, r.Noun.describe(model))
		}
		return
	}
	resp.Diagnostics.Append(resp.Private.SetKey(ctx, importingKey, nil)...)
	if !known {
		return
	}
	switch claimed := r.Judge.Imports(what); {
	case claimed.Twice:
		r.Noun.refuseSecond(&resp.Diagnostics, model)
	case claimed.Held:
		warnOfHeld(&resp.Diagnostics, r.Noun.describe(model))
	}
}

func warnOfHeld(diags *diag.Diagnostics, what string) {
	diags.AddWarning("The "+what+" is imported, and in the state under another address already",
		"Two resources would have one object: each apply of one would be drift of the other, and destroying one would destroy the object of both. "+
			"If the address has changed, take the import block out and say so:\n\n"+
			"  moved {\n    from = OLD_ADDRESS\n    to   = NEW_ADDRESS\n  }\n\n"+
			"An address that a removed block with lifecycle { destroy = false } lets go is in nobody's way.")
}

// judgeExisting tells of an object that is in the new one's way.
func (r *Resource[M, F, O]) judgeExisting(ctx context.Context, diags *diag.Diagnostics, plan M) {
	n := r.Noun
	if r.Client == nil || !r.Judge.Asks() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, foretell.Timeout)
	defer cancel()
	object, err := n.Calls.Read(ctx, r.Client, plan)
	if err != nil {
		return // it is not there, or the apply says what is wrong
	}
	at := path.Root(n.Identity[len(n.Identity)-1].Attribute)
	switch declaredIn := n.Listing.DeclaredIn; {
	case declaredIn != nil && declaredIn(object) != "":
		diags.AddAttributeError(at, "Declared in the gateway's file", fmt.Sprintf(
			"There is a %s already, declared in %s, and only that file can change or delete it. Take it out of the file first, or leave it to the file and read it with a data source.",
			n.describe(plan), declaredIn(object)))
	case n.Managed != nil:
		r.Judge.WarnOfExisting(diags, at, n.describe(plan), n.Managed(object))
	}
}

// refuseDeclaredImport is for an import of what only the gateway's configuration file can change.
func (r *Resource[M, F, O]) refuseDeclaredImport(ctx context.Context, resp *resource.ImportStateResponse) {
	n := r.Noun
	if r.Client == nil || n.Listing.DeclaredIn == nil || resp.Diagnostics.HasError() {
		return
	}
	var wanted M
	for _, part := range n.Identity {
		resp.Diagnostics.Append(resp.State.GetAttribute(ctx, path.Root(part.Attribute), part.Of(&wanted))...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	object, err := n.Calls.Read(ctx, r.Client, wanted)
	if err != nil || n.Listing.DeclaredIn(object) == "" {
		return // whatever is wrong, the read that follows says it
	}
	resp.Diagnostics.AddError("Declared in the gateway's file", fmt.Sprintf(
		"The %s is declared in %s, and only that file can change or delete it: Terraform cannot manage it. Take it out of the file first, or read it with a data source.",
		n.describe(wanted), n.Listing.DeclaredIn(object)))
}

// claim is what tells the object from all others, if all of it is known.
func (n Noun[M, F, O]) claim(model M) (what string, known bool) {
	parts := make([]string, 0, len(n.Identity))
	for _, part := range n.Identity {
		value := *part.Of(&model)
		if !attribute.IsSet(value) {
			return "", false
		}
		parts = append(parts, value.ValueString())
	}
	return foretell.Claim(n.Type, parts...), true
}

func warnOfRenamed(diags *diag.Diagnostics, what string) {
	diags.AddWarning("The "+what+" is destroyed and made again",
		"This plan destroys it under one address and makes it under another. If only the address has changed, as with a for_each that is new, "+
			"say so, and it stays what it is, with its spending and keys:\n\n"+
			"  moved {\n    from = OLD_ADDRESS\n    to   = NEW_ADDRESS\n  }")
}

// refuseDeclared is for what only the gateway's configuration file can change.
func (r *Resource[M, F, O]) refuseDeclared(ctx context.Context, diags *diag.Diagnostics, state M) {
	declaredIn := r.Noun.Listing.DeclaredIn
	if r.Client == nil || declaredIn == nil || !r.Judge.Asks() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, foretell.Timeout)
	defer cancel()
	object, err := r.Noun.Calls.Read(ctx, r.Client, state)
	if err != nil || declaredIn(object) == "" {
		return // whatever is wrong, the apply says it
	}
	diags.AddError("Declared in the gateway's file", fmt.Sprintf(
		"The %s is declared in %s, and only that file can change or delete it. Take it out of the file first, or leave it to the file and take the resource "+
			"out of the state with a removed block (lifecycle { destroy = false }).", r.Noun.describe(state), declaredIn(object)))
}
