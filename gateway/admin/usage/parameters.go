// Package usage answers what was used and what it cost: sums, the rows of the ledger, and LiteLLM's reports.
//
// It promises that answers of any length are written as they are read. It must never change anything.
package usage

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Parameters that many of the reading routes have.
var (
	byKey   = openapi.Parameter{Name: "api_key", Text: "Of this key only: its id, also after it was deleted, or its secret."}
	byKeyID = openapi.Parameter{Name: "key_id", Text: "The same as api_key."}
	ofTeam  = openapi.Parameter{Name: "team_id", Text: "Of this team only."}
	ofUser  = openapi.Parameter{Name: "user_id", Text: "Of this user's keys only."}
	ofModel = openapi.Parameter{Name: "model", Text: "Of this model only, by the name that clients ask for."}
	endUser = openapi.Parameter{Name: "end_user", Text: "Of requests whose `user` is this."}
	atMost  = openapi.Parameter{Name: "limit", Kind: "integer", Default: 10, Text: "How many at most."}
)

var ledgerParameters = []openapi.Parameter{
	route.StartDate, route.EndDate, ofTeam, byKey, byKeyID, ofUser, endUser, ofModel,
	{Name: "user", Text: "The same as user_id."},
	{Name: "request_id", Text: "This request only: x-litellm-call-id, or the X-Request-Id of the call."},
	{Name: "kind", Words: []string{api.LedgerSettle, api.LedgerEstimate, api.LedgerCorrection, api.LedgerAdjust, api.LedgerVoid}},
	{Name: "min_spend", Kind: "number", Text: "In USD, included."},
	{Name: "max_spend", Kind: "number", Text: "In USD, included."},
}

