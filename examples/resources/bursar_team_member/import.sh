# The id is the team_id and the user_id.
terraform import bursar_team_member.ada research/ada
