# Terms that several teams take, each with a counter of its own.
resource "bursar_budget" "trial" {
  budget_id       = "trial"
  max_budget      = 20
  budget_duration = "7d"

  # One apply may then take the budget off its teams and destroy it. Terraform destroys first otherwise,
  # which the gateway refuses as long as a team has it.
  lifecycle {
    create_before_destroy = true
  }
}

resource "bursar_team" "interns" {
  team_id   = "interns"
  budget_id = bursar_budget.trial.budget_id
}

# One pot: all that two teams spend on one model counts together.
resource "bursar_team" "search" {
  team_id = "search"
}

resource "bursar_team" "ranking" {
  team_id = "ranking"
}

resource "bursar_budget" "discovery" {
  budget_id        = "discovery"
  max_budget       = 5000
  budget_duration  = "1mo"
  timezone         = "Europe/Berlin"
  alert_thresholds = [0.5, 0.8, 0.95]

  team_ids = [bursar_team.search.team_id, bursar_team.ranking.team_id]
  models   = ["gpt-4.1"]
}
