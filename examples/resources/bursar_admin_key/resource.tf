variable "pipeline_key" {
  description = "sk- and at least 22 random characters, from the vault that the pipeline reads it from."
  type        = string
  sensitive   = true
  ephemeral   = true
}

# A pipeline that plans: it reads everything and changes nothing. Its secret is in no state.
resource "bursar_admin_key" "plans" {
  admin_key_alias = "plan-pipeline"
  role            = "viewer"
  duration        = "90d"
  key_wo          = var.pipeline_key
  key_wo_version  = 1
  rotation_grace  = "1h"
}
