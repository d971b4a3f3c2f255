variable "webhook_url" {
  description = "The address that alerts are posted to."
  type        = string
  sensitive   = true
}

variable "webhook_secret" {
  description = "The secret that alerts are signed with, 24 to 64 bytes. It ends up in no file."
  type        = string
  sensitive   = true
  ephemeral   = true
}
