import {
  to = bursar_team_member.ada
  identity = {
    team_id = "research"
    user_id = "ada"
  }
}
