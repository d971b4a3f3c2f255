import {
  to = bursar_model.llama
  identity = {
    model_id = "llama-in-the-cellar"
  }
}
