package admin_test

import (
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/usage"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
	"github.com/bursarhq/terraform-provider-bursar/internal/pricing"
)

var _ usage.Prices = oneModel{}

// oneModel has one model with a price: a dollar for a million tokens, half of it for cached ones.
type oneModel struct{}

func (oneModel) Price(model string) (pricing.Price, bool) {
	dollar, half := money.USD, money.USD/2
	price, err := pricing.Terms{Input: &dollar, Output: &dollar, CachedInput: &half}.Price()
	return price, err == nil && model == "gpt-4o"
}

func TestGlobalSpend(t *testing.T) {
	g := spent(t) // today is 2026-11-18
	g.used("2026-10-19", "t1", "k1", "gpt", 1000)
	g.get("/global/spend").ok().has("spend", "1.85", "max_budget", "null")
	g.used("2026-10-20", "t1", "k1", "gpt", 2000)
	g.post("/budget/new", `{"budget_id":"all","everything":true,"max_budget":500}`).ok()
	g.post("/budget/new", `{"budget_id":"less","everything":true,"max_budget":100}`).ok()
	g.post("/budget/new", `{"budget_id":"one","team_ids":["t1"],"max_budget":1}`).ok()
	g.get("/global/spend").ok().has("spend", "21.85", "max_budget", "100")
	g.get("/global/spend?start_date=2026-11-02&end_date=2026-11-02").ok().has("spend", "0.35")
}

