package policy

import (
	"context"
	"fmt"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// bindUser adds what binds the user behind a key: in the team, if the user is a member of it, and over
// all of the user's keys. Who is not known as a user is bound by neither. A key that a team's admin made for somebody
// whom such an admin put into the team is bound by the team and the membership alone: else one team could use up what
// a person has in another.
func (b *Book) bindUser(ctx context.Context, s *Subject, userID string, routes []api.AlertRoute) error {
	if s.Team != nil {
		if err := b.bindMember(ctx, s, *s.Team, userID, routes); err != nil {
			return err
		}
	}
	if s.Key.Origin.Apart {
		return nil
	}
	user, err := b.source.User(ctx, userID)
	if api.CodeOf(err) == api.NotFound {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read user %s: %w", userID, err)
	}
	// The windows of a slot's counters are its own: a user's rates hold in each team, the budget over all.
	s.windows = appendWindow(s.windows, userScope(userID), "user", user.RateLimits, b.enforcedFrom())
	s.budgets = append(s.budgets, b.userBudget(user, routes))
	return nil
}

func (b *Book) bindMember(ctx context.Context, s *Subject, team api.Team, userID string, routes []api.AlertRoute) error {
	member, err := b.source.Member(ctx, team.TeamID, userID)
	if api.CodeOf(err) == api.NotFound {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read member %s of %s: %w", userID, team.TeamID, err)
	}
	limits := s.raise(member.Limits(team.MemberDefaults), member.TempRates)
	s.windows = appendWindow(s.windows, memberScope(team.TeamID, userID), "member", limits, s.teamFrom)
	budget := b.memberBudget(team, member, routes)
	budget.enforce(s.teamFrom)
	s.budgets = append(s.budgets, budget)
	return nil
}

func (b *Book) memberBudget(team api.Team, member api.Membership, routes []api.AlertRoute) *runningBudget {
	terms := budgetTerms{BudgetTerms: member.Terms(team.MemberDefaults), timezone: b.defaults.Timezone}
	terms.thresholds = routeThresholds(routes, func(route api.AlertRoute) bool { return route.Covers(team.TeamID) })
	terms.ResetDay = team.ResetDay
	about := api.AlertEvent{TeamID: team.TeamID, UserID: member.UserID}
	if team.TeamAlias != nil {
		about.TeamAlias = *team.TeamAlias
	}
	running := b.running(memberScope(team.TeamID, member.UserID), "member", terms, member.CreatedAt, about)
	running.armedBy = append(running.armedBy, api.MembersScope(team.TeamID))
	running.countIn(team.TeamID)
	return running
}

// userBudget is counted in the slots of all teams that the user has keys of, as a pot is.
func (b *Book) userBudget(user api.User, routes []api.AlertRoute) *runningBudget {
	terms := budgetTerms{BudgetTerms: user.BudgetTerms, timezone: b.defaults.Timezone}
	terms.thresholds = routeThresholds(routes, func(route api.AlertRoute) bool { return len(route.TeamIDs) == 0 })
	running := b.running(userScope(user.UserID), "user", terms, user.CreatedAt, api.AlertEvent{UserID: user.UserID})
	running.enforce(b.enforcedFrom())
	return running
}

// routeThresholds are the shares that the routes which hear of a budget ask for.
func routeThresholds(routes []api.AlertRoute, hears func(api.AlertRoute) bool) (shares []float64) {
	for _, route := range routes {
		if route.Enabled && hears(route) {
			shares = append(shares, route.Thresholds...)
		}
	}
	return shares
}

// teamsOf are the teams that a user is a member of; none for who is not known.
func (b *Book) teamsOf(ctx context.Context, userID string) ([]string, error) {
	user, err := b.source.User(ctx, userID)
	if api.CodeOf(err) == api.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read user %s: %w", userID, err)
	}
	return user.Teams, nil
}
