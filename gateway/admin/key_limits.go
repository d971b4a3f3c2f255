package admin

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/modelname"
)

// Names that LiteLLM's clients write in place of models.
const (
	allProxyModels  = api.AllProxyModels
	allTeamModels   = api.AllTeamModels
	noDefaultModels = api.NoDefaultModels
)

// teamOf returns the team of a key, nil when it has none.
func (s *Server) teamOf(ctx context.Context, key api.Key) (*api.Team, error) {
	if key.TeamID == nil {
		return nil, nil //nolint:nilnil // a key without a team is no error
	}
	team, err := s.record.Team(ctx, *key.TeamID)
	if api.CodeOf(err) == api.NotFound {
		return nil, api.FieldErrorf("team_id", "names a team that is not there: %q", *key.TeamID)
	}
	if err != nil {
		return nil, err
	}
	return &team, nil
}

// checkWithin refuses to give a key more than its team has. What the key has already stays: a team whose
// limits were lowered since binds the key anyway, and its other fields must remain open to change.
func (s *Server) checkWithin(team *api.Team, before, after api.Key) error {
	if !sameTeam(team, after.TeamID) {
		return api.Errorf(api.Conflict, "the key was moved to another team meanwhile; try again")
	}
	if team == nil {
		return nil
	}
	moved := !sameTeam(team, before.TeamID)
	if moved || !slices.Equal(before.Models, after.Models) {
		if err := checkModels(team.Models, after.Models, s.models.Names); err != nil {
			return err
		}
	}
	for _, limit := range limitsOf(*team, before, after, s.models.Names) {
		if moved || !equal(limit.before, limit.key) {
			if err := limit.check(); err != nil {
				return err
			}
		}
	}
	return checkBudget(*team, before, after, moved)
}

// checkBudget refuses a larger budget than the team has for the same period; amounts over
// different periods cannot be compared, and the team's holds in any case.
func checkBudget(team api.Team, before, after api.Key, moved bool) error {
	if team.MaxBudget == nil || after.MaxBudget == nil || *after.MaxBudget <= *team.MaxBudget {
		return nil
	}
	kept := !moved && before.MaxBudget != nil && *before.MaxBudget == *after.MaxBudget
	if kept || !equal(team.BudgetDuration, after.BudgetDuration) {
		return nil
	}
	return api.FieldErrorf("max_budget", "is %s, above the %s of the key's team", *after.MaxBudget, *team.MaxBudget)
}

func sameTeam(team *api.Team, id *string) bool {
	if team == nil || id == nil {
		return team == nil && id == nil
	}
	return team.TeamID == *id
}

// checkModels refuses a model that the team may not ask for. An empty list is all of the team's.
func checkModels(team, key []string, names func(string) *modelname.Names) error {
	if len(team) == 0 || slices.Contains(team, allProxyModels) {
		return nil
	}
	for _, model := range key {
		inherits := model == allTeamModels || model == noDefaultModels ||
			strings.HasPrefix(model, "/") // a route that is passed on, which says itself whose it is
		granted := func(entry string) bool {
			return modelname.Covers(entry, model) || names(model).GrantedBy(entry, model)
		}
		if !inherits && !slices.ContainsFunc(team, granted) {
			return api.FieldErrorf("models", "holds %q, which the key's team does not have; it has %s", model, strings.Join(team, ", "))
		}
	}
	return nil
}

// pairedLimit is a limit of a key beside the same limit of its team; nil is unlimited.
type pairedLimit struct {
	field             string
	team, before, key *int64
}

func (l pairedLimit) check() error {
	if l.team == nil || l.key == nil || *l.key <= *l.team {
		return nil
	}
	return api.FieldErrorf(l.field, "is %d, above the %d of the key's team", *l.key, *l.team)
}

// limitsOf pairs the rate limits of a key and its team.
func limitsOf(team api.Team, before, after api.Key, names func(string) *modelname.Names) []pairedLimit {
	limits := []pairedLimit{
		{"rpm_limit", team.RPMLimit, before.RPMLimit, after.RPMLimit},
		{"tpm_limit", team.TPMLimit, before.TPMLimit, after.TPMLimit},
		{"max_parallel_requests", team.MaxParallelRequests, before.MaxParallelRequests, after.MaxParallelRequests},
	}
	for _, model := range slices.Sorted(maps.Keys(after.ModelRPMLimit)) {
		limits = append(limits, pairedLimit{
			"model_rpm_limit." + model, binding(team.ModelRPMLimit, names(model)),
			entry(before.ModelRPMLimit, model), entry(after.ModelRPMLimit, model),
		})
	}
	for _, model := range slices.Sorted(maps.Keys(after.ModelTPMLimit)) {
		limits = append(limits, pairedLimit{
			"model_tpm_limit." + model, binding(team.ModelTPMLimit, names(model)),
			entry(before.ModelTPMLimit, model), entry(after.ModelTPMLimit, model),
		})
	}
	return limits
}

// binding is the smallest of a team's limits that stand for the model.
func binding(limits map[string]int64, model *modelname.Names) *int64 {
	var least *int64
	for entry, limit := range limits {
		if model.BoundBy(entry) && (least == nil || limit < *least) {
			least = &limit
		}
	}
	return least
}

func entry(limits map[string]int64, model string) *int64 {
	if limit, limited := limits[model]; limited {
		return &limit
	}
	return nil
}

func equal[T comparable](a, b *T) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
