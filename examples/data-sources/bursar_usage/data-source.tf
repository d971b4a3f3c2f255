# What the team has used this year, month by month and by model.
data "bursar_usage" "marketing" {
  team_id    = "marketing"
  start_date = "2026-01-01"
  period     = "month"
  group_by   = ["model"]
}

output "spent_usd" {
  value = data.bursar_usage.marketing.spend
}

output "dearest_rows" {
  value = [
    for row in data.bursar_usage.marketing.rows : "${row.period_start} ${row.model}: ${row.spend} USD for ${row.requests} requests"
    if row.spend > 100
  ]
}
