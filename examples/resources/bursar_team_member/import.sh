# The id is the team_id and the user_id, or the team_id and the e-mail address.
terraform import bursar_team_member.ada research/ada
