output "seconds" {
  description = "What a dashboard needs that knows no months: 2592000."
  value       = provider::bursar::duration_seconds("1mo")
}
