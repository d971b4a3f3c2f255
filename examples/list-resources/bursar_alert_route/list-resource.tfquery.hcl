# terraform query -generate-config-out=found.tf writes an import and a resource for every alert route.
list "bursar_alert_route" "routes" {
  provider         = bursar
  include_resource = true
  limit            = 1000
}
