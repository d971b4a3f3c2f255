# The id is the team_id.
terraform import bursar_team.marketing marketing
