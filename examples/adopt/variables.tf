# A key's id is no secret. /key/list?return_full_object=true tells it.

variable "marketing_key_id" {
  description = "The key_id of marketing-app."
  type        = string
}

variable "research_key_id" {
  description = "The key_id of research-notebooks."
  type        = string
}
