variable "openai_api_key" {
  type      = string
  sensitive = true
  ephemeral = true
}

# Most of the calls to gpt-4.1 go to OpenAI, priced by the gateway's catalogue.
resource "bursar_model" "openai" {
  name               = "gpt-4.1"
  api_key_wo         = var.openai_api_key
  api_key_wo_version = 1
  weight             = 3
}

# The rest goes to Azure, which stands in when OpenAI fails.
resource "bursar_model" "azure" {
  name           = "gpt-4.1"
  upstream       = "azure"
  base_url       = "https://example.openai.azure.com/openai/v1"
  upstream_model = "our-gpt-deployment"
  base_model     = "gpt-4.1"
  rpm            = 600
}

# A model of your own, with your own price.
resource "bursar_model" "llama" {
  model_id = "llama-in-the-cellar"
  name     = "llama-3.3-70b"
  base_url = "http://llama.internal:8000/v1"

  price = {
    input_per_million_usd  = 0.2
    output_per_million_usd = 0.4
  }
}
