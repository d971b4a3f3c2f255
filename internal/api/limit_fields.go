package api

// LimitFields are the fields of teams, keys, members and budgets that say how much may be used, and whether what is beyond
// is refused, in the order they are told in.
var LimitFields = []string{
	"max_budget", "soft_budget", "soft_threshold_pct", "hard_cap", "budget_duration", "reset_day", "timezone", "budget_id",
	"temp_budget_increase", "temp_budget_expiry", "mode", "enforce_from",
	"rpm_limit", "tpm_limit", "max_parallel_requests", "model_rpm_limit", "model_tpm_limit", "temp_rpm_increase", "temp_tpm_increase", "temp_limit_expiry",
	"on_soft_limit", "team_ids", "key_ids", "models", "everything",
	"team_member_budget", "team_member_rpm_limit", "team_member_tpm_limit", "max_budget_in_team",
}
