# terraform apply -invoke=action.bursar_budget_reset.marketing
action "bursar_budget_reset" "marketing" {
  config {
    team_id  = "marketing"
    reset_to = 20
  }
}
