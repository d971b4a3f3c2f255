package object

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
)

// Approved is the approved review that a run applies. The gateway refuses what it does not have; a plan says so first.
type Approved struct {
	id string
	// read asks the gateway once in a run.
	read func() (api.Approvals, error)
	// told: why the review cannot be used is an error of one resource, not of each.
	told, applying atomic.Bool
}

// NewApproved is the review with that id on a gateway; nil for an empty one.
func NewApproved(gateway *client.Client, id string) *Approved {
	if id == "" {
		return nil
	}
	return &Approved{id: id, read: sync.OnceValues(func() (api.Approvals, error) {
		review, err := gateway.QuotaReview(context.Background(), id) //nolint:contextcheck // one answer for all resources of a run
		if err == nil {
			err = review.Holds(time.Now())
		}
		return api.NewApprovals(review), err
	})}
}

// applies notes that planning is over: Terraform plans each resource once more before it applies it.
func (a *Approved) applies() {
	if a != nil {
		a.applying.Store(true)
	}
}

// Judge refuses a planned change that the review does not have.
func (a *Approved) Judge(diags *diag.Diagnostics, planned api.MadeChange) {
	if a == nil || a.applying.Load() || !planned.Changes() {
		return
	}
	approvals, err := a.read()
	if err != nil {
		if !a.told.Swap(true) {
			diags.AddError("The approved review cannot be applied", attribute.Sentence(err)+Advice(err)+
				"\n\nIt was named by approved_review of the provider, or "+EnvApprovedReview+". Leave that out to plan without it.")
		}
		return
	}
	if err := approvals.Allow(planned); err != nil {
		diags.AddError("Not approved", attribute.Sentence(err)+" To see what a new review would be of, plan without approved_review, or "+EnvApprovedReview+".")
	}
}

// judgeApproved refuses what of a plan is not in the run's approved review.
func (r *Resource[M, F, O]) judgeApproved(req resource.ModifyPlanRequest, diags *diag.Diagnostics, state, plan *M) {
	if r.Approved == nil {
		return
	}
	r.judgeProtection(diags, state, plan)
	n := r.Noun
	switch {
	case plan == nil, state != nil && n.moves(*state, *plan):
		r.Approved.Judge(diags, r.Planned(api.ChangeDelete, state, nil))
	case state == nil:
		planned := r.Planned(api.ChangeCreate, nil, plan)
		planned.Unknown = unknownIn(req)
		r.Approved.Judge(diags, planned)
	case !client.Same(n.Fields(*plan), n.Fields(*state)):
		planned := r.Planned(api.ChangeUpdate, state, plan)
		planned.Unknown = unknownIn(req)
		r.Approved.Judge(diags, planned)
	}
}

// judgeProtection refuses to take the protection from deletion off, or to put it on, if that is not approved. Only Terraform has
// it, so the gateway cannot.
func (r *Resource[M, F, O]) judgeProtection(diags *diag.Diagnostics, state, plan *M) {
	n := r.Noun
	if n.Protection == nil || plan == nil {
		return
	}
	before, after := state != nil && n.Protection(*state).ValueBool(), n.Protection(*plan)
	if after.ValueBool() == before && !after.IsUnknown() {
		return
	}
	planned := r.Planned(api.ChangeProtect, nil, plan)
	if len(planned.Identity) == 0 { // a new one, which no approval can name
		return
	}
	planned.Before, planned.After = protectedAs(before), protectedAs(after.ValueBool())
	if after.IsUnknown() {
		planned.Unknown = []string{api.Protection}
	}
	r.Approved.Judge(diags, planned)
}

func protectedAs(on bool) json.RawMessage {
	return fmt.Appendf(nil, `{%q:%t}`, api.Protection, on)
}

// audited is what the audit log calls such objects.
func (n Noun[M, F, O]) audited() string { return cmp.Or(n.AuditName, n.Name) }

// moves says whether the object gets another identity, and so becomes another one.
func (n Noun[M, F, O]) moves(state, plan M) bool {
	for _, part := range n.Identity {
		if !part.Of(&state).Equal(*part.Of(&plan)) {
			return true
		}
	}
	return false
}

// Planned is a planned change for the comparison with what was approved.
func (r *Resource[M, F, O]) Planned(action string, state, plan *M) api.MadeChange {
	n := r.Noun
	planned := api.MadeChange{Noun: n.audited(), Action: action, Identity: map[string]string{}}
	for side, model := range map[*json.RawMessage]*M{&planned.Before: state, &planned.After: plan} {
		if model == nil {
			continue
		}
		*side, _ = json.Marshal(n.Fields(*model)) // the API's own fields can be written
		for _, part := range n.Identity {
			if id := *part.Of(model); attribute.IsSet(id) {
				planned.Identity[part.Attribute] = id.ValueString()
			}
		}
		if n.Mail != nil && attribute.IsSet(n.Mail(*model)) {
			planned.Identity["user_email"] = n.Mail(*model).ValueString()
		}
	}
	return planned
}

// JudgeApproved refuses what an action would do if the run's approved review does not have it.
func (a *Action) JudgeApproved(diags *diag.Diagnostics, planned api.MadeChange, after map[string]any) {
	if a.Approved == nil {
		return
	}
	planned.After, _ = json.Marshal(after) // names and plain values can be written
	a.Approved.Judge(diags, planned)
}

// unknownIn are the attributes of a plan that are not, or not wholly, known.
func unknownIn(req resource.ModifyPlanRequest) (names []string) {
	var attributes map[string]tftypes.Value
	if req.Plan.Raw.As(&attributes) != nil {
		return nil
	}
	for name, value := range attributes {
		if !value.IsFullyKnown() {
			names = append(names, name)
		}
	}
	return names
}
