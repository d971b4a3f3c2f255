import {
  to = bursar_alert_route.finance
  id = "route_01JBB2M5S2C5A5V1E4D8S3K7QX"
}
