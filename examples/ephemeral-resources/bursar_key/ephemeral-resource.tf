# A key for this run only, of a team that is there already.
ephemeral "bursar_key" "pipeline" {
  team_id    = "marketing"
  models     = ["gpt-4.1-mini"]
  max_budget = 1
  metadata   = { pipeline = "nightly-evaluation" }
}

# Whatever takes an ephemeral value may have it: a write-only attribute, as here, or another provider's block.
resource "bursar_model" "through_the_gateway" {
  name               = "evaluation"
  upstream_model     = "gpt-4.1-mini"
  api_key_wo         = ephemeral.bursar_key.pipeline.key
  api_key_wo_version = 1
}
