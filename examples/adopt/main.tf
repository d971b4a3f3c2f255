# Teams, keys and a shared pot that are on the gateway already, made with its API.
# What is written here is what they are: the first plan only imports.

locals {
  # The teams' limits, by team_id.
  teams = {
    marketing = { rpm_limit = 30, tpm_limit = 15000, max_budget = 100 }
    research  = { rpm_limit = 200, tpm_limit = 100000, max_budget = 1000 }
  }
  # The keys' ids and teams, by alias.
  keys = {
    marketing-app      = { key_id = var.marketing_key_id, team_id = "marketing" }
    research-notebooks = { key_id = var.research_key_id, team_id = "research" }
  }
}

resource "bursar_team" "all" {
  for_each        = local.teams
  team_id         = each.key
  rpm_limit       = each.value.rpm_limit
  tpm_limit       = each.value.tpm_limit
  max_budget      = each.value.max_budget
  budget_duration = "1mo"
}

resource "bursar_key" "all" {
  for_each  = local.keys
  key_alias = each.key
  team_id   = bursar_team.all[each.value.team_id].team_id
}

resource "bursar_budget" "company" {
  budget_id        = "company"
  everything       = true
  max_budget       = 2500
  budget_duration  = "1mo"
  alert_thresholds = [0.5, 0.8, 1]
}
