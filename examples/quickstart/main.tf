# Three teams, a key for each, and people who are told before a cap is hit.

resource "bursar_team" "marketing" {
  team_id            = "marketing"
  team_alias         = "Marketing"
  models             = ["gpt-4.1-mini"]
  rpm_limit          = 30    # requests in any 60 seconds
  tpm_limit          = 15000 # tokens in any 60 seconds
  max_budget         = 100   # US dollars
  budget_duration    = "1mo" # until the first of the next month
  soft_threshold_pct = 0.8   # people are told at $80
  metadata           = { cost_center = "CC-123" }
}

resource "bursar_team" "research" {
  team_id            = "research"
  team_alias         = "Research"
  models             = ["gpt-4.1-mini", "gpt-4.1"]
  rpm_limit          = 200
  tpm_limit          = 100000
  max_budget         = 1000
  budget_duration    = "1mo"
  soft_threshold_pct = 0.85
  metadata           = { cost_center = "CC-456" }
}

resource "bursar_team" "product" {
  team_id            = "product"
  team_alias         = "Product"
  models             = ["gpt-4.1-mini", "gpt-4.1"]
  rpm_limit          = 80
  tpm_limit          = 40000
  max_budget         = 300
  budget_duration    = "1mo"
  soft_threshold_pct = 0.9
  hard_cap           = false # customers depend on it: warn at $300, refuse nothing
  metadata           = { cost_center = "CC-789" }
}

resource "bursar_key" "marketing" {
  key_alias = "marketing-app"
  team_id   = bursar_team.marketing.team_id
}

resource "bursar_key" "research" {
  key_alias = "research-notebooks"
  team_id   = bursar_team.research.team_id
}

resource "bursar_key" "product" {
  key_alias = "product-backend"
  team_id   = bursar_team.product.team_id
}

resource "bursar_alert_route" "platform" {
  name   = "platform-oncall"
  events = ["budget.soft_limit", "budget.hard_limit"]
  webhook = {
    url               = var.webhook_url
    secret_wo         = var.webhook_secret
    secret_wo_version = 1
  }
}
