terraform {
  required_version = ">= 1.11"
  required_providers {
    bursar = {
      source = "bursarhq/bursar"
    }
  }
}

# BURSAR_ENDPOINT and BURSAR_ADMIN_KEY say which gateway.
provider "bursar" {}
