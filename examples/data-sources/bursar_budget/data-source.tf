data "bursar_budget" "company" {
  budget_id = "company"
}

output "left_this_month_usd" {
  value = data.bursar_budget.company.remaining_budget
}
