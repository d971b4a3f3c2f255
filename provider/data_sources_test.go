package provider_test

import (
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// tells checks attributes of a data source.
func tells(address string, want map[string]knownvalue.Check) []statecheck.StateCheck {
	var checks []statecheck.StateCheck
	for name, value := range want {
		path := tfjsonpath.New(strings.Split(name, ".")[0])
		for _, part := range strings.Split(name, ".")[1:] {
			if part == "0" {
				path = path.AtSliceIndex(0)
			} else {
				path = path.AtMapKey(part)
			}
		}
		checks = append(checks, statecheck.ExpectKnownValue(address, path, value))
	}
	return checks
}

func texts(values ...string) knownvalue.Check {
	checks := make([]knownvalue.Check, len(values))
	for i, value := range values {
		checks[i] = knownvalue.StringExact(value)
	}
	return knownvalue.ListExact(checks)
}

func amountOf(text string) knownvalue.Check {
	number, _, err := big.ParseFloat(text, 10, 512, big.ToNearestEven)
	if err != nil {
		panic(err)
	}
	return knownvalue.NumberExact(number)
}

func TestAccDataSources_tellWhatIsThere(t *testing.T) {
	g := startGateway(t)
	g.furnish()
	must[api.KeyCreated](t)(g.CreateKey(t.Context(), api.KeyCreate{Key: new("sk-long-canary-0123456789abcd"), KeyFields: api.KeyFields{
		KeyAlias: new("other"), UserID: new("ada"), Models: api.StringList{"m"}, RateLimits: api.RateLimits{RPMLimit: new(int64(0))},
		BudgetTerms: api.BudgetTerms{MaxBudget: new(money.USD / 2)}, Metadata: api.Metadata{"floor": []byte("2")},
		Expires: new(time.Date(2099, 1, 2, 3, 4, 5, 0, time.UTC)), SpeakForTeams: api.StringList{"*"}, Blocked: true,
	}}))
	route := g.onlyRoute()
	route.Webhook.Secret, route.Events, route.Thresholds = new("canary-secret-of-24-bytes-1"), api.StringList{"budget.hard_limit"}, []float64{0.8}
	must[api.AlertRoute](t)(g.UpdateAlertRoute(t.Context(), route.AlertRouteID, route.AlertRouteFields, 0))
	azure := api.ModelFields{
		Name: "gpt-4.1", Upstream: "azure", BaseURL: new("https://x.openai.azure.com"), APIVersion: new("2024-10-21"), APIKey: new("sk-canary"),
		Price: &api.ModelPrice{Request: new(money.USD), Tiers: nil}, Weight: 3, Metadata: api.Metadata{"floor": []byte("3")},
	}
	must[api.Model](t)(g.CreateModel(t.Context(), "azure", azure))
	must[api.User](t)(g.CreateUser(t.Context(), "eve", api.UserFields{
		UserEmail: new("eve@example.com"), UserRole: new("internal_user"), RateLimits: api.RateLimits{RPMLimit: new(int64(7))},
		BudgetTerms: api.BudgetTerms{MaxBudget: new(4 * money.USD)}, Metadata: api.Metadata{"floor": []byte("4")},
	}))
	must[api.Membership](t)(g.AddMember(t.Context(), "marketing", "eve", "", api.MemberFields{Role: api.MemberUser}))
	eves := must[api.KeyCreated](t)(g.CreateKey(t.Context(), api.KeyCreate{KeyFields: api.KeyFields{UserID: new("eve")}})).KeyID
	config := g.config(`
data "bursar_key" "id" {
  key_id = data.bursar_key.alias.key_id
}

data "bursar_key" "alias" {
  key_alias = "other"
}

data "bursar_keys" "marketing" {
  team_id = "marketing"
}

data "bursar_keys" "ada" {
  user_id = "ada"
}

data "bursar_budget" "company" {
  budget_id = "company"
}

data "bursar_budgets" "all" {}

data "bursar_user" "eve" {
  user_id = "eve"
}

data "bursar_users" "all" {}

output "eve" {
  value = [for user in data.bursar_users.all.users : user.metadata_json if user.user_id == "eve"]
}

data "bursar_alert_route" "oncall" {
  name = "platform-oncall"
}

data "bursar_alert_route" "id" {
  alert_route_id = data.bursar_alert_route.oncall.alert_route_id
}

data "bursar_alert_routes" "all" {}

data "bursar_model" "azure" {
  model_id = "azure"
}

data "bursar_models" "gpt" {
  name = "gpt-4.1"
}

data "bursar_models" "none" {
  name = "gpt"
}
`)
	key := map[string]knownvalue.Check{
		"key_alias": knownvalue.StringExact("other"), "user_id": knownvalue.StringExact("ada"), "team_id": knownvalue.Null(),
		"models": texts("m"), "rpm_limit": knownvalue.Int64Exact(0), "tpm_limit": knownvalue.Null(), "max_budget": amountOf("0.5"),
		"remaining_budget": amountOf("0.5"), "spend": amountOf("0"), "blocked": knownvalue.Bool(true), "speak_for_teams": texts("*"),
		"expires": knownvalue.StringExact("2099-01-02T03:04:05Z"), "key_name": knownvalue.StringExact("sk-...abcd"),
		"updated_by": knownvalue.StringExact("mallory"), "throttled": knownvalue.Bool(false),
		"metadata.floor": knownvalue.NumberExact(big.NewFloat(2)),
	}
	oncall := map[string]knownvalue.Check{
		"events": texts("budget.hard_limit"), "webhook_url": knownvalue.StringExact("https://alerts.example.com/llm"), "signed": knownvalue.Bool(true),
		"enabled": knownvalue.Bool(true), "thresholds": knownvalue.ListExact([]knownvalue.Check{knownvalue.Float64Exact(0.8)}),
	}
	checks := append(noCanary(), tells("data.bursar_key.alias", key)...)
	checks = append(checks, tells("data.bursar_key.id", key)...)
	checks = append(checks, tells("data.bursar_keys.marketing", map[string]knownvalue.Check{"keys": knownvalue.ListSizeExact(2)})...)
	checks = append(checks, tells("data.bursar_keys.ada", map[string]knownvalue.Check{
		"keys": knownvalue.ListSizeExact(1), "keys.0.key_alias": knownvalue.StringExact("other"), "keys.0.metadata_json": knownvalue.StringExact(`{"floor":2}`),
	})...)
	company := map[string]knownvalue.Check{
		"max_budget": amountOf("1000"), "remaining_budget": amountOf("1000"), "everything": knownvalue.Bool(true), "team_ids": knownvalue.Null(),
	}
	checks = append(checks, tells("data.bursar_budget.company", company)...)
	checks = append(checks, tells("data.bursar_user.eve", map[string]knownvalue.Check{
		"user_email": knownvalue.StringExact("eve@example.com"), "user_alias": knownvalue.Null(), "user_role": knownvalue.StringExact("internal_user"), "rpm_limit": knownvalue.Int64Exact(7),
		"max_budget": amountOf("4"), "spend": amountOf("0"), "remaining_budget": amountOf("4"), "team_ids": texts("marketing"), "key_ids": texts(eves),
		"metadata.floor": amountOf("4"), "updated_by": knownvalue.StringExact("mallory"),
	})...)
	checks = append(checks, statecheck.ExpectKnownOutputValue("eve", texts(`{"floor":4}`)))
	checks = append(checks, tells("data.bursar_budgets.all", map[string]knownvalue.Check{
		"budgets": knownvalue.ListSizeExact(1), "budgets.0.max_budget": amountOf("1000"),
	})...)
	checks = append(checks, tells("data.bursar_alert_route.oncall", oncall)...)
	checks = append(checks, tells("data.bursar_alert_route.id", oncall)...)
	checks = append(checks, tells("data.bursar_alert_routes.all", map[string]knownvalue.Check{"alert_routes.0.signed": knownvalue.Bool(true)})...)
	checks = append(checks, tells("data.bursar_model.azure", map[string]knownvalue.Check{
		"name": knownvalue.StringExact("gpt-4.1"), "upstream": knownvalue.StringExact("azure"), "has_api_key": knownvalue.Bool(true),
		"price.request_usd": amountOf("1"), "weight": knownvalue.Int64Exact(3), "metadata.floor": knownvalue.NumberExact(big.NewFloat(3)),
	})...)
	checks = append(checks, tells("data.bursar_models.gpt", map[string]knownvalue.Check{"models": knownvalue.ListSizeExact(2)})...)
	checks = append(checks, tells("data.bursar_models.none", map[string]knownvalue.Check{"models": knownvalue.ListSizeExact(0)})...)
	checks = append(checks, statecheck.ExpectSensitiveValue("data.bursar_alert_route.oncall", tfjsonpath.New("webhook_url")))
	run(t, resource.TestStep{Config: config, ConfigStateChecks: checks})
}

func TestAccDataSources_whatIsNotThereNamesTheAttribute(t *testing.T) {
	g := startGateway(t)
	var refusals []refusal
	for _, test := range []struct{ kind, attribute, want string }{
		{"key", `key_id = "gone"`, "Key not found in database"},
		{"key", `key_alias = "gone"`, `No key has the alias "gone"`},
		{"budget", `budget_id = "gone"`, `Budget "gone" does not exist`},
		{"alert_route", `alert_route_id = "gone"`, `Read alert route "gone"`},
		{"alert_route", `name = "gone"`, `No alert route has the name "gone"`},
		{"model", `model_id = "gone"`, `"gone"`},
		{"key", "key_id = \"a\"\nkey_alias = \"b\"", "key_alias"},
		{"usage", `start_date = "January"`, "which is no day; write a UTC day such as"},
		{"usage", "end_date = \"2026-01-01\"\nstart_date = \"2026-02-01\"", "end_date must not be before start_date"},
		{"usage", `group_by = ["tag"]`, "group_by"},
		{"usage", `period = "week"`, "period"},
	} {
		config := fmt.Sprintf("data \"bursar_%s\" \"x\" {\n%s\n}\n", test.kind, test.attribute)
		refusals = append(refusals, refusal{config, saysAt(strings.Split(test.attribute, "\n")[0], test.want)})
	}
	refuses(t, g.config(), refusals...)
}

// answers is an upstream whose every completion has 100 tokens of prompt and 50 of completion.
func answers(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, `{"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Yes."},"finish_reason":"stop"}],`+
			`"usage":{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150}}`)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/v1"
}

