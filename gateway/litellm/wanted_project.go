package litellm

import (
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// projectKeys are a project and the digests of its keys that are brought.
type projectKeys struct {
	project project
	digests []string
}

// everyModel are entries of a key's models that leave it to the team or the proxy which there are.
var everyModel = []string{"all-team-models", "all-proxy-models"}

// ofProject gives a key what its project says of all its keys: the models, and that they are blocked. It returns the project
// if LiteLLM does not tell of it.
func (t *translation) ofProject(what string, from key, f *api.KeyFields) (unsaid string) {
	if from.ProjectID == nil || *from.ProjectID == "" {
		return ""
	}
	of, there := t.projects[*from.ProjectID]
	if !there {
		t.found.add(Blocking, what+": project "+*from.ProjectID, "belongs to a project that LiteLLM does not tell of, whose limits are not in force here: make a pot over its keys")
		return *from.ProjectID
	}
	if of.project.Blocked {
		f.Blocked = true
		t.found.add(Different, what, "is blocked here itself, as its project is")
	}
	t.modelsOfProject(what, modelNames(of.project.Models), f)
	return ""
}

// modelsOfProject are the models that a key and its project both have.
func (t *translation) modelsOfProject(what string, models api.StringList, f *api.KeyFields) {
	if len(models) == 0 || slices.Contains(models, everyModel[0]) || slices.Contains(models, everyModel[1]) {
		return
	}
	if !slices.ContainsFunc(f.Models, func(name string) bool { return !slices.Contains(everyModel, name) }) {
		f.Models = models
		return
	}
	allowed := slices.DeleteFunc(slices.Clone(f.Models), func(name string) bool { return !slices.Contains(models, name) })
	switch {
	case len(allowed) == len(f.Models):
	case len(allowed) == 0:
		t.found.add(Blocking, what+": models", "has none that its project has: its own are brought, look at them before you switch")
	default:
		f.Models = allowed
		t.found.add(Minor, what+": models", "are those of its own that its project has as well")
	}
}

// allProjects are pots over their keys. What a project says of its keys each of them has.
func (t *translation) allProjects() {
	for _, from := range t.estate.Projects {
		t.project(from, t.projects[from.ProjectID].digests)
	}
}

func (t *translation) project(from project, keys []string) {
	id, ok := t.id("project", from.ProjectID)
	if !ok {
		return
	}
	what := "project " + id
	if alias := deref(from.ProjectAlias); alias != "" {
		what += " (" + alias + ")"
	}
	if len(from.ModelRPMLimit) > 0 || len(from.ModelTPMLimit) > 0 {
		t.found.add(Blocking, what+": model_rpm_limit, model_tpm_limit", ofProjectRates)
	}
	terms, there := t.budgets[deref(from.BudgetID)]
	if from.Budget != nil && !there {
		terms, there = *from.Budget, true
	}
	if len(keys) == 0 || !there {
		t.found.add(Minor, what, "has no keys or no budget, and no pot")
		return
	}
	t.allowedModels(what, terms)
	pot := api.NewBudget("project:" + id)
	var period opening
	pot.BudgetTerms, period = t.terms(what, terms.limits)
	period.ends = nil // LiteLLM does not reset it
	pot.KeyIDs = keys
	if l := rates(terms.limits); l.RPMLimit != nil || l.TPMLimit != nil || l.MaxParallelRequests != nil {
		t.found.add(Blocking, what+": rate limits", ofProjectRates)
	}
	if pot.MaxBudget != nil || pot.SoftBudget != nil {
		if t.valid(what, pot.Validate()) {
			t.out.pots = append(t.out.pots, wantedBudget{id: pot.BudgetID, fields: pot.BudgetFields, keys: keys, opening: t.spent(what, from.Spend, period)})
		}
	}
	t.caps(capped{what: what, prefix: "project:" + id, keys: keys}, terms.ModelMaxBudget, nil)
}

const ofProjectRates = "projects are pots over their keys, which count money: give the keys limits, or their team"
