import {
  to = bursar_team.marketing
  identity = {
    team_id = "marketing"
  }
}
