data "bursar_user" "ann" {
  user_id = "ann"
}

output "left_of_ann_usd" {
  value = data.bursar_user.ann.remaining_budget
}
