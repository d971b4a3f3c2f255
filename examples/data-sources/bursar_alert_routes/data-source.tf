data "bursar_alert_routes" "all" {}

output "unsigned_routes" {
  description = "Routes whose receivers cannot know that a message is the gateway's."
  value       = [for route in data.bursar_alert_routes.all.alert_routes : route.name if !route.signed]
}
