// Package usage answers what was used and what it cost: sums, the rows of the ledger, and LiteLLM's reports.
//
// It promises that answers of any length are written as they are read. It must never change anything.
package usage

import (
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// ofKey names a key whose spending is meant.
type ofKey struct {
	// Of this key only: its id, also after it was deleted, or its secret.
	APIKey string `query:"api_key"`
	// The same as api_key.
	KeyID string `query:"key_id"`
}

// ofTeams names teams whose spending is meant.
type ofTeams struct {
	// Of these teams only, with commas.
	TeamID []string `query:"team_id"`
	// The same as team_id.
	TeamIDs []string `query:"team_ids"`
}

func (t ofTeams) ids() []string { return slices.Concat(t.TeamID, t.TeamIDs) }

// Routes are the operations that the books serve.
func Routes(s *Books) []route.Route {
	return append(broughtRoutes(s), []route.Route{
		route.New("GET /usage", auth.TeamRead, s.usage, route.Spec{
			Tag: "usage", Summary: "Sum up what was used.", Answer: api.UsagePage{}, Media: route.CSVAndLines,
			Description: "By team and month it is the `team_usage` table: period_start, period_end, total_cost_usd, total_tokens, total_requests. " +
				"A request with two tags counts under both.",
			Scope: route.TeamsInQuery,
		}),
		route.New("GET /quota/refusals", auth.TeamRead, s.refusals, route.Spec{
			Tag: "quota", Summary: "Say which calls were refused, by which limit or for what other reason, the most frequent first.",
			Description: "Of all gateways, minute by minute, a few seconds behind. Minutes are kept for `minutes.keep`, eight days unless said otherwise. " +
				"In a minute with very many keys the last of them are counted for their team.",
			Scope: route.TeamsInQuery,
		}),
		route.New("GET /quota/peaks", auth.TeamRead, s.limitPeaks, route.Spec{
			Tag: "quota", Summary: "Say how much was used of each rate limit at most in any 60 seconds.",
			Description: "What calls under way had reserved counts, as it does for the limit. The limits of members and users are by key.",
			Scope:       route.TeamsInQuery,
		}),
		route.New("GET /quota/forecast", auth.TeamRead, s.forecast, route.Spec{
			Tag: "quota", Summary: "Foresee what budgets will cost and when their caps fall, which falls first at the front.",
			Description: "By the whole UTC days of the last four weeks, weighed by weekday; the alerts guide has the arithmetic. Of a team, a key or a shared " +
				"budget, or of all teams and shared budgets. There is no forecast for periods shorter than seven days, nor before three days and a fifth of one have passed.",
			Errors: route.Codes(api.NotFound), Scope: s.forecastScope,
		}),
		route.New("GET /spend/logs", auth.Read, s.spendLogs, route.Spec{
			Tag: "usage", Summary: "Read ledger rows, newest first, all in one go.", Answer: []spendLog{}, Media: route.CSVAndLines,
			Description: "In JSON with both dates, LiteLLM's default is what was spent on each day instead (`startTime`, `spend`, `users`, `models`); " +
				"`summarize=false` asks for the rows.",
		}),
		route.New("GET /spend/logs/v2", auth.Read, s.spendLogPage, route.Spec{
			Tag: "usage", Summary: "Read ledger rows, newest first, by the page.",
		}),
		route.New("GET /spend/logs/ui", auth.Read, s.spendLogPage, route.Spec{
			Tag: "usage", Summary: "Read ledger rows by the page; LiteLLM's other name for /spend/logs/v2.",
		}),
		route.New("GET /spend/tags", auth.Read, s.spendTags, route.Spec{
			Tag: "usage", Summary: "Sum up spending by tag.",
		}),
		route.New("POST /spend/calculate", auth.Read, s.calculateSpend, route.Spec{
			Tag: "usage", Summary: "Work out what a prompt or an answer costs.",
		}),
		route.New("GET /global/spend", auth.Read, s.globalSpend, route.Spec{
			Tag: "usage", Summary: "Sum up all spending of the last thirty days.",
		}),
		route.New("GET /global/spend/report", auth.Read, s.spendReport, route.Spec{
			Tag: "usage", Summary: "Report spending by day and team or customer, or by key or user.", Answer: []reportDay{},
			Description: "By api_key or internal_user_id the entries are `api_key` or `user_id`, `total_cost`, `total_input_tokens`, `total_output_tokens`, `model_details`.",
		}),
		route.New("GET /global/spend/keys", auth.Read, s.globalSpendKeys, route.Spec{
			Tag: "usage", Summary: "List the keys that spent most.",
		}),
		route.New("GET /global/spend/models", auth.Read, s.globalSpendModels, route.Spec{
			Tag: "usage", Summary: "List the models that cost most.",
		}),
		route.New("GET /global/spend/teams", auth.Read, s.globalSpendTeams, route.Spec{
			Tag: "usage", Summary: "Sum up what each team spent on each day.",
		}),
		route.New("GET /global/spend/tags", auth.Read, s.spendTags, route.Spec{
			Tag: "usage", Summary: "Sum up spending by tag; LiteLLM's other name for /spend/tags.",
		}),
		route.New("GET /team/daily/activity", auth.TeamRead, s.teamActivity, route.Spec{
			Tag: "usage", Summary: "Break each day's usage down by model, key and team.",
			Scope: route.TeamsInQuery,
		}),
		route.New("GET /user/daily/activity", auth.Read, s.userActivity, route.Spec{
			Tag: "usage", Summary: "Break each day's usage down by model, key and user.",
		}),
	}...)
}
