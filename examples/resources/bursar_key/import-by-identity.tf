import {
  to = bursar_key.notebooks
  identity = {
    key_id = "key_Vw3sPq8LzX2nT5yRb7Kd"
  }
}
