import {
  to = bursar_team_member.ada
  id = "research/ada"
}
