# terraform query
list "bursar_team_member" "marketing" {
  provider = bursar

  config {
    team_id = "marketing"
  }
}
