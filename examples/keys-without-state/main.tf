# A key whose secret is in no plan and no state. Whoever runs this makes the secret, puts it into
# the secret store, and hands it over: the gateway keeps a hash of it, Terraform keeps nothing.

resource "bursar_team" "checkout" {
  team_id         = "checkout"
  max_budget      = 200
  budget_duration = "1mo"
}

resource "bursar_key" "checkout" {
  key_alias      = "checkout-backend"
  team_id        = bursar_team.checkout.team_id
  key_wo         = var.checkout_key
  key_wo_version = var.checkout_key_version
  rotation_grace = "24h" # how long the secret before the latest goes on working
}
