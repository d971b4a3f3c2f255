package route

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

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
