# terraform apply -invoke=action.bursar_team_block.marketing
action "bursar_team_block" "marketing" {
  config {
    team_id = "marketing"
  }
}
