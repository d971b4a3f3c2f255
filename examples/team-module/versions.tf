terraform {
  required_version = ">= 1.11" # for secrets that stay out of plan and state
  required_providers {
    bursar = {
      source = "bursarhq/bursar"
    }
  }
}

# BURSAR_ENDPOINT and BURSAR_ADMIN_KEY say which gateway.
provider "bursar" {}
