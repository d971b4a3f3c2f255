package provider_test

import (
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

func TestAccQuotaHistoryDataSource_tellsWhoFromWhatToWhatAndWhy(t *testing.T) {
	g := startGateway(t)
	fields := api.TeamFields{BudgetTerms: api.BudgetTerms{MaxBudget: new(100 * money.USD)}}
	must[api.Team](t)(g.CreateTeam(t.Context(), "a", fields))
	ada := must[*client.Client](t)(client.New(client.Options{
		Endpoint: g.URL, AdminKey: adminKey, Actor: "ada", Reason: "launch, https://git.example.com/acme/quotas/pull/7", RetryMax: -1,
	}))
	fields.MaxBudget, fields.BudgetDuration = new(250*money.USD), new("1mo")
	must[api.Team](t)(ada.UpdateTeam(t.Context(), "a", fields, 0))
	history := func(attributes string) string {
		return g.config("data \"bursar_quota_history\" \"h\" {\n" + attributes + "\n}\n")
	}
	text := knownvalue.StringExact
	run(t,
		resource.TestStep{Config: history("team_id = \"a\"\nlimit = 0"), ExpectError: regexp.MustCompile(`(?s)limit.*between 1\s+and 1000`)},
		resource.TestStep{Config: history(`team_id = "a"`), ConfigStateChecks: tells("data.bursar_quota_history.h", map[string]knownvalue.Check{
			"history":                   knownvalue.ListSizeExact(2),
			"history.0.actor":           text("ada"),
			"history.0.action":          text("team.update"),
			"history.0.object_id":       text("a"),
			"history.0.pull_request":    text("https://git.example.com/acme/quotas/pull/7"),
			"history.0.changes":         knownvalue.ListSizeExact(2),
			"history.0.changes.0.field": text("budget_duration"),
			"history.0.changes.0.old":   knownvalue.Null(),
			"history.0.changes.0.new":   text("1mo"),
		})},
		resource.TestStep{Config: history("team_id = \"a\"\nlimit = 1"), ConfigStateChecks: tells("data.bursar_quota_history.h", map[string]knownvalue.Check{
			"history": knownvalue.ListSizeExact(1),
		})},
		resource.TestStep{Config: history(`team_id = "nobody"`), ConfigStateChecks: tells("data.bursar_quota_history.h", map[string]knownvalue.Check{
			"history": knownvalue.ListSizeExact(0),
		})},
	)
}
