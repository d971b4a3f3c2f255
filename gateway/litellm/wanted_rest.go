package litellm

import (
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func (t *translation) models() {
	for _, from := range t.estate.Models {
		what := "model " + from.Name
		if _, closed := sealed(from.Params.text("model")); closed && !from.opened["model"] {
			t.found.add(Blocking, what+" ("+from.ModelID+")", "is sealed, and left out: --salt-key opens it, LiteLLM's LITELLM_SALT_KEY or, without one, its master key")
			continue
		}
		fields, ok := deployment(what, from.Name, from.Params, from.Info, &t.found)
		if !ok {
			continue
		}
		id, ok := t.id("model", from.ModelID)
		if !ok {
			continue
		}
		fields.Enabled = !from.Blocked
		t.credential(what+" ("+id+")", from.opened["api_key"], &fields)
		if t.valid(what, (api.Model{ModelID: id, ModelFields: fields}).Validate()) {
			t.out.models = append(t.out.models, wantedModel{id, fields})
		}
	}
}

// credential leaves out one that is no credential: what is still sealed, what the API masks, what stands in an environment.
func (t *translation) credential(what string, opened bool, fields *api.ModelFields) {
	secret := deref(fields.APIKey)
	_, closed := sealed(secret)
	if secret != "" && (opened || !closed) && !strings.Contains(secret, "*") && !strings.HasPrefix(secret, "os.environ/") {
		return
	}
	fields.APIKey = nil
	t.found.add(Blocking, what, "comes without its credential: set api_key with POST /model/update or in bursar_model")
}

// organizations are pots over their teams.
func (t *translation) organizations() {
	t.unlistedOrganizations()
	for _, from := range t.estate.Organizations {
		what := "organization " + from.OrganizationID
		id, ok := t.id("organization", from.OrganizationID)
		if !ok {
			continue
		}
		if len(from.Models) > 0 {
			t.found.add(Different, what+": models", "models are listed by teams and keys")
		}
		terms, there := t.budgets[deref(from.BudgetID)]
		pot := api.NewBudget("organization:" + id)
		for _, team := range t.estate.Teams {
			if deref(team.OrganizationID) == from.OrganizationID {
				ours, _ := t.id("team", team.TeamID)
				if _, there := t.teams[ours]; there {
					pot.TeamIDs = append(pot.TeamIDs, ours)
				}
			}
		}
		slices.Sort(pot.TeamIDs)
		if len(pot.TeamIDs) == 0 || !there {
			t.found.add(Minor, what, "has no teams or no budget, and is left out")
			continue
		}
		t.allowedModels(what, terms)
		var period opening
		pot.BudgetTerms, period = t.terms(what, terms.limits)
		period.ends = nil // LiteLLM does not reset it
		if l := rates(terms.limits); l.RPMLimit != nil || l.TPMLimit != nil || l.MaxParallelRequests != nil {
			t.found.add(Blocking, what+": rate limits", "organizations are pots over their teams, which count money: give the teams limits")
		}
		if t.valid(what, pot.Validate()) {
			t.out.pots = append(t.out.pots, wantedBudget{id: pot.BudgetID, fields: pot.BudgetFields, opening: t.spent(what, from.Spend, period)})
		}
	}
}

// unlistedOrganizations are those that teams name and LiteLLM does not tell of.
func (t *translation) unlistedOrganizations() {
	listed := map[string]bool{}
	for _, organization := range t.estate.Organizations {
		listed[organization.OrganizationID] = true
	}
	for _, team := range t.estate.Teams {
		if id := deref(team.OrganizationID); id != "" && !listed[id] {
			t.found.add(Blocking, "team "+team.TeamID+": organization "+id, "belongs to an organization that LiteLLM does not tell of, whose budget is not brought: make a pot over its teams")
		}
	}
}

// plainBudgets are those that keys name, and those that nobody does; members and organizations have theirs by themselves.
func (t *translation) plainBudgets() {
	elsewhere := map[string]bool{}
	for _, place := range t.estate.Memberships {
		elsewhere[deref(place.BudgetID)] = true
	}
	for _, organization := range t.estate.Organizations {
		elsewhere[deref(organization.BudgetID)] = true
	}
	for _, project := range t.estate.Projects {
		elsewhere[deref(project.BudgetID)] = true
	}
	for _, user := range t.estate.EndUsers {
		elsewhere[deref(user.BudgetID)] = true
	}
	for _, tag := range t.estate.Tags {
		elsewhere[deref(tag.BudgetID)] = true
	}
	for _, member := range t.estate.OrganizationMembers {
		elsewhere[deref(member.BudgetID)] = true
	}
	for _, team := range t.estate.Teams {
		elsewhere[team.Metadata.text("team_member_budget_id")] = true
	}
	named := map[string]bool{}
	for _, key := range t.out.keys {
		named[deref(key.fields.BudgetID)] = true
	}
	for _, from := range t.estate.Budgets {
		id, ok := t.id("budget", from.BudgetID)
		if !ok || elsewhere[from.BudgetID] && !named[id] {
			continue
		}
		what := "budget " + id
		budget := api.NewBudget(id)
		budget.BudgetTerms, _ = t.terms(what, from.limits)
		budget.RateLimits = rates(from.limits)
		if len(from.ModelMaxBudget) > 0 {
			t.found.add(Blocking, what+": model_max_budget", "a cap of a model is a pot over teams or keys")
		}
		if t.valid(what, budget.Validate()) {
			t.out.budgets = append(t.out.budgets, wantedBudget{id: id, fields: budget.BudgetFields})
		}
	}
}
