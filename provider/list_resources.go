package provider

import (
	"context"

	"github.com/bursarhq/terraform-provider-bursar/provider/foretell"

	"github.com/hashicorp/terraform-plugin-framework/list"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// undeclared says why lists leave something out: there is nothing for Terraform to manage.
const undeclared = " What the gateway's configuration file declares is left out, as only that file can change it."

func newTeamList() list.ListResource {
	return &listResource{
		typeName:    "bursar_team",
		description: "The teams of the gateway, ordered by id." + undeclared,
		find: func(ctx context.Context, u *gatewayUser, _ string) ([]listed, error) {
			teams, err := u.client.ListTeams(ctx)
			return listedAs(teams, listedTeam), err
		},
	}
}

func listedTeam(team api.Team) listed {
	return listed{
		name:       foretell.Name(team.TeamAlias, team.TeamID),
		identity:   []string{"team_id", team.TeamID},
		state:      teamModelFrom(team, teamModel{}),
		declaredIn: team.DeclaredIn,
	}
}

func newTeamMemberList() list.ListResource {
	return &listResource{
		typeName:    "bursar_team_member",
		description: "The members of teams, those of one team after the other.",
		filter:      "The team whose members are listed. Leave it out for those of every team.",
		find:        findMembers,
	}
}

func findMembers(ctx context.Context, u *gatewayUser, teamID string) ([]listed, error) {
	if teamID == "" {
		members, err := u.client.ListMembers(ctx)
		return listedAs(members, listedMember), err
	}
	team, err := u.client.GetTeam(ctx, teamID)
	return listedAs(team.TeamMemberships, func(member api.TeamMembership) listed { return listedMember(member.Membership) }), err
}

func listedMember(member api.Membership) listed {
	return listed{
		name:     foretell.Name(member.UserEmail, member.UserID) + " in " + member.TeamID,
		identity: []string{"team_id", member.TeamID, "user_id", member.UserID},
		state:    teamMemberModelFrom(member, teamMemberModel{}),
	}
}

func newKeyList() list.ListResource {
	return &listResource{
		typeName:    "bursar_key",
		description: "The keys of the gateway, without their secrets." + undeclared,
		filter:      "The team whose keys are listed. Leave it out for all keys.",
		find: func(ctx context.Context, u *gatewayUser, teamID string) ([]listed, error) {
			if teamID == "" {
				keys, err := u.client.ListKeys(ctx)
				return listedAs(keys, listedKey), err
			}
			team, err := u.client.GetTeam(ctx, teamID)
			return listedAs(team.Keys, listedKey), err
		},
	}
}

func listedKey(key api.Key) listed {
	return listed{
		name:       foretell.Name(key.KeyAlias, key.KeyName),
		identity:   []string{"key_id", key.KeyID},
		state:      keyModelFrom(key, keyModel{}),
		declaredIn: key.DeclaredIn,
	}
}

func newBudgetList() list.ListResource {
	return &listResource{
		typeName:    "bursar_budget",
		description: "The budgets of the gateway: named terms and pots." + undeclared,
		find: func(ctx context.Context, u *gatewayUser, _ string) ([]listed, error) {
			budgets, err := u.client.ListBudgets(ctx)
			return listedAs(budgets, listedBudget), err
		},
	}
}

func listedBudget(budget api.Budget) listed {
	return listed{
		name:       budget.BudgetID,
		identity:   []string{"budget_id", budget.BudgetID},
		state:      budgetModelFrom(budget, budgetModel{}),
		declaredIn: budget.DeclaredIn,
	}
}

func newAlertRouteList() list.ListResource {
	return &listResource{
		typeName:    "bursar_alert_route",
		description: "The alert routes of the gateway, without their secrets." + undeclared,
		find: func(ctx context.Context, u *gatewayUser, _ string) ([]listed, error) {
			routes, err := u.client.ListAlertRoutes(ctx)
			return listedAs(routes, listedAlertRoute), err
		},
	}
}

func listedAlertRoute(route api.AlertRoute) listed {
	return listed{
		name:       route.Name,
		identity:   []string{"alert_route_id", route.AlertRouteID},
		state:      alertRouteModelFrom(route, alertRouteModel{}),
		declaredIn: route.DeclaredIn,
	}
}

func newModelList() list.ListResource {
	return &listResource{
		typeName:    "bursar_model",
		description: "The deployments of models on the gateway, without their credentials." + undeclared,
		find: func(ctx context.Context, u *gatewayUser, _ string) ([]listed, error) {
			models, err := u.client.ListModels(ctx)
			return listedAs(models, listedModel), err
		},
	}
}

func listedModel(model api.Model) listed {
	return listed{
		name:       model.Name,
		identity:   []string{"model_id", model.ModelID},
		state:      modelModelFrom(model, modelModel{}),
		declaredIn: model.DeclaredIn,
	}
}

// listedAs leaves out what is declared.
func listedAs[T any](objects []T, as func(T) listed) []listed {
	found := make([]listed, 0, len(objects))
	for _, object := range objects {
		if one := as(object); one.declaredIn == "" {
			found = append(found, one)
		}
	}
	return found
}
