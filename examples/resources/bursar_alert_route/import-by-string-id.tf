import {
  to = bursar_alert_route.finance
  id = "route_Hc4jMx9QfW6tZp2Ns8Ga"
}
