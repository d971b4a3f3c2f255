data "bursar_model" "primary" {
  model_id = "gpt-primary"
}

output "primary" {
  value = {
    clients_ask_for = data.bursar_model.primary.name
    enabled         = data.bursar_model.primary.enabled
  }
}
