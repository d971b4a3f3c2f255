output "key_id" {
  description = "What the key is called in logs, usage and the audit log. It is no secret."
  value       = bursar_key.checkout.key_id
}
