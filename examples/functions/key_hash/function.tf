variable "key" {
  description = "The secret of a key, such as one that another system has made."
  type        = string
  sensitive   = true
  default     = "sk-an-example-that-opens-nothing"
}

output "hash" {
  description = "Names the key in the gateway's API: GET /key/info?key=HASH."
  value       = nonsensitive(provider::bursar::key_hash(var.key))
}
