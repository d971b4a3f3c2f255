// Package foretell tells while planning what an apply would do and what it would be refused.
//
// It promises warnings only: a plan is as good without them, so whatever fails here is passed over, but for a gateway that
// is away or refuses the admin key, with which no plan can be applied. It asks the gateway
// as it is now, and must know of a resource no more than the API's fields.
package foretell

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// Timeout bounds how long a plan waits for a judgement that it can do without.
const Timeout = 5 * time.Second

// Judge asks the gateway what planned changes would do. It only ever adds warnings: a plan is as good without
// them, so whatever fails here is passed over, and a gateway that does not tell, be it out of reach, broken or not
// permitted to tell, is not asked again in this run.
type Judge struct {
	client *client.Client
	// tell reports a gateway that is away or refuses the admin key: such a plan cannot be applied.
	tell func(*diag.Diagnostics, error)

	mu sync.Mutex
	// silent: nobody is asked any more.
	silent bool
	// served are the models that this run's configuration adds, and managed what it has in its state.
	served  []api.ModelFields
	managed map[string]bool
	// made are the ids of the teams that the run makes or changes.
	made map[string]bool
	// created, imported and destroyed are the objects for which the run plans that; held are those that the state has.
	created, imported, destroyed, held map[string]bool
}

// NewJudge takes what reports a gateway that is lost, see [client.LostError].
func NewJudge(gateway *client.Client, tell func(*diag.Diagnostics, error)) *Judge {
	return &Judge{
		client: gateway, tell: tell, managed: map[string]bool{}, made: map[string]bool{},
		created: map[string]bool{}, imported: map[string]bool{}, destroyed: map[string]bool{}, held: map[string]bool{},
	}
}

// WillServe notes a model that the plan adds. Who refers to it is planned later.
func (j *Judge) WillServe(model api.ModelFields) {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.served = append(j.served, model)
}

func (j *Judge) serves(name string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.ContainsFunc(j.served, func(model api.ModelFields) bool { return model.MeantBy(name) })
}

// Manages notes an object of the state, such as "team marketing": when it is replaced, making it again is planned as
// if it were not there.
func (j *Judge) Manages(what string) {
	if j == nil {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.managed[what] = true
}

// IsManaged says whether the state has the object.
func (j *Judge) IsManaged(what string) bool {
	if j == nil {
		return false
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.managed[what]
}

// ask returns what a change would do; ok is false when nobody can tell. There is no judge before the provider is configured.
func (j *Judge) ask(ctx context.Context, diags *diag.Diagnostics, change api.QuotaChange, err error) (check api.QuotaCheck, ok bool) {
	if j == nil || err != nil || j.gaveUp() {
		return check, false
	}
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	check, err = j.client.CheckChange(ctx, change)
	if err != nil && api.CodeOf(err) != api.Invalid {
		j.tell(diags, err)
		j.giveUp()
	}
	return check, err == nil && len(check.Changes) == 1
}

func (j *Judge) gaveUp() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.silent
}

func (j *Judge) giveUp() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.silent = true
}

// Applies notes that something is being applied. Terraform plans each resource once more before it Applies it, and
// what there was to warn of has been said in the plan.
func (j *Judge) Applies() {
	if j != nil {
		j.giveUp()
	}
}

// Asks says whether a plan still asks the gateway: not once something is being applied, nor where nobody answered.
func (j *Judge) Asks() bool { return j != nil && !j.gaveUp() }

// Planned is an object of a plan.
type Planned[F any] struct {
	ID     types.String
	Fields F
}

