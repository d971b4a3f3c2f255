# These blocks may go once they are applied; they do no harm when they stay.

import {
  for_each = local.teams
  to       = bursar_team.all[each.key]
  id       = each.key
}

import {
  for_each = local.keys
  to       = bursar_key.all[each.key]
  id       = each.value.key_id
}

import {
  to = bursar_budget.company
  id = "company"
}
