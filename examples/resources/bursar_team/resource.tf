resource "bursar_team" "marketing" {
  team_id    = "marketing"
  team_alias = "Marketing"
  models     = ["gpt-4.1-mini", "gpt-4.1"]

  rpm_limit             = 30
  tpm_limit             = 15000
  max_parallel_requests = 10
  model_rpm_limit       = { "gpt-4.1" = 5 }

  max_budget         = 100
  budget_duration    = "1mo"
  soft_threshold_pct = 0.8

  metadata = {
    cost_center = "CC-123"
    contacts    = ["ada@example.com", "grace@example.com"]
  }

  deletion_protection = true
}

# A cap that only warns.
resource "bursar_team" "product" {
  team_id         = "product"
  rpm_limit       = 80
  max_budget      = 300
  soft_budget     = 270
  hard_cap        = false
  budget_duration = "1mo"
}
