# terraform query -generate-config-out=found.tf writes an import and a resource for every model.
list "bursar_model" "models" {
  provider         = bursar
  include_resource = true
  limit            = 1000
}
