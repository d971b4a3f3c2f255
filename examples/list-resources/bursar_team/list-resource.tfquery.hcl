# terraform query -generate-config-out=found.tf writes an import and a resource for every team.
list "bursar_team" "teams" {
  provider         = bursar
  include_resource = true
  limit            = 1000
}
