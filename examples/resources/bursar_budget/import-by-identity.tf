import {
  to = bursar_budget.discovery
  identity = {
    budget_id = "discovery"
  }
}
