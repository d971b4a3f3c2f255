variable "new_secret" {
  type      = string
  sensitive = true
}

# The secret has leaked: terraform apply -invoke=action.bursar_key_rotate.leaked
action "bursar_key_rotate" "leaked" {
  config {
    key_id  = bursar_key.app.key_id
    new_key = var.new_secret
  }
}
