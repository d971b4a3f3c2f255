package app_test

import "github.com/bursarhq/terraform-provider-bursar/internal/api"

func declaredTeams() []api.Team {
	team := api.NewTeam("declared")
	alias := "Declared"
	team.TeamAlias, team.DeclaredIn = &alias, "gateway.yaml"
	return []api.Team{team}
}
