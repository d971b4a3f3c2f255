package route

import (
	"encoding/json"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// What LiteLLM's clients write and mean otherwise than it stands there.

var (
	// emptyIsNull are fields for which LiteLLM's clients send "" when they mean nothing.
	emptyIsNull = []string{
		"team_id", "user_id", "key_alias", "key", "duration", "budget_id", "budget_duration", "max_budget", "soft_budget",
		"user_email", "user_alias", "user_role", "max_budget_in_team", "team_member_budget", "team_member_budget_duration",
	}
	// emptyIsAbsent are those of them that an update leaves as they are.
	emptyIsAbsent = []string{"duration", "budget_duration", "team_member_budget_duration"}
	// wholeNumbers are fields for which they send 100.0 or "100" when they mean 100.
	wholeNumbers = []string{
		"rpm_limit", "tpm_limit", "max_parallel_requests", "team_member_rpm_limit", "team_member_tpm_limit", "min_output_tokens",
	}
)

// Lenient reads what LiteLLM's clients write as what they mean.
func Lenient(name string, value json.RawMessage) json.RawMessage {
	text := string(value)
	if text == `""` && slices.Contains(emptyIsNull, name) {
		return null
	}
	if !slices.Contains(wholeNumbers, name) || len(text) > 32 {
		return value
	}
	number, ok := new(big.Float).SetString(strings.Trim(text, `"`))
	if !ok || !number.IsInt() {
		return value
	}
	whole, accuracy := number.Int64()
	if accuracy != big.Exact {
		return value
	}
	return json.RawMessage(strconv.FormatInt(whole, 10))
}

// harmless are fields of LiteLLM's that limit nothing which is spent or may be done. They are left out of account and
// named in a header, on routes too that refuse what they do not know.
var harmless = []string{
	"organization_id", "organizations", "project_id", "guardrails", "policies", "prompts", "logging", "secret_manager_settings",
	"router_settings", "config", "allowed_cache_controls", "send_invite_email", "auto_rotate", "rotation_interval",
	"rpm_limit_type", "tpm_limit_type", "spend", "budget_reset_at", "created_at", "created_by", "updated_at", "updated_by",
	"admins", "members", "model_id", "model_spend", "sso_user_id", "password",
	"token", "token_id", "key_name", "litellm_budget_table", "litellm_model_table", "team_member_budget_table", "object_permission_id",
	"allow_team_guardrail_config", "additional",
}

// isHarmless says whether a field may be left out of account: one of LiteLLM's that limits nothing, or one that the route
// itself answers, as clients send back what they read. What would limit something was refused before.
func isHarmless(name string, answered map[string]reflect.Type) bool {
	_, isAnswered := answered[name]
	_, isReplaced := replaced[name]
	return isAnswered || isReplaced || slices.Contains(harmless, name) || strings.HasPrefix(name, "litellm_params.")
}

// replaced are fields by which LiteLLM limits what may be spent or done, and which have another place here, with
// that place. Nobody may believe such a limit to be in force that is not: they are refused, strict or not.
var replaced = map[string]string{
	"model_max_budget": "is not kept here: a cap for a model is a pot. Make one for each with POST /budget/new " +
		"(key_ids or team_ids, models, max_budget, budget_duration) or bursar_budget, and leave the field out",
	"budget_limits": "is not kept here: max_budget and budget_duration are one cap, and each further window is a pot. Make it with " +
		"POST /budget/new (key_ids or team_ids, max_budget, budget_duration) or bursar_budget, and leave the field out",
	"budget_fallbacks": "is not kept here: a spent budget refuses, and calls no other model. Leave the field out",
	"aliases":          aliasesReplaced,
	"model_aliases":    aliasesReplaced,
	"tags": "are not kept here: budgets go by key, team, user and model, and a call's own tags (metadata.tags in its body) are what " +
		"reports go by. Label it in metadata, and leave the field out",
	"tpd_limit":                dayReplaced,
	"rpd_limit":                dayReplaced,
	"team_member_key_duration": "is not kept here: give each key its duration with POST /key/generate or bursar_key, and leave the field out",
	"permissions":              "are not kept here: a key calls models, and what else somebody may do is their role. Leave the field out",
	"object_permission":        "is not kept here: the gateway serves models only, which models lists. Leave the field out",
	"enforced_params":          "are not kept here: no parameter of a call is asked for. Leave the field out",
	"allowed_model_region":     "is not kept here: list the models of the region in models, and leave the field out",
	"allowed_routes": "are not kept here: a key calls all routes of models and no other. Make an admin key with a role " +
		"(POST /admin_key/new, bursar_admin_key) for the rest, and leave the field out",
	"key_type": `can be "default" or "llm_api" only: a key calls models. Make an admin key with a role (POST /admin_key/new) ` +
		"for the rest",
}

const (
	aliasesReplaced = "are not kept here: an alias belongs to its model. Give it to the model with POST /model/update " +
		"(aliases), in bursar_model.aliases or in models[].aliases of the configuration file, and list it in models"
	dayReplaced = "is not kept here: rates are per minute, and what a day may cost is a budget. Set max_budget and " +
		`budget_duration "1d", or make a pot with POST /budget/new or bursar_budget, and leave the field out`
)

// nothingLimited are values of such fields that change nothing, which LiteLLM's clients send without being asked.
var nothingLimited = map[string][]string{
	"key_type":       {`"default"`, `"llm_api"`},
	"allowed_routes": {`["llm_api_routes"]`, `["openai_routes"]`},
}

// refuseReplaced refuses fields that are not known here, and whose limit nobody would enforce.
func (in *Input) refuseReplaced(unknown []string) error {
	for _, name := range unknown {
		instead, limits := replaced[name]
		if limits && !limitsNothing(name, in.Fields[name]) {
			return api.FieldErrorf(name, "%s", instead)
		}
	}
	return nil
}

func limitsNothing(name string, value json.RawMessage) bool {
	text := strings.Join(strings.Fields(string(value)), "")
	return slices.Contains([]string{"null", "{}", "[]", `""`, "false"}, text) || slices.Contains(nothingLimited[name], text)
}
