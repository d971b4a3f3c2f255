# The id is the alert_route_id, or the name where only one route has it.
terraform import bursar_alert_route.finance route_Hc4jMx9QfW6tZp2Ns8Ga
