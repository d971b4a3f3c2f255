terraform {
  # Pipelines run on machines that forget: keep the state where all of them find it.
  # backend "s3" {}
  required_version = ">= 1.11"
  required_providers {
    bursar = {
      source = "bursarhq/bursar"
    }
  }
}

# BURSAR_ENDPOINT and BURSAR_ADMIN_KEY say which gateway.
provider "bursar" {}
