import {
  to = bursar_model.llama
  id = "llama-in-the-cellar"
}
