data "bursar_keys" "marketing" {
  team_id = "marketing"
}

output "keys_that_never_expire" {
  value = [for key in data.bursar_keys.marketing.keys : coalesce(key.key_alias, key.key_id) if key.expires == null]
}
