# The id is the alert_route_id.
terraform import bursar_alert_route.finance route_01JBB2M5S2C5A5V1E4D8S3K7QX
