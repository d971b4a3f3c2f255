output "keys" {
  description = "What each team's programs send as their API key."
  sensitive   = true
  value       = { for team_id, team in module.team : team_id => team.keys }
}
