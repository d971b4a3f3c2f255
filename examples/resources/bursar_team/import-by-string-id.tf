import {
  to = bursar_team.marketing
  id = "marketing"
}
