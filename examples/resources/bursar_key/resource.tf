resource "bursar_team" "research" {
  team_id    = "research"
  max_budget = 1000
}

# A key with a secret that the gateway makes; it is bursar_key.notebooks.key, sensitive.
resource "bursar_key" "notebooks" {
  key_alias = "research-notebooks"
  team_id   = bursar_team.research.team_id
  models    = ["gpt-4.1-mini"]
  rpm_limit = 20
  duration  = "365d"

  # Another text here gives the key another secret. The old one works for a week more.
  rotation_trigger = "2027-Q1"
  rotation_grace   = "7d"
}

# A key with a secret of your own, which is in neither plan nor state.
variable "batch_key" {
  description = "sk- and at least 22 characters, from your secret store."
  type        = string
  sensitive   = true
  ephemeral   = true
}

resource "bursar_key" "batch" {
  key_alias       = "research-batch"
  team_id         = bursar_team.research.team_id
  key_wo          = var.batch_key
  key_wo_version  = 1
  max_budget      = 50
  budget_duration = "1d"
}
