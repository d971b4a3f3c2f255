# Every team of the company from one module, and a pot that holds all of them together.

module "team" {
  source   = "./modules/team"
  for_each = var.teams

  team_id     = each.key
  name        = each.value.name
  cost_center = each.value.cost_center
  models      = each.value.models
  rpm_limit   = each.value.rpm_limit
  tpm_limit   = each.value.tpm_limit
  max_budget  = each.value.max_budget
  hard_cap    = each.value.hard_cap
  programs    = each.value.programs
  alerts_url  = var.alerts_url
}

resource "bursar_budget" "company" {
  budget_id        = "company"
  team_ids         = [for team in module.team : team.team_id]
  max_budget       = 1200 # less than the teams' caps together: not all of them reach theirs
  budget_duration  = "1mo"
  alert_thresholds = [0.8, 0.95, 1]
}
