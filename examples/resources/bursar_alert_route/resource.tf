variable "webhook_secret" {
  description = "The secret that alerts are signed with, 24 to 64 bytes."
  type        = string
  sensitive   = true
  ephemeral   = true
}

# Everything that happens to any budget.
resource "bursar_alert_route" "finance" {
  name   = "finance"
  events = ["budget.soft_limit", "budget.hard_limit"]
  webhook = {
    url               = "https://alerts.example.com/finance"
    secret_wo         = var.webhook_secret
    secret_wo_version = 1
  }
}

# What one team's people need to know, at thresholds of their own.
resource "bursar_team" "marketing" {
  team_id    = "marketing"
  max_budget = 100
}

resource "bursar_alert_route" "marketing" {
  name       = "marketing"
  team_ids   = [bursar_team.marketing.team_id]
  thresholds = [0.5, 0.9, 1]
  webhook = {
    url = "https://alerts.example.com/marketing"
  }
}
