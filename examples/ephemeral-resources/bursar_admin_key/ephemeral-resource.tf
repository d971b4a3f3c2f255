# A key of the admin API for this run only, which reads and changes nothing.
ephemeral "bursar_admin_key" "report" {
  admin_key_alias = "nightly-report"
  role            = "viewer"
  duration        = "15m"
}

# A program that Terraform starts may have it. It is gone when Terraform is done.
resource "terraform_data" "report" {
  triggers_replace = ["2026-11-22"]

  provisioner "local-exec" {
    command     = "echo your report runs here, with BURSAR_ADMIN_KEY"
    environment = { BURSAR_ADMIN_KEY = ephemeral.bursar_admin_key.report.key }
  }
}
