# The id is the model_id, or the name where only one deployment has it.
terraform import bursar_model.llama llama-in-the-cellar
