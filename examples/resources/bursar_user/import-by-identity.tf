import {
  to = bursar_user.ada
  identity = {
    user_id = "ada"
  }
}
