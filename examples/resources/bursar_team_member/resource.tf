resource "bursar_team" "research" {
  team_id    = "research"
  max_budget = 500
}

# May manage the team's keys and members.
resource "bursar_team_member" "ada" {
  team_id = bursar_team.research.team_id
  user_id = "ada"
  role    = "admin"
}

# Found by the address, and made a user when the gateway knows nobody with it.
resource "bursar_team_member" "grace" {
  team_id            = bursar_team.research.team_id
  user_email         = "grace@example.com"
  max_budget_in_team = 50
  budget_duration    = "1mo"
  rpm_limit          = 20
}
