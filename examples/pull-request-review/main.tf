# Quotas as people propose them: a team changes its lines in teams.json and opens a pull request.

locals {
  teams = jsondecode(file("${path.module}/teams.json"))
}

resource "bursar_team" "all" {
  for_each        = local.teams
  team_id         = each.key
  models          = try(each.value.models, [])
  rpm_limit       = each.value.rpm_limit
  tpm_limit       = each.value.tpm_limit
  max_budget      = each.value.max_budget
  budget_duration = "1mo"
  metadata        = { cost_center = each.value.cost_center }
}
