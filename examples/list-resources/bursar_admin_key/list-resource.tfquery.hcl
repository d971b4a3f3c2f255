# terraform query -generate-config-out=found.tf writes an import and a resource for every admin key.
list "bursar_admin_key" "admin_keys" {
  provider         = bursar
  include_resource = true
  limit            = 1000
}
