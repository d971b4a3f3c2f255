resource "bursar_alert_route" "oncall" {
  name    = "platform-oncall"
  webhook = { url = "https://alerts.example.com/llm" }

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.bursar_alert_route_test.oncall]
    }
  }
}

# An apply that makes or changes the route fails when nothing arrives through it.
action "bursar_alert_route_test" "oncall" {
  config {
    alert_route_id = bursar_alert_route.oncall.alert_route_id
  }
}
