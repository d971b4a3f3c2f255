# The id is the admin_key_id, or the alias where only one admin key has it.
terraform import bursar_admin_key.plans adminkey_4fGhT0Zq1xWcV7bNm2Kd
