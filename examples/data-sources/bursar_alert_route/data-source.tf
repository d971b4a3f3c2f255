data "bursar_alert_route" "oncall" {
  name = "platform-oncall"
}

# Whoever runs the on-call rota and whoever runs this configuration agree on the events.
check "oncall_hears_of_hard_limits" {
  assert {
    condition = data.bursar_alert_route.oncall.enabled && (
      length(data.bursar_alert_route.oncall.events) == 0 || contains(data.bursar_alert_route.oncall.events, "budget.hard_limit")
    )
    error_message = "Nobody on call is told when a team's budget is spent."
  }
}
