# terraform query
list "bursar_key" "marketing" {
  provider = bursar

  config {
    team_id = "marketing"
  }
}
