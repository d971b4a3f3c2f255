package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// What the documentation shows is applied as it stands, and plans empty afterwards.
func TestAccExamples(t *testing.T) {
	var files []string
	for pattern, count := range map[string]int{
		"../examples/resources/*/resource.tf": 8, "../examples/data-sources/*/data-source.tf": 14,
		"../examples/ephemeral-resources/*/ephemeral-resource.tf": 2, "../examples/functions/*/function.tf": 3,
	} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) != count {
			t.Fatalf("%s: found %v, %v", pattern, found, err)
		}
		files = append(files, found...)
	}
	variables := config.Variables{
		"webhook_secret": config.StringVariable("canary-secret-of-24-bytes-1"),
		"openai_api_key": config.StringVariable("sk-canary-of-openai"),
		"slack_token":    config.StringVariable("xoxb-canary-of-slack"),
		"pagerduty_key":  config.StringVariable("canaryroutingkey0123456789abcdef"),
		"pipeline_key":   config.StringVariable("sk-canary-0123456789-pipeline"),
		"batch_key":      config.StringVariable("sk-canary-0123456789-batch"),
	}
	for _, file := range files {
		t.Run(strings.TrimPrefix(filepath.Dir(file), "../examples/"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			g := startGateway(t)
			example := g.config(string(text))
			if name := filepath.Base(file); name == "data-source.tf" || name == "ephemeral-resource.tf" {
				g.furnish()
			}
			checks := noCanary()
			if filepath.Base(file) == "data-source.tf" {
				checks = nil
			}
			run(t,
				resource.TestStep{Config: example, ConfigVariables: variables, ConfigStateChecks: checks},
				resource.TestStep{Config: example, ConfigVariables: variables, ConfigPlanChecks: nothing()},
				// What is protected could not be destroyed at the end.
				resource.TestStep{Config: strings.ReplaceAll(example, "deletion_protection = true", ""), ConfigVariables: variables},
			)
		})
	}
}

// furnish makes what examples take for there already.
func (g *gateway) furnish() {
	t := g.t
	t.Helper()
	must[api.Team](t)(g.CreateTeam(t.Context(), "marketing", api.TeamFields{BudgetTerms: api.BudgetTerms{MaxBudget: new(100 * money.USD)}}))
	for _, alias := range []string{"website", "newsletter"} {
		must[api.KeyCreated](t)(g.CreateKey(t.Context(), api.KeyCreate{KeyFields: api.KeyFields{KeyAlias: &alias, TeamID: new("marketing")}}))
	}
	pot := api.NewBudget("company").BudgetFields
	pot.MaxBudget, pot.Everything = new(1000*money.USD), true
	must[api.Budget](t)(g.CreateBudget(t.Context(), "company", pot))
	route := api.NewAlertRoute("").AlertRouteFields
	route.Name, route.Webhook = "platform-oncall", &api.WebhookTarget{URL: "https://alerts.example.com/llm"}
	must[api.AlertRoute](t)(g.CreateAlertRoute(t.Context(), "", route))
	model := api.NewModel("").ModelFields
	model.Name = "gpt-4.1"
	must[api.Model](t)(g.CreateModel(t.Context(), "gpt-primary", model))
	must[api.User](t)(g.CreateUser(t.Context(), "ann", api.UserFields{UserEmail: new("ann@example.com")}))
}
