import {
  to = bursar_user.ada
  id = "ada"
}