// Routes are the operations that the books serve.
func Routes(s *Books) []route.Route {
	return []route.Route{
		route.Raw("GET /usage", auth.TeamRead, s.usage, route.Spec{
			Tag: "usage", Summary: "Sum up what was used.", Answer: api.UsagePage{}, Media: route.CSVAndLines,
			Description: "By team and month it is the `team_usage` table: period_start, period_end, total_cost_usd, total_tokens, total_requests. " +
				"A request with two tags counts under both.",
			Query: []openapi.Parameter{
				{Name: "group_by", Text: "Some of team, key, user, model, tag, end_user, day, with commas; team unless given."},
				{Name: "period", Words: api.UsagePeriods, Text: "What is summed up: each day, each month (unless given), or all of it."},
				route.StartDate, route.EndDate,
				{Name: "team_id", Text: "Of these teams only, with commas."},
				{Name: "team_ids", Text: "The same as team_id."},
				byKey, byKeyID, ofUser, ofModel,
				{Name: "tag", Text: "Of requests with this tag only."},
				endUser, route.FormatAs, route.CursorAt,
				{Name: "limit", Kind: "integer", Default: defaultUsageLimit, Text: "How many sums on a page of JSON, at most 10000."},
			},
			Scope: route.TeamsInQuery,
		}),
		route.Raw("GET /quota/refusals", auth.TeamRead, s.refusals, route.Spec{
			Tag: "quota", Summary: "Say which calls were refused, by which limit or for what other reason, the most frequent first.", Answer: refusals{},
			Description: "Of all gateways, minute by minute, a few seconds behind. Minutes are kept for `minutes.keep`, eight days unless said otherwise. " +
				"In a minute with very many keys the last of them are counted for their team.",
			Query: refusalParameters, Scope: route.TeamsInQuery,
		}),
		route.Raw("GET /quota/peaks", auth.TeamRead, s.limitPeaks, route.Spec{
			Tag: "quota", Summary: "Say how much was used of each rate limit at most in any 60 seconds.", Answer: limitPeaks{},
			Description: "What calls under way had reserved counts, as it does for the limit. The limits of members and users are by key.",
			Query:       peakParameters, Scope: route.TeamsInQuery,
		}),
		route.Raw("GET /quota/forecast", auth.TeamRead, s.forecast, route.Spec{
			Tag: "quota", Summary: "Foresee what budgets will cost and when their caps fall, which falls first at the front.", Answer: forecasts{},
			Description: "By the whole UTC days of the last four weeks, weighed by weekday; the alerts guide has the arithmetic. Of a team, a key or a shared " +
				"budget, or of all teams and shared budgets. There is no forecast for periods shorter than seven days, nor before three days and a fifth of one have passed.",
			Query: []openapi.Parameter{
				{Name: "team_id", Text: "Of these teams only, with commas."},
				{Name: "team_ids", Text: "The same as team_id."},
				{Name: "budget_id", Text: "Of this shared budget."},
				{Name: "key", Text: "Of this key's own budget: its id or secret."},
				{Name: "size", Kind: "integer", Default: defaultForecasts, Text: "How many at most, at most 10000."},
			},
			Errors: route.Codes(api.NotFound), Scope: s.forecastScope,
		}),
		route.Raw("GET /spend/logs", auth.Read, s.spendLogs, route.Spec{
			Tag: "usage", Summary: "Read ledger rows, newest first, all in one go.", Answer: []spendLog{}, Media: route.CSVAndLines,
			Description: "In JSON with both dates, LiteLLM's default is what was spent on each day instead (`startTime`, `spend`, `users`, `models`); " +
				"`summarize=false` asks for the rows.",
			Query: append([]openapi.Parameter{{Name: "summarize", Words: []string{"true", "false"}}, route.FormatAs, route.CursorAt}, ledgerParameters...),
		}),
		route.Raw("GET /spend/logs/v2", auth.Read, s.spendLogPage, route.Spec{
			Tag: "usage", Summary: "Read ledger rows, newest first, by the page.", Answer: spendLogPage{},
			Query: append([]openapi.Parameter{route.PageNumber, route.PageSize("page_size"), route.CursorAt}, ledgerParameters...),
		}),
		route.Raw("GET /spend/logs/ui", auth.Read, s.spendLogPage, route.Spec{
			Tag: "usage", Summary: "Read ledger rows by the page; LiteLLM's other name for /spend/logs/v2.", Answer: spendLogPage{},
			Query: append([]openapi.Parameter{route.PageNumber, route.PageSize("page_size"), route.CursorAt}, ledgerParameters...),
		}),
		route.Raw("GET /spend/tags", auth.Read, s.spendTags, route.Spec{
			Tag: "usage", Summary: "Sum up spending by tag.", Answer: []tagSpend{}, Query: []openapi.Parameter{route.StartDate, route.EndDate},
		}),
		route.New("POST /spend/calculate", auth.Read, s.calculateSpend, route.Spec{
			Tag: "usage", Summary: "Work out what a prompt or an answer costs.",
		}),
		route.Raw("GET /global/spend", auth.Read, s.globalSpend, route.Spec{
			Tag: "usage", Summary: "Sum up all spending of the last thirty days.", Answer: globalSpend{}, Query: []openapi.Parameter{route.StartDate, route.EndDate},
		}),
		route.Raw("GET /global/spend/report", auth.Read, s.spendReport, route.Spec{
			Tag: "usage", Summary: "Report spending by day and team or customer, or by key or user.", Answer: []reportDay{},
			Description: "By api_key or internal_user_id the entries are `api_key` or `user_id`, `total_cost`, `total_input_tokens`, `total_output_tokens`, `model_details`.",
			Query: []openapi.Parameter{
				route.StartDate, route.EndDate,
				{Name: "group_by", Words: []string{reportByTeam, reportByCustomer, reportByKey, reportByUser}},
				ofTeam, byKey, byKeyID,
				{Name: "internal_user_id"},
				{Name: "customer_id"},
			},
		}),
		route.Raw("GET /global/spend/keys", auth.Read, s.globalSpendKeys, route.Spec{
			Tag: "usage", Summary: "List the keys that spent most.", Answer: []keySpend{}, Query: []openapi.Parameter{atMost, route.StartDate, route.EndDate},
		}),
		route.Raw("GET /global/spend/models", auth.Read, s.globalSpendModels, route.Spec{
			Tag: "usage", Summary: "List the models that cost most.", Answer: []modelSpend{}, Query: []openapi.Parameter{atMost, route.StartDate, route.EndDate},
		}),
		route.Raw("GET /global/spend/teams", auth.Read, s.globalSpendTeams, route.Spec{
			Tag: "usage", Summary: "Sum up what each team spent on each day.", Answer: teamsSpend{}, Query: []openapi.Parameter{route.StartDate, route.EndDate},
		}),
		route.Raw("GET /global/spend/tags", auth.Read, s.spendTags, route.Spec{
			Tag: "usage", Summary: "Sum up spending by tag; LiteLLM's other name for /spend/tags.", Answer: []tagSpend{},
			Query: []openapi.Parameter{route.StartDate, route.EndDate},
		}),
		route.Raw("GET /team/daily/activity", auth.TeamRead, s.teamActivity, route.Spec{
			Tag: "usage", Summary: "Break each day's usage down by model, key and team.", Answer: activity{}, Query: append([]openapi.Parameter{
				{Name: "team_ids", Text: "Of these teams only, with commas."},
				ofTeam,
				{Name: "exclude_team_ids", Text: "Of all but these."},
			}, activityParameters...),
			Scope: route.TeamsInQuery,
		}),
		route.Raw("GET /user/daily/activity", auth.Read, s.userActivity, route.Spec{
			Tag: "usage", Summary: "Break each day's usage down by model, key and user.", Answer: activity{},
			Query: append([]openapi.Parameter{ofUser}, activityParameters...),
		}),
	}
}

var activityParameters = []openapi.Parameter{
	{Name: "start_date", Kind: "date", Required: true, Text: "The first UTC day."},
	{Name: "end_date", Kind: "date", Required: true, Text: "The last UTC day, included."},
	ofModel, byKey, byKeyID, route.PageNumber,
	{Name: "page_size", Kind: "integer", Default: 10, Text: "How many days on a page, at most 1000."},
}
