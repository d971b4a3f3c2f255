package provider

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
)

// judgeTimeout bounds how long a plan waits for a judgement that it can do without.
const judgeTimeout = 5 * time.Second

// planJudge asks the gateway what planned changes would do. It only ever adds warnings: a plan is as good without
// them, so whatever fails here is passed over, and a gateway that does not tell, be it out of reach, broken or not
// permitted to tell, is not asked again in this run.
type planJudge struct {
	client *client.Client

	mu sync.Mutex
	// silent: nobody is asked any more.
	silent bool
	// served are the models that this run's configuration adds, and managed what it has in its state.
	served  []api.ModelFields
	managed map[string]bool
	// made are the ids of the teams that the run makes or changes.
	made map[string]bool
}

func newPlanJudge(gateway *client.Client) *planJudge {
	return &planJudge{client: gateway, managed: map[string]bool{}, made: map[string]bool{}}
}

// willServe notes a model that the plan adds. Who refers to it is planned later.
func (j *planJudge) willServe(model api.ModelFields) {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.served = append(j.served, model)
}

func (j *planJudge) serves(name string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.ContainsFunc(j.served, func(model api.ModelFields) bool { return model.MeantBy(name) })
}

// manages notes an object of the state, such as "team marketing": when it is replaced, making it again is planned as
// if it were not there.
func (j *planJudge) manages(what string) {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.managed[what] = true
}

func (j *planJudge) isManaged(what string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.managed[what]
}

// ask returns what a change would do; ok is false when nobody can tell. There is no judge before the provider is configured.
func (j *planJudge) ask(ctx context.Context, change api.QuotaChange, err error) (check api.QuotaCheck, ok bool) {
	if j == nil || err != nil || j.gaveUp() {
		return check, false
	}
	ctx, cancel := context.WithTimeout(ctx, judgeTimeout)
	defer cancel()
	check, err = j.client.CheckChange(ctx, change)
	if err != nil && api.CodeOf(err) != api.Invalid {
		j.giveUp()
	}
	return check, err == nil && len(check.Changes) == 1
}

func (j *planJudge) gaveUp() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.silent
}

func (j *planJudge) giveUp() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.silent = true
}

// applies notes that something is being applied. Terraform plans each resource once more before it applies it, and
// what there was to warn of has been said in the plan.
func (j *planJudge) applies() {
	if j != nil {
		j.giveUp()
	}
}

// judgeTeam warns of what making or changing a team would do; state is nil for one that is not there.
func (j *planJudge) judgeTeam(ctx context.Context, state *teamModel, plan teamModel, diags *diag.Diagnostics) {
	if state != nil {
		j.manages("team " + state.TeamID.ValueString())
	}
	creates := state == nil || !state.TeamID.Equal(plan.TeamID)
	if !creates && sameOnGateway(plan.toAPI(), state.toAPI()) {
		return
	}
	j.willMake(plan.TeamID)
	change, err := client.TeamChange(creates, plan.TeamID.ValueString(), plan.toAPI())
	check, ok := j.ask(ctx, change, err)
	if !ok {
		return
	}
	if creates {
		j.warnOfExisting(diags, check, path.Root("team_id"), "team "+plan.TeamID.ValueString())
	}
	shownAt := ownOrNamed(map[string]attr.Value{"max_budget": plan.MaxBudget, "rpm_limit": plan.RPMLimit, "tpm_limit": plan.TPMLimit})
	for _, effect := range check.Teams {
		warnOfTeam(diags, effect, shownAt)
	}
	j.warnOfModels(diags, check.UnservedModels, plan.Models)
}

// judgeReplacement warns of a team that is to get another id while it has keys, which keep it from being destroyed. Of
// a team that is only destroyed nothing is said: its keys may be destroyed by the same plan.
func (j *planJudge) judgeReplacement(ctx context.Context, state teamModel, diags *diag.Diagnostics) {
	if j == nil || j.gaveUp() || state.ForceDestroy.ValueBool() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, judgeTimeout)
	defer cancel()
	if info, err := j.client.GetTeam(ctx, state.TeamID.ValueString()); err == nil && len(info.Keys) > 0 {
		warnOfKeptKeys(diags, info)
	}
}

// judgeKey is the same for a key, which is judged by terms of its own.
func (j *planJudge) judgeKey(ctx context.Context, state *keyModel, plan keyModel, diags *diag.Diagnostics) {
	if state != nil {
		j.manages("key " + state.KeyAlias.ValueString())
	}
	creates := state == nil
	if !creates && sameOnGateway(plan.toAPI(), state.toAPI()) {
		return
	}
	change, err := client.KeyChange(creates, plan.KeyID.ValueString(), plan.toAPI())
	check, ok := j.ask(ctx, change, err)
	if !ok {
		return
	}
	if creates {
		j.warnOfExisting(diags, check, path.Root("key_alias"), "key "+plan.KeyAlias.ValueString())
	}
	j.warnOfUnfit(diags, check, plan)
	for _, effect := range check.Keys {
		warnOfKey(diags, effect, attribute.TextOf(plan.BudgetDuration))
	}
	j.warnOfModels(diags, check.UnservedModels, plan.Models)
}

// judgeBudget is the same for a budget: a pot is judged itself, terms by the teams that take them.
func (j *planJudge) judgeBudget(ctx context.Context, state *budgetModel, plan budgetModel, diags *diag.Diagnostics) {
	if state != nil {
		j.manages("budget " + state.BudgetID.ValueString())
	}
	creates := state == nil || !state.BudgetID.Equal(plan.BudgetID)
	if !creates && sameOnGateway(plan.toAPI(), state.toAPI()) {
		return
	}
	change, err := client.BudgetChange(creates, plan.BudgetID.ValueString(), plan.toAPI())
	check, ok := j.ask(ctx, change, err)
	if !ok {
		return
	}
	if creates {
		j.warnOfExisting(diags, check, path.Root("budget_id"), "budget "+plan.BudgetID.ValueString())
	}
	for _, effect := range check.Budgets {
		warnOfPot(diags, effect)
	}
	for _, effect := range check.Teams {
		if effect.New != nil && effect.New.BudgetID != nil && *effect.New.BudgetID == plan.BudgetID.ValueString() {
			warnOfTeam(diags, effect, func(attribute string) path.Path { return path.Root(attribute) })
		}
	}
	j.warnOfModels(diags, check.UnservedModels, plan.Models)
}
