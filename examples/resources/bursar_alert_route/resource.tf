variable "webhook_secret" {
  description = "The secret that alerts are signed with, 24 to 64 bytes."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "slack_token" {
  description = "The token of a Slack bot with the right chat:write."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "pagerduty_key" {
  description = "The integration key of a PagerDuty service with Events API v2."
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

# What one team's people need to know, at thresholds of their own. Where the gateway has alerts.to_owners, the contacts hear of
# their team without any route.
resource "bursar_team" "marketing" {
  team_id    = "marketing"
  max_budget = 100
  metadata   = { contacts = "ann@example.com, bob@example.com" }
}

resource "bursar_alert_route" "marketing" {
  name       = "marketing"
  team_ids   = [bursar_team.marketing.team_id]
  thresholds = [0.5, 0.9, 1]
  webhook = {
    url = "https://alerts.example.com/marketing"
  }
}

# The same people where they look: in a channel, a thread for each month, and by e-mail.
resource "bursar_alert_route" "marketing_slack" {
  name     = "marketing in Slack"
  team_ids = [bursar_team.marketing.team_id]
  slack = {
    token_wo         = var.slack_token
    token_wo_version = 1
    channel          = "C024BE91L"
  }
}

resource "bursar_alert_route" "marketing_mail" {
  name     = "marketing by e-mail"
  team_ids = [bursar_team.marketing.team_id]
  email = {
    to = ["marketing-leads@example.com"]
  }
}

# Who is woken when requests are refused, and who is told when nobody has acknowledged that for a quarter of an hour.
resource "bursar_alert_route" "oncall" {
  name           = "on call"
  min_severity   = "critical"
  escalate_to    = bursar_alert_route.leads.alert_route_id
  escalate_after = "15m"
  pagerduty = {
    routing_key_wo         = var.pagerduty_key
    routing_key_wo_version = 1
  }
}

resource "bursar_alert_route" "leads" {
  name         = "platform leads"
  events       = ["budget.hard_limit", "alert.failing", "store.degraded"]
  min_severity = "critical"
  quiet_hours  = "20:00-07:00 Europe/Berlin"
  email = {
    to = ["platform-leads@example.com"]
  }
}

# What every team spent last week, has as its cap, will cost and was refused, and nothing else.
resource "bursar_alert_route" "finance_digest" {
  name   = "finance digest"
  events = ["digest"]
  digest = "weekly monday 08:00 Europe/Berlin"
  email = {
    to = ["finance@example.com"]
  }
}
