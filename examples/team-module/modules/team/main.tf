# A team with its limits and budget, a key for each of its programs, and its alerts.

resource "bursar_team" "this" {
  team_id            = var.team_id
  team_alias         = var.name
  models             = var.models
  rpm_limit          = var.rpm_limit
  tpm_limit          = var.tpm_limit
  max_budget         = var.max_budget
  budget_duration    = var.budget_duration
  soft_threshold_pct = var.warn_at
  hard_cap           = var.hard_cap
  metadata           = { cost_center = var.cost_center }
}

# One key for each program: one of them can be blocked or replaced without the others.
resource "bursar_key" "program" {
  for_each  = var.programs
  key_alias = "${var.team_id}-${each.key}"
  team_id   = bursar_team.this.team_id
  metadata  = { program = each.key }
}

resource "bursar_alert_route" "this" {
  name     = "${var.team_id}-budget"
  events   = ["budget.soft_limit", "budget.hard_limit"]
  team_ids = [bursar_team.this.team_id]
  webhook = {
    url = var.alerts_url
  }
}
