# terraform query -generate-config-out=found.tf writes an import and a resource for every user.
list "bursar_user" "users" {
  provider         = bursar
  include_resource = true
  limit            = 1000
}
