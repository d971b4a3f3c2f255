data "bursar_key" "website" {
  key_alias = "website"
}

output "website_key" {
  value = {
    id        = data.bursar_key.website.key_id
    spent_usd = data.bursar_key.website.spend
    expires   = data.bursar_key.website.expires
  }
}
