import {
  to = bursar_alert_route.finance
  identity = {
    alert_route_id = "route_Hc4jMx9QfW6tZp2Ns8Ga"
  }
}
