locals {
  # 20,000 questions a month, each of 1,500 tokens and answered with 400.
  expected = provider::bursar::monthly_cost("gpt-4.1-mini", 1500, 400, 20000)
}

# A budget with room for half as much again.
resource "bursar_team" "support" {
  team_id            = "support"
  models             = ["gpt-4.1-mini"]
  max_budget         = ceil(1.5 * local.expected)
  budget_duration    = "1mo"
  soft_threshold_pct = 0.8
}
