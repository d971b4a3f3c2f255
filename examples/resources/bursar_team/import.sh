# The id is the team_id, or the alias where only one team has it.
terraform import bursar_team.marketing marketing
