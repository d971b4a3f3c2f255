package object

import (
	"context"
	"fmt"
	"strings"

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
		r.planCreate(&resp.Diagnostics, *plan)
	case !n.id(plan).Equal(*n.id(state)):
		r.RefuseDestroy(&resp.Diagnostics, *state)
		r.refuseDeclared(ctx, &resp.Diagnostics, *state)
	case !client.Same(n.Fields(*plan), n.Fields(*state)):
		r.refuseDeclared(ctx, &resp.Diagnostics, *state)
	}
}

func (r *Resource[M, F, O]) planCreate(diags *diag.Diagnostics, plan M) {
	what, known := r.Noun.claim(plan)
	if !known {
		return
	}
	claimed := r.Judge.Creates(what)
	if claimed.Twice {
		at := r.Noun.Identity[len(r.Noun.Identity)-1].Attribute
		diags.AddAttributeError(path.Root(at), "Two resources for one object", fmt.Sprintf(
			"Another %s of this configuration makes the %s, too. The second would be refused. Take one of them out.", r.Noun.Type, r.Noun.describe(plan)))
	}
	if claimed.Renamed {
		warnOfRenamed(diags, r.Noun.describe(plan))
	}
}

// claim is what tells the object from all others, if all of it is known.
func (n Noun[M, F, O]) claim(model M) (what string, known bool) {
	parts := []string{n.Type}
	for _, part := range n.Identity {
		value := *part.Of(&model)
		if !attribute.IsSet(value) {
			return "", false
		}
		parts = append(parts, value.ValueString())
	}
	return strings.Join(parts, "\x00"), true
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
