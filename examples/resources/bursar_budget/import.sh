# The id is the budget_id.
terraform import bursar_budget.discovery discovery
