# What Ada may spend over all her keys, in whatever team.
resource "bursar_user" "ada" {
  user_id         = "ada"
  user_email      = "ada@example.com"
  user_alias      = "Ada Lovelace"
  rpm_limit       = 60
  max_budget      = 100
  budget_duration = "1mo"
}

resource "bursar_team" "research" {
  team_id = "research"
}

# The place in a team refers to the user, so that it is made after the user and goes before.
resource "bursar_team_member" "ada_in_research" {
  team_id            = bursar_team.research.team_id
  user_id            = bursar_user.ada.user_id
  max_budget_in_team = 40
}
