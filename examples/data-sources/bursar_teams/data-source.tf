data "bursar_teams" "all" {}

output "without_budget" {
  description = "Teams that nothing but their rate limits stops."
  value = [
    for team in data.bursar_teams.all.teams : team.team_id
    if team.max_budget == null && team.budget_id == null
  ]
}

output "cost_centers" {
  value = {
    for team in data.bursar_teams.all.teams :
    team.team_id => try(jsondecode(team.metadata_json).cost_center, "none")
  }
}
