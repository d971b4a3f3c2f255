variable "alerts_url" {
  description = "The address that all teams' alerts are posted to."
  type        = string
  sensitive   = true
}

variable "teams" {
  description = "The teams by id."
  type = map(object({
    name        = string
    cost_center = string
    models      = optional(list(string), [])
    rpm_limit   = number
    tpm_limit   = number
    max_budget  = number
    hard_cap    = optional(bool, true)
    programs    = set(string)
  }))
  default = {
    marketing = {
      name        = "Marketing"
      cost_center = "CC-123"
      models      = ["gpt-4.1-mini"]
      rpm_limit   = 30
      tpm_limit   = 15000
      max_budget  = 100
      programs    = ["newsletter", "website"]
    }
    research = {
      name        = "Research"
      cost_center = "CC-456"
      rpm_limit   = 200
      tpm_limit   = 100000
      max_budget  = 1000
      programs    = ["notebooks"]
    }
    product = {
      name        = "Product"
      cost_center = "CC-789"
      models      = ["gpt-4.1-mini", "gpt-4.1"]
      rpm_limit   = 80
      tpm_limit   = 40000
      max_budget  = 300
      hard_cap    = false
      programs    = ["backend"]
    }
  }
}