func TestGlobalSpend_lists(t *testing.T) {
	g := spent(t)
	g.post("/key/generate", `{"team_id":"t1","key_alias":"Blog"}`).ok()
	for path, want := range map[string]string{
		"/global/spend/models?limit=1": `[{"model":"gpt","total_spend":1.6}]`,
		"/global/spend/keys?limit=2": `[{"api_key":"k1","key_alias":null,"key_name":null,"total_spend":1.5},` +
			`{"api_key":"k2","key_alias":null,"key_name":null,"total_spend":0.25}]`,
		"/global/spend/teams": `{"daily_spend":[{"Marketing":0.5,"date":"2026-10-31"},{"Marketing":1,"date":"2026-11-01"},` +
			`{"Marketing":0.25,"date":"2026-11-02","t2":0.1}],"teams":["Marketing","t2"],` +
			`"total_spend_per_team":[{"team_id":"Marketing","total_spend":1.75},{"team_id":"t2","total_spend":0.1}]}`,
		"/spend/tags": `[{"individual_request_tag":"blog","log_count":2,"total_spend":1.25},` +
			`{"individual_request_tag":"seo","log_count":1,"total_spend":1}]`,
		"/global/spend/tags?start_date=2026-11-02": `[{"individual_request_tag":"blog","log_count":1,"total_spend":0.25}]`,
	} {
		if got := g.get(path).ok().text; got != want+"\n" {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func TestSpendReport(t *testing.T) {
	g := spent(t)
	for query, want := range map[string]string{
		"&start_date=2026-11-02": `[{"group_by_day":"2026-11-02T00:00:00+00:00","teams":[` +
			`{"team_name":"Marketing","team_id":"t1","total_spend":0.25,"metadata":[{"model":"claude","api_key":"k2","spend":0.25,"total_tokens":110}]},` +
			`{"team_name":"t2","team_id":"t2","total_spend":0.1,"metadata":[{"model":"gpt","api_key":"k3","spend":0.1,"total_tokens":110}]}]}]`,
		"&start_date=2026-11-01&group_by=customer&customer_id=anna": `[{"group_by_day":"2026-11-01T00:00:00+00:00","customers":[` +
			`{"customer":"anna","total_spend":1,"metadata":[{"model":"gpt","api_key":"k1","spend":1,"total_tokens":110}]}]}]`,
		"&start_date=2026-10-01&group_by=api_key&api_key=k1": `[{"api_key":"k1","total_cost":1.5,"total_input_tokens":200,"total_output_tokens":20,` +
			`"model_details":[{"model":"gpt","total_cost":1.5,"total_input_tokens":200,"total_output_tokens":20}]}]`,
		"&start_date=2026-10-01&internal_user_id=u-k2": `[{"user_id":"u-k2","total_cost":0.25,"total_input_tokens":100,"total_output_tokens":10,` +
			`"model_details":[{"model":"claude","total_cost":0.25,"total_input_tokens":100,"total_output_tokens":10}]}]`,
		"&start_date=2026-10-01&team_id=nobody": `[]`,
	} {
		if got := g.get("/global/spend/report?end_date=2026-11-30" + query).ok().text; got != want+"\n" {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	g.get("/global/spend/report?end_date=2026-11-30").refused(400, "start_date", "and end_date are required")
	g.get("/global/spend/report?start_date=2026-11-01&end_date=2026-11-30&group_by=planet").refused(400, "group_by", "must be one of")
}

func TestDailyActivity(t *testing.T) {
	g := spent(t)
	key := g.post("/key/generate", `{"team_id":"t1","key_alias":"Blog"}`).ok().textAt("key_id")
	g.used("2026-11-02", "t1", key, "gpt", 5)
	got := g.get("/team/daily/activity?start_date=2026-10-01&end_date=2026-11-30&page_size=1").ok().has(
		"metadata", `{"total_spend":0.4,"total_prompt_tokens":300,"total_completion_tokens":30,"total_tokens":330,"total_api_requests":3,`+
			`"total_successful_requests":3,"total_failed_requests":0,"total_cache_read_input_tokens":120,"total_cache_creation_input_tokens":0,`+
			`"page":1,"total_pages":3,"has_more":true}`,
	)
	if days := ids(t, got, "results", "date"); days != "2026-11-02" {
		t.Errorf("days: %s", days)
	}
	var day struct {
		Results []struct {
			Breakdown map[string]map[string]struct {
				Metrics struct {
					Spend money.Nano `json:"spend"`
				} `json:"metrics"`
				Metadata map[string]string `json:"metadata"`
			} `json:"breakdown"`
		} `json:"results"`
	}
	got.decode(&day)
	parts := day.Results[0].Breakdown
	if parts["models"]["gpt"].Metrics.Spend != 15*money.USD/100 || parts["entities"]["t1"].Metrics.Spend != 30*money.USD/100 ||
		parts["entities"]["t1"].Metadata["team_alias"] != "Marketing" || parts["api_keys"][key].Metadata["key_alias"] != "Blog" ||
		parts["api_keys"][key].Metadata["team_id"] != "t1" || len(parts["api_keys"]) != 3 {
		t.Errorf("%+v", parts)
	}
	const month = "/daily/activity?start_date=2026-11-01&end_date=2026-11-30"
	for query, want := range map[string]string{
		"/team" + month + "&team_ids=t2":            "0.1",
		"/team" + month + "&exclude_team_ids=t1":    "0.1",
		"/team" + month + "&api_key=k2":             "0.25",
		"/team" + month + "&page=2&page_size=1":     "1",
		"/team" + month + "&page=9":                 "0",
		"/user" + month + "&user_id=u-k3&model=gpt": "0.1",
		"/user" + month + "&user_id=nobody":         "0",
	} {
		g.get(query).ok().has("metadata.total_spend", want)
	}
	g.get("/team/daily/activity").refused(400, "start_date", "and end_date are required")
}

func TestCalculateSpend(t *testing.T) {
	g := newGateway(t)
	g.prices = oneModel{}
	g.serve(g.store)
	prompt := g.post("/spend/calculate", `{"model":"gpt-4o","messages":[{"role":"user","content":"Hey, how's it going?"}]}`).ok()
	if got := prompt.at("cost"); got != "0.000014" {
		t.Errorf("prompt: %s", got)
	}
	g.post("/spend/calculate", `{"completion_response":{"id":"x","model":"gpt-4o","usage":{"prompt_tokens":100,"completion_tokens":10,"prompt_tokens_details":{"cached_tokens":40}}}}`).
		ok().has("cost", "0.00009")
	g.post("/spend/calculate", `{"model":"unheard-of","messages":[]}`).refused(400, "model", "has no known price")
	g.post("/spend/calculate", `{"messages":[]}`).refused(400, "model", "and messages are required")
	g.post("/spend/calculate", `{"model":"gpt-4o"}`).refused(400, "model", "and messages are required")
}
