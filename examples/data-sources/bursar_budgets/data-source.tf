data "bursar_budgets" "all" {}

output "pots_above_80_percent" {
  value = [
    for budget in data.bursar_budgets.all.budgets : budget.budget_id
    if budget.max_budget != null && try(budget.spend / budget.max_budget, 0) > 0.8
  ]
}
