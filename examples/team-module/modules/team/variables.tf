variable "team_id" {
  description = "The team's id, for good."
  type        = string
}

variable "name" {
  description = "The team's name for people."
  type        = string
}

variable "cost_center" {
  description = "Who pays."
  type        = string
}

variable "models" {
  description = "The models the team may ask for; empty is every model."
  type        = list(string)
  default     = []
}

variable "rpm_limit" {
  description = "Requests in any 60 seconds."
  type        = number
}

variable "tpm_limit" {
  description = "Tokens in any 60 seconds, prompt and completion together."
  type        = number
}

variable "max_budget" {
  description = "US dollars in a period."
  type        = number
}

variable "budget_duration" {
  description = "The period after which spending starts again from zero."
  type        = string
  default     = "1mo"
}

variable "warn_at" {
  description = "The share of max_budget at which people are warned."
  type        = number
  default     = 0.8
}

variable "hard_cap" {
  description = "Whether requests are refused once max_budget is spent."
  type        = bool
  default     = true
}

variable "programs" {
  description = "The programs that get a key."
  type        = set(string)
}

variable "alerts_url" {
  description = "The address that the team's alerts are posted to."
  type        = string
  sensitive   = true
}
