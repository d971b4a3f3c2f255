data "bursar_models" "all" {}

locals {
  served = distinct([for model in data.bursar_models.all.models : model.name if model.enabled])
}

# A team that may ask for what is served now, and for nothing that comes later. An empty list would be every model.
resource "bursar_team" "partners" {
  team_id = "partners"
  models  = coalescelist(local.served, ["no-default-models"])
}
