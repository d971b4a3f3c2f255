output "keys" {
  description = "What the teams' programs send as their API key."
  sensitive   = true
  value = {
    (bursar_team.marketing.team_id) = bursar_key.marketing.key
    (bursar_team.research.team_id)  = bursar_key.research.key
    (bursar_team.product.team_id)   = bursar_key.product.key
  }
}
