data "bursar_users" "all" {}

output "users_without_a_cap" {
  value = [for user in data.bursar_users.all.users : user.user_id if user.max_budget == null]
}