// Team warns of what making or changing a team would do. before is nil for one that is not there.
func (j *Judge) Team(ctx context.Context, before *Planned[api.TeamFields], plan Planned[api.TeamFields], diags *diag.Diagnostics) {
	if before != nil {
		j.Manages("team " + before.ID.ValueString())
	}
	creates := before == nil || !before.ID.Equal(plan.ID)
	if !creates && client.Same(plan.Fields, before.Fields) {
		return
	}
	j.willMake(plan.ID)
	change, err := client.TeamChange(creates, plan.ID.ValueString(), plan.Fields)
	check, ok := j.ask(ctx, diags, change, err)
	if !ok {
		return
	}
	if creates {
		j.warnOfExisting(diags, check, path.Root("team_id"), "team "+plan.ID.ValueString(), func() string {
			team, _ := j.client.Estate().Team(ctx, plan.ID.ValueString())
			return team.DeclaredIn
		})
	}
	for _, effect := range check.Teams {
		warnOfTeam(diags, effect, ownOrNamed(plan.Fields))
	}
	j.warnOfModels(diags, check.UnservedModels, plan.Fields.Models)
}

// Key is the same for a key, which is judged by terms of its own.
func (j *Judge) Key(ctx context.Context, before *Planned[api.KeyFields], plan Planned[api.KeyFields], diags *diag.Diagnostics) {
	if before != nil {
		j.Manages("key " + Name(before.Fields.KeyAlias, ""))
	}
	if before != nil && client.Same(plan.Fields, before.Fields) {
		return
	}
	change, err := client.KeyChange(before == nil, plan.ID.ValueString(), plan.Fields)
	check, ok := j.ask(ctx, diags, change, err)
	if !ok {
		return
	}
	if before == nil {
		j.warnOfExisting(diags, check, path.Root("key_alias"), "key "+Name(plan.Fields.KeyAlias, ""), func() string { return "" })
	}
	j.warnOfUnfit(diags, check, plan.Fields)
	for _, effect := range check.Keys {
		warnOfKey(diags, effect, plan.Fields.BudgetDuration)
	}
	j.warnOfModels(diags, check.UnservedModels, plan.Fields.Models)
}

// Budget is the same for a budget: a pot is judged itself, terms by the teams that take them.
func (j *Judge) Budget(ctx context.Context, before *Planned[api.BudgetFields], plan Planned[api.BudgetFields], diags *diag.Diagnostics) {
	id := plan.ID.ValueString()
	if before != nil {
		j.Manages("budget " + before.ID.ValueString())
	}
	creates := before == nil || !before.ID.Equal(plan.ID)
	if !creates && client.Same(plan.Fields, before.Fields) {
		return
	}
	change, err := client.BudgetChange(creates, id, plan.Fields)
	check, ok := j.ask(ctx, diags, change, err)
	if !ok {
		return
	}
	if creates {
		j.warnOfExisting(diags, check, path.Root("budget_id"), "budget "+id, func() string {
			budget, _ := j.client.Estate().Budget(ctx, id)
			return budget.DeclaredIn
		})
	}
	for _, effect := range check.Budgets {
		warnOfPot(diags, effect)
	}
	for _, effect := range check.Teams {
		if effect.New != nil && effect.New.BudgetID != nil && *effect.New.BudgetID == id {
			warnOfTeam(diags, effect, path.Root)
		}
	}
	j.warnOfModels(diags, check.UnservedModels, plan.Fields.Models)
}

// User warns of a cap that a user has reached already. The gateway rehearses no changes of users, so that what was spent is
// read with the user, and nothing is said of another period.
func (j *Judge) User(ctx context.Context, before *Planned[api.UserFields], plan Planned[api.UserFields], diags *diag.Diagnostics) {
	if before != nil {
		j.Manages("user " + before.ID.ValueString())
	}
	if before == nil || !before.ID.Equal(plan.ID) || client.Same(plan.Fields, before.Fields) || !j.Asks() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	user, err := j.client.Estate().User(ctx, plan.ID.ValueString())
	if err != nil || !client.Same(user.BudgetDuration, plan.Fields.BudgetDuration) {
		return // whatever is wrong, the apply says it
	}
	if overspends(plan.Fields.MaxBudget, plan.Fields.HardCap, user.Spend) && !overspends(user.MaxBudget, user.HardCap, user.Spend) {
		spent := spentBudget{Name(plan.Fields.UserAlias, user.UserID), user.BudgetDuration, user.Spend, plan.Fields.MaxBudget, user.BudgetResetAt}
		spent.warn(diags, path.Root("max_budget"))
	}
}
