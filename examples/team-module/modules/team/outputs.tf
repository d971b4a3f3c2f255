output "team_id" {
  description = "The team's id, for pots and alert routes."
  value       = bursar_team.this.team_id
}

output "keys" {
  description = "The programs' secrets, by program."
  sensitive   = true
  value       = { for program, key in bursar_key.program : program => key.key }
}
