data "bursar_team" "marketing" {
  team_id = "marketing"
}

output "left" {
  description = "What marketing may still spend until budget_reset_at, in US dollars."
  value       = data.bursar_team.marketing.max_budget - data.bursar_team.marketing.spend
}
