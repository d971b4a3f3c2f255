# The id is the model_id.
terraform import bursar_model.llama llama-in-the-cellar
