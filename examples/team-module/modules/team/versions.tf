terraform {
  required_providers {
    bursar = {
      source = "bursarhq/bursar"
    }
  }
}
