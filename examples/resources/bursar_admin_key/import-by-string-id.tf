import {
  to = bursar_admin_key.plans
  id = "adminkey_4fGhT0Zq1xWcV7bNm2Kd"
}
