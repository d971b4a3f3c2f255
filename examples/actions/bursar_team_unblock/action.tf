# terraform apply -invoke=action.bursar_team_unblock.marketing
action "bursar_team_unblock" "marketing" {
  config {
    team_id = "marketing"
  }
}
