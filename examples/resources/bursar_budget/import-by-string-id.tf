import {
  to = bursar_budget.discovery
  id = "discovery"
}
