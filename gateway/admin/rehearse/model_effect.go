package rehearse

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// mostCallers is how many teams an effect names that called a model.
const mostCallers = 5

// modelEffects are what becomes of models.
func (s *Checker) modelEffects(ctx context.Context, made *rehearsal) ([]api.ModelEffect, error) {
	effects := []api.ModelEffect{}
	if len(made.models.ids) == 0 {
		return effects, nil
	}
	now, err := s.Models(ctx)
	if err != nil {
		return nil, err
	}
	then := modelsThen(now, made.models)
	for _, id := range made.models.ids {
		before, after := made.models.before[id], made.models.after[id]
		effect := api.ModelEffect{ModelID: id, Old: s.modelTerms(before), New: s.modelTerms(after), NoLongerServed: api.StringList{}}
		switch {
		case before != nil:
			effect.Name = before.Name
		case after != nil:
			effect.Name = after.Name
		default:
			continue
		}
		if before != nil && before.Enabled {
			for _, name := range append([]string{before.Name}, before.Aliases...) {
				if !served(then, name) {
					effect.NoLongerServed = append(effect.NoLongerServed, name)
				}
			}
		}
		var tokens used
		if effect.LastWeek, tokens, err = s.lastWeek(ctx, effect.Name); err != nil {
			return nil, err
		}
		if alone(now, effect.Name) && alone(then, effect.Name) {
			effect.CostThen = costThen(effect, tokens)
		}
		effects = append(effects, effect)
	}
	return effects, nil
}

// modelsThen are the models as they would be.
func modelsThen(now []api.Model, changed *transitions[api.Model]) (then []api.Model) {
	for _, model := range now {
		if _, other := changed.after[model.ModelID]; !other {
			then = append(then, model)
		}
	}
	for _, id := range changed.ids {
		if after := changed.after[id]; after != nil {
			then = append(then, *after)
		}
	}
	return then
}

func served(models []api.Model, name string) bool {
	return slices.ContainsFunc(models, func(model api.Model) bool { return model.Enabled && model.MeantBy(name) })
}

// alone says that at most one deployment has the name: only then all its calls are that one's.
func alone(models []api.Model, name string) bool {
	n := 0
	for _, model := range models {
		if model.Enabled && model.Name == name {
			n++
		}
	}
	return n <= 1
}

func (s *Checker) modelTerms(model *api.Model) *api.ModelTerms {
	if model == nil {
		return nil
	}
	terms := &api.ModelTerms{Enabled: model.Enabled, RPM: model.RPM, TPM: model.TPM}
	terms.InputPerMillion, terms.OutputPerMillion = s.Prices(*model)
	return terms
}

// used are the tokens of calls.
type used struct{ prompt, completion int64 }

// lastWeek is what a model was used for in the last seven days.
func (s *Checker) lastWeek(ctx context.Context, name string) (use api.ModelUse, tokens used, err error) {
	query := api.UsageQuery{GroupBy: []string{api.GroupTeam}, Model: name, From: s.Now().AddDate(0, 0, -7), Period: api.PeriodTotal}
	use.Most = []api.ModelCaller{}
	err = s.Record.EachUsageSum(ctx, query, func(sum api.UsageSum) error {
		use.Requests += sum.TotalRequests
		use.Cost += sum.TotalCost
		tokens.prompt += sum.PromptTokens
		tokens.completion += sum.CompletionTokens
		if sum.TeamID != nil && *sum.TeamID != "" {
			use.Teams++
			use.Most = append(use.Most, api.ModelCaller{TeamID: *sum.TeamID, Requests: sum.TotalRequests, Cost: sum.TotalCost})
		}
		return nil
	})
	slices.SortFunc(use.Most, func(a, b api.ModelCaller) int {
		return cmp.Or(cmp.Compare(b.Cost, a.Cost), cmp.Compare(a.TeamID, b.TeamID))
	})
	use.Most = use.Most[:min(mostCallers, len(use.Most))]
	return use, tokens, err
}

// costThen is about what the calls of the last week would have cost: what they did, by as much more or less as their tokens
// cost by the new prices than by the old ones.
func costThen(effect api.ModelEffect, tokens used) *money.Nano {
	old, then := priced(effect.Old, tokens), priced(effect.New, tokens)
	if old <= 0 || then < 0 || old == then {
		return nil
	}
	cost := money.Nano(math.Round(float64(effect.LastWeek.Cost) * then / old))
	return &cost
}

// priced is what tokens cost by terms, in no unit; below 0 is not known.
func priced(terms *api.ModelTerms, tokens used) float64 {
	if terms == nil || terms.InputPerMillion == nil || terms.OutputPerMillion == nil {
		return -1
	}
	return float64(*terms.InputPerMillion)*float64(tokens.prompt) + float64(*terms.OutputPerMillion)*float64(tokens.completion)
}
