# Who changed the team's budget, from what to what, and in which pull request.
data "bursar_quota_history" "marketing" {
  team_id = "marketing"
  limit   = 20
}

output "budget_changes" {
  value = flatten([
    for entry in data.bursar_quota_history.marketing.history : [
      for change in entry.changes :
      "${entry.at} ${entry.actor}: ${coalesce(change.old, "none")} -> ${coalesce(change.new, "none")}, ${coalesce(entry.pull_request, entry.reason, "no reason")}"
      if change.field == "max_budget"
    ]
  ])
}
