# A key for this run only, of a team that is there already.
ephemeral "bursar_key" "evaluation" {
  team_id    = "marketing"
  models     = ["gpt-4.1-mini"]
  max_budget = 1
  metadata   = { pipeline = "nightly-evaluation" }
}

# Provisioners and other providers' settings may have it. It is gone when Terraform is done.
resource "terraform_data" "evaluation" {
  triggers_replace = ["2026-11-22"]

  provisioner "local-exec" {
    command     = "echo your evaluation runs here, with OPENAI_API_KEY and OPENAI_BASE_URL"
    environment = { OPENAI_API_KEY = ephemeral.bursar_key.evaluation.key }
  }
}