// ask sends a completion with the key, which must be served.
func (g *gateway) ask(secret, model string) {
	g.t.Helper()
	body := strings.NewReader(fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":"Is it?"}],"max_tokens":100}`, model))
	request, err := http.NewRequestWithContext(g.t.Context(), http.MethodPost, g.URL+"/v1/chat/completions", body)
	if err != nil {
		g.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+secret)
	answer, err := http.DefaultClient.Do(request)
	if err != nil || answer.StatusCode != http.StatusOK {
		g.t.Fatal("the question is not answered:", answer, err)
	}
	defer answer.Body.Close()
}

func TestAccUsageDataSource_addsUp(t *testing.T) {
	g := startGateway(t)
	upstream := answers(t)
	for _, name := range []string{"plain", "dear"} {
		model := api.NewModel("").ModelFields
		model.Name, model.BaseURL, model.Price = name, &upstream, &api.ModelPrice{Request: new(money.USD)}
		if name == "dear" {
			model.Price.Request = new(10 * money.USD)
		}
		must[api.Model](t)(g.CreateModel(t.Context(), name, model))
	}
	secrets := map[string]string{}
	for _, team := range []string{"a", "b"} {
		must[api.Team](t)(g.CreateTeam(t.Context(), team, api.TeamFields{}))
		created := must[api.KeyCreated](t)(g.CreateKey(t.Context(), api.KeyCreate{KeyFields: api.KeyFields{TeamID: &team}}))
		secrets[team] = created.Secret
	}
	g.ask(secrets["a"], "plain")
	g.ask(secrets["a"], "dear")
	g.ask(secrets["b"], "plain")
	usage := func(attributes string) string {
		return g.config("data \"bursar_usage\" \"u\" {\n" + attributes + "\n}\n")
	}
	sums := func(spend string, requests, rows int64) map[string]knownvalue.Check {
		return map[string]knownvalue.Check{
			"spend": amountOf(spend), "requests": knownvalue.Int64Exact(requests), "tokens": knownvalue.Int64Exact(150 * requests),
			"prompt_tokens": knownvalue.Int64Exact(100 * requests), "completion_tokens": knownvalue.Int64Exact(50 * requests),
			"cached_tokens": knownvalue.Int64Exact(0), "rows": knownvalue.ListSizeExact(int(rows)),
		}
	}
	step := func(attributes string, want map[string]knownvalue.Check, rows ...string) resource.TestStep {
		checks := tells("data.bursar_usage.u", want)
		for i, row := range rows {
			checks = append(checks, statecheck.ExpectKnownValue("data.bursar_usage.u",
				tfjsonpath.New("rows").AtSliceIndex(i).AtMapKey("spend"), amountOf(row)))
		}
		return resource.TestStep{Config: usage(attributes), ConfigStateChecks: checks}
	}
	run(t,
		step("", sums("12", 3, 1), "12"),
		step(`team_id = "a"`, sums("11", 2, 1), "11"),
		step(`model = "plain"`, sums("2", 2, 1), "2"),
		step(`user_id = "nobody"`, sums("0", 0, 0)),
		step(`group_by = ["team"]`, sums("12", 3, 2), "11", "1"),
		step("group_by = [\"model\"]\nperiod = \"month\"", sums("12", 3, 2), "10", "2"),
		step("period = \"day\"\nstart_date = \"2026-01-01\"", sums("12", 3, 1), "12"),
		step(`end_date = "2026-01-01"`, sums("0", 0, 0)),
		step(fmt.Sprintf("end_date = %q", time.Now().UTC().Format(time.DateOnly)), sums("12", 3, 1), "12"),
		resource.TestStep{
			Config:            usage("group_by = [\"team\", \"model\"]\nteam_id = \"b\""),
			ConfigStateChecks: tells("data.bursar_usage.u", map[string]knownvalue.Check{"rows.0.team_id": knownvalue.StringExact("b"), "rows.0.model": knownvalue.StringExact("plain"), "rows.0.key_id": knownvalue.Null()}),
		},
	)
}
