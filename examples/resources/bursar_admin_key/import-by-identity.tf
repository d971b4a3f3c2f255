import {
  to = bursar_admin_key.plans
  identity = {
    admin_key_id = "adminkey_4fGhT0Zq1xWcV7bNm2Kd"
  }
}
