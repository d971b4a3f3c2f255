package policy

import (
	"context"
	"fmt"

	"github.com/bursarhq/terraform-provider-bursar/gateway/quota"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// throttleTeams adds to the states of teams what their soft limits leave of their requests per minute.
func (s Spending) throttleTeams(ctx context.Context, teams []api.Team, states []api.BudgetState) error {
	for i, team := range teams {
		terms, err := s.Book.terms(ctx, team.BudgetTerms, team.BudgetID)
		if err != nil {
			return err
		}
		limits := s.Book.teamTerms(team, terms).RateLimits
		budget := s.Book.teamBudget(team, terms, nil).at(s.Now())
		window := quota.Window{Scope: teamScope(team.TeamID), RPM: orUnlimited(limits.RPMLimit)}
		rpm := quota.ThrottledRPM(window, []quota.Budget{budget}, []quota.BudgetState{{Settled: states[i].Spend}}, s.Now())
		if rpm != window.RPM {
			states[i].Throttled, states[i].EffectiveRPMLimit = true, &rpm
		}
	}
	return nil
}

// throttleKeys adds what is left of the requests per minute to keys whose team is throttled: their own
// limit, or the team's if that is less.
func (s Spending) throttleKeys(ctx context.Context, keys []api.Key, states []api.BudgetState) error {
	teams := map[string]api.BudgetState{}
	for i, key := range keys {
		if key.TeamID == nil {
			continue
		}
		team, known := teams[*key.TeamID]
		if !known {
			var err error
			if team, err = s.team(ctx, *key.TeamID); err != nil {
				return fmt.Errorf("read team %s of a key: %w", *key.TeamID, err)
			}
			teams[*key.TeamID] = team
		}
		if !team.Throttled {
			continue
		}
		rpm := *team.EffectiveRPMLimit
		if key.RPMLimit != nil {
			rpm = min(rpm, *key.RPMLimit)
		}
		states[i].Throttled, states[i].EffectiveRPMLimit = true, &rpm
	}
	return nil
}

// team reads the state of one team; one that was deleted meanwhile has none.
func (s Spending) team(ctx context.Context, id string) (api.BudgetState, error) {
	team, err := s.Book.source.Team(ctx, id)
	if api.CodeOf(err) == api.NotFound {
		return api.BudgetState{}, nil
	}
	if err != nil {
		return api.BudgetState{}, err
	}
	states, err := s.Teams(ctx, []api.Team{team})
	if err != nil {
		return api.BudgetState{}, err
	}
	return states[0], nil
}
