terraform {
  required_providers {
    bursar = {
      source = "bursarhq/bursar"
    }
  }
}

variable "pull_request" {
  description = "The pull request that is applied, for the audit log."
  type        = string
  default     = null
}

# The admin key comes from the environment: BURSAR_ADMIN_KEY.
provider "bursar" {
  endpoint      = "https://bursar.example.com"
  change_reason = var.pull_request
}
