package review

import (
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// inWords says what an attribute is, for people who know no Terraform. Those of one name mean the same in every resource.
var inWords = map[string]string{
	"budget_duration":             "how often the cap starts again",
	"reset_day":                   "day on which the cap starts again",
	"soft_budget":                 "warning from",
	"soft_threshold_pct":          "warning at a share of the cap",
	"hard_cap":                    "what happens at the cap",
	"temp_budget_increase":        "more money for a time",
	"temp_budget_expiry":          "end of the additional money",
	"temp_rpm_increase":           "more requests a minute for a time",
	"temp_tpm_increase":           "more tokens a minute for a time",
	"temp_limit_expiry":           "end of the additional requests and tokens",
	"rpm_limit":                   "requests a minute",
	"tpm_limit":                   "tokens a minute",
	"max_parallel_requests":       "requests at the same time",
	"model_rpm_limit":             "requests a minute to one model",
	"model_tpm_limit":             "tokens a minute to one model",
	"min_output_tokens":           "shortest answer",
	"mode":                        "whether limits refuse or only watch",
	"enforce_from":                "day from which limits refuse",
	"budget_id":                   "shared terms",
	"models":                      "models",
	"blocked":                     "blocked or open",
	"deletion_protection":         "protection from being deleted",
	"force_destroy":               "keys when it is deleted",
	"team_member_budget":          "cap of each member",
	"team_member_budget_duration": "how often members' caps start again",
	"team_member_rpm_limit":       "requests a minute of each member",
	"team_member_tpm_limit":       "tokens a minute of each member",
	"team_member_permissions":     "what members may do",
	"team_alias":                  "name of the team",
	"max_budget_in_team":          "cap of the member",
	"role":                        "role",
	"user_id":                     "person",
	"user_email":                  "e-mail address",
	"user_alias":                  "name of the user",
	"user_role":                   "role in LiteLLM",
	"team_id":                     "team",
	"speak_for_teams":             "teams it may spend for",
	"duration":                    "how long it works",
	"expires":                     "last day",
	"rotation_trigger":            "new secret",
	"rotation_grace":              "how long old secrets work",
	"key_wo_version":              "secret of your own",
	"store_key_in_state":          "where the secret stands",
	"key_alias":                   "name of the key",
	"admin_key_alias":             "name of the admin key",
	"timezone":                    "time zone",
	"alert_thresholds":            "warnings at",
	"reduce_rpm_pct":              "requests taken off after the warning",
	"team_ids":                    "teams",
	"key_ids":                     "keys",
	"everything":                  "what it counts",
	"name":                        "name",
	"aliases":                     "other names",
	"access_groups":               "groups it is open to",
	"enabled":                     "on or off",
	"upstream":                    "provider",
	"base_url":                    "provider's address",
	"upstream_model":              "provider's name of the model",
	"base_model":                  "model it is priced as",
	"api_version":                 "version of the provider's API",
	"api_key_wo_version":          "credential",
	"rpm":                         "requests a minute it takes",
	"tpm":                         "tokens a minute it takes",
	"tpm_counts_cached":           "whether cached tokens count",
	"max_input_tokens":            "longest prompt",
	"max_output_tokens":           "longest answer",
	"weight":                      "share of the calls",
	"events":                      "events",
	"min_severity":                "from which severity on",
	"thresholds":                  "shares of a budget",
	"labels":                      "teams by label",
	"fallback":                    "takes what no other route takes",
	"group_wait":                  "how long messages are gathered",
	"repeat_interval":             "told again after",
	"quiet_hours":                 "quiet hours",
	"escalate_to":                 "handed on to",
	"escalate_after":              "handed on after",
	"digest":                      "digest",
}

// caps are what a cap is called, by how often it starts again.
var caps = map[api.Span]string{
	{Count: 1, Unit: api.Day}: "daily cap", {Count: 7, Unit: api.Day}: "weekly cap",
	{Count: 30, Unit: api.Day}: "monthly cap", {Count: 1, Unit: api.Month}: "monthly cap",
	{Count: 3, Unit: api.Month}: "quarterly cap", {Count: 1, Unit: api.Year}: "yearly cap",
}

// about is what a difference is about, in words.
func (d difference) about() string {
	path := d.attribute.path
	name := path[strings.LastIndexByte(path, '.')+1:]
	within, _, _ := strings.Cut(path, ".")
	switch {
	case path == "max_budget":
		return capInWords(d.after)
	case within == "price":
		return "price, " + strings.ReplaceAll(strings.TrimSuffix(name, "_usd"), "_", " ")
	case inWords[name] != "":
		return inWords[name]
	case within != path:
		return "where and how messages are sent"
	default:
		return ""
	}
}

func capInWords(of side) string {
	every := of.at("budget_duration")
	if every.unknown || every.sensitive {
		return "cap"
	}
	if of.values != nil && every.empty() {
		return "lifetime cap"
	}
	span, err := api.ParseSpan(every.text())
	if words := caps[span]; err == nil && words != "" {
		return words
	}
	return "cap"
}
