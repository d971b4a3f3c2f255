# terraform query -generate-config-out=found.tf writes an import and a resource for every budget.
list "bursar_budget" "budgets" {
  provider         = bursar
  include_resource = true
  limit            = 1000
}
