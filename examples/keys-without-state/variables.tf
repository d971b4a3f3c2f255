variable "checkout_key" {
  description = "The secret: sk- and at least 22 characters. It ends up in no file."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "checkout_key_version" {
  description = "Raise it when checkout_key is another one; Terraform cannot see that by itself."
  type        = number
  default     = 1
}
