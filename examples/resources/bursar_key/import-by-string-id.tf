import {
  to = bursar_key.notebooks
  id = "key_Vw3sPq8LzX2nT5yRb7Kd"
}
