package admin

import (
	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Parameters that many of the reading routes have.
var (
	startDate = openapi.Parameter{Name: "start_date", Kind: "date", Text: "The first UTC day."}
	endDate   = openapi.Parameter{Name: "end_date", Kind: "date", Text: "The last UTC day, included."}
	byKey     = openapi.Parameter{Name: "api_key", Text: "Of this key only: its id, also after it was deleted, or its secret."}
	byKeyID   = openapi.Parameter{Name: "key_id", Text: "The same as api_key."}
	formatAs  = openapi.Parameter{
		Name: "format", Words: []string{formatJSON, formatCSV, formatJSONL},
		Text: "The form of the answer; without it, the header Accept decides. CSV and JSON Lines are written row by row, whatever their length.",
	}
	cursorAt = openapi.Parameter{Name: "cursor", Text: "The `next_cursor` of an answer, to go on after it."}
	ofTeam   = openapi.Parameter{Name: "team_id", Text: "Of this team only."}
	ofUser   = openapi.Parameter{Name: "user_id", Text: "Of this user's keys only."}
	ofModel  = openapi.Parameter{Name: "model", Text: "Of this model only, by the name that clients ask for."}
	endUser  = openapi.Parameter{Name: "end_user", Text: "Of requests whose `user` is this."}
	atMost   = openapi.Parameter{Name: "limit", Kind: "integer", Default: 10, Text: "How many at most."}
)

var ledgerParameters = []openapi.Parameter{
	startDate, endDate, ofTeam, byKey, byKeyID, ofUser, endUser, ofModel,
	{Name: "user", Text: "The same as user_id."},
	{Name: "request_id", Text: "This request only: x-litellm-call-id, or the X-Request-Id of the call."},
	{Name: "kind", Words: []string{api.LedgerSettle, api.LedgerEstimate, api.LedgerCorrection, api.LedgerAdjust, api.LedgerVoid}},
	{Name: "min_spend", Kind: "number", Text: "In USD, included."},
	{Name: "max_spend", Kind: "number", Text: "In USD, included."},
}

var csvAndLines = []string{"text/csv", "application/jsonl"}

var usageDocs = documentation{
	"GET /usage": {
		Tag: "usage", Summary: "Sum up what was used.", Answer: api.UsagePage{}, Media: csvAndLines,
		Description: "By team and month it is the `team_usage` table: period_start, period_end, total_cost_usd, total_tokens, total_requests. " +
			"A request with two tags counts under both.",
		Query: []openapi.Parameter{
			{Name: "group_by", Text: "Some of team, key, user, model, tag, end_user, day, with commas; team unless given."},
			{Name: "period", Words: api.UsagePeriods, Text: "What is summed up: each day, each month (unless given), or all of it."},
			startDate, endDate,
			{Name: "team_id", Text: "Of these teams only, with commas."},
			{Name: "team_ids", Text: "The same as team_id."},
			byKey, byKeyID, ofUser, ofModel,
			{Name: "tag", Text: "Of requests with this tag only."},
			endUser, formatAs, cursorAt,
			{Name: "limit", Kind: "integer", Default: defaultUsageLimit, Text: "How many sums on a page of JSON, at most 10000."},
		},
	},
	"GET /spend/logs": {
		Tag: "usage", Summary: "Read ledger rows, newest first, all in one go.", Answer: []spendLog{}, Media: csvAndLines,
		Description: "In JSON with both dates, LiteLLM's default is what was spent on each day instead (`startTime`, `spend`, `users`, `models`); " +
			"`summarize=false` asks for the rows.",
		Query: append([]openapi.Parameter{{Name: "summarize", Words: []string{"true", "false"}}, formatAs, cursorAt}, ledgerParameters...),
	},
	"GET /spend/logs/v2": {
		Tag: "usage", Summary: "Read ledger rows, newest first, by the page.", Answer: spendLogPage{},
		Query: append([]openapi.Parameter{pageNumber, pageSize("page_size"), cursorAt}, ledgerParameters...),
	},
	"GET /spend/logs/ui": {
		Tag: "usage", Summary: "Read ledger rows by the page; LiteLLM's other name for /spend/logs/v2.", Answer: spendLogPage{},
		Query: append([]openapi.Parameter{pageNumber, pageSize("page_size"), cursorAt}, ledgerParameters...),
	},
	"GET /spend/tags": {
		Tag: "usage", Summary: "Sum up spending by tag.", Answer: []tagSpend{}, Query: []openapi.Parameter{startDate, endDate},
	},
	"GET /global/spend/tags": {
		Tag: "usage", Summary: "Sum up spending by tag; LiteLLM's other name for /spend/tags.", Answer: []tagSpend{},
		Query: []openapi.Parameter{startDate, endDate},
	},
	"POST /spend/calculate": {
		Tag: "usage", Summary: "Work out what a prompt or an answer costs.", Body: costQuestion{}, Answer: cost{},
	},
	"GET /global/spend": {
		Tag: "usage", Summary: "Sum up all spending of the last thirty days.", Answer: globalSpend{}, Query: []openapi.Parameter{startDate, endDate},
	},
	"GET /global/spend/report": {
		Tag: "usage", Summary: "Report spending by day and team or customer, or by key or user.", Answer: []reportDay{},
		Description: "By api_key or internal_user_id the entries are `api_key` or `user_id`, `total_cost`, `total_input_tokens`, `total_output_tokens`, `model_details`.",
		Query: []openapi.Parameter{
			startDate, endDate,
			{Name: "group_by", Words: []string{reportByTeam, reportByCustomer, reportByKey, reportByUser}},
			ofTeam, byKey, byKeyID,
			{Name: "internal_user_id"},
			{Name: "customer_id"},
		},
	},
	"GET /global/spend/keys": {
		Tag: "usage", Summary: "List the keys that spent most.", Answer: []keySpend{}, Query: []openapi.Parameter{atMost, startDate, endDate},
	},
	"GET /global/spend/models": {
		Tag: "usage", Summary: "List the models that cost most.", Answer: []modelSpend{}, Query: []openapi.Parameter{atMost, startDate, endDate},
	},
	"GET /global/spend/teams": {
		Tag: "usage", Summary: "Sum up what each team spent on each day.", Answer: teamsSpend{}, Query: []openapi.Parameter{startDate, endDate},
	},
	"GET /team/daily/activity": {
		Tag: "usage", Summary: "Break each day's usage down by model, key and team.", Answer: activity{}, Query: append([]openapi.Parameter{
			{Name: "team_ids", Text: "Of these teams only, with commas."},
			ofTeam,
			{Name: "exclude_team_ids", Text: "Of all but these."},
		}, activityParameters...),
	},
	"GET /user/daily/activity": {
		Tag: "usage", Summary: "Break each day's usage down by model, key and user.", Answer: activity{},
		Query: append([]openapi.Parameter{ofUser}, activityParameters...),
	},
}

var activityParameters = []openapi.Parameter{
	{Name: "start_date", Kind: "date", Required: true, Text: "The first UTC day."},
	{Name: "end_date", Kind: "date", Required: true, Text: "The last UTC day, included."},
	ofModel, byKey, byKeyID, pageNumber,
	{Name: "page_size", Kind: "integer", Default: 10, Text: "How many days on a page, at most 1000."},
}
