package provider_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/bursarhq/terraform-provider-bursar/gateway/export"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// nasty is text that needs quoting in a configuration.
const nasty = "a \"b\" ${c} %{d} \\ \n ä"

// teamShapes change a team into each of its shapes.
var teamShapes = []func(*api.TeamFields){
	func(*api.TeamFields) {},
	func(f *api.TeamFields) { f.RPMLimit, f.TPMLimit = new(int64(30)), new(int64(0)) },
	func(f *api.TeamFields) {
		f.MaxBudget, f.BudgetDuration, f.HardCap = new(money.USD/3), new("30d"), false
	},
	func(f *api.TeamFields) { f.BudgetID = new("terms-0") },
	func(f *api.TeamFields) { f.TeamAlias, f.Models = new(nasty), api.StringList{"gpt-4.1", nasty} },
	func(f *api.TeamFields) {
		f.Metadata = api.Metadata{
			"for": json.RawMessage(`null`), nasty: json.RawMessage(`[1.5, {"b": [true, "${x}"]}]`), "big": json.RawMessage(`12345678901234567890`),
		}
	},
	func(f *api.TeamFields) {
		f.ModelRPMLimit, f.MaxParallelRequests = map[string]int64{"gpt-4.1": 3, "a b": 4}, new(int64(5))
		f.MaxBudget, f.SoftThresholdPct, f.ResetDay, f.BudgetDuration = new(100*money.USD), new(0.85), new(15), new("1mo")
	},
	func(f *api.TeamFields) {
		f.MaxBudget, f.AlertThresholds = new(money.USD), []float64{0.5, 0.95}
		f.Blocked, f.TeamMemberPermissions = true, &api.StringList{}
		f.TeamMemberBudget, f.TeamMemberBudgetDuration = new(money.USD/2), new("7d")
		f.TeamMemberRPMLimit, f.TeamMemberTPMLimit = new(int64(0)), new(int64(7))
	},
}

var keyShapes = []func(*api.KeyFields, int){
	func(*api.KeyFields, int) {},
	func(f *api.KeyFields, i int) { f.KeyAlias = new(fmt.Sprintf("app %d", i)) },
	func(f *api.KeyFields, i int) { f.TeamID, f.UserID = new(teamName(i)), new("ada") },
	func(f *api.KeyFields, i int) {
		f.TeamID, f.KeyAlias, f.RPMLimit = new(teamName(i)), new(fmt.Sprintf("key-%d", i)), new(int64(i))
	},
	func(f *api.KeyFields, i int) {
		f.Expires = new(time.Date(2099, 1, 31, 12, 0, i%60, 0, time.UTC))
		f.SpeakForTeams = api.StringList{teamName(0), "elsewhere"}
	},
	func(f *api.KeyFields, _ int) { f.BudgetID, f.Blocked = new("terms-1"), true },
	func(f *api.KeyFields, _ int) { f.MaxBudget, f.SoftBudget = new(money.USD), new(money.USD/2) },
	func(f *api.KeyFields, _ int) { f.SpeakForTeams = api.StringList{"*"} },
}

// settleEveryShape makes size objects of each kind, in every shape.
func (g *gateway) settleEveryShape(size int) {
	g.t.Helper()
	ctx := g.t.Context()
	for i := range 5 {
		terms := api.NewBudget("").BudgetFields
		terms.MaxBudget, terms.AlertThresholds, terms.Timezone = new(money.Nano(i+1)*money.USD), []float64{0.5, 0.95}, new("Europe/Berlin")
		must[api.Budget](g.t)(g.CreateBudget(ctx, fmt.Sprintf("terms-%d", i), terms))
	}
	pot := api.NewBudget("").BudgetFields
	pot.MaxBudget, pot.Models = new(money.USD), []string{"gpt-4.1"}
	pot.OnSoftLimit, pot.SoftThresholdPct = &api.OnSoftLimit{ReduceRPMPct: new(0.5)}, new(0.5)
	must[api.Budget](g.t)(g.CreateBudget(ctx, "pot-of-models", pot))
	var keys []string
	for i := range size {
		team := api.NewTeam("").TeamFields
		teamShapes[i%len(teamShapes)](&team)
		must[api.Team](g.t)(g.CreateTeam(ctx, teamName(i), team))
		key := api.NewKey("").KeyFields
		keyShapes[i%len(keyShapes)](&key, i)
		keys = append(keys, must[api.KeyCreated](g.t)(g.CreateKey(ctx, api.KeyCreate{KeyFields: key})).KeyID)
		member := api.MemberFields{Role: []string{api.MemberUser, api.MemberAdmin}[i%2]}
		if i%3 == 0 {
			member.RPMLimit, member.MaxBudgetInTeam, member.BudgetDuration = new(int64(3)), new(money.USD), new("1d")
		}
		must[api.Membership](g.t)(g.AddMember(ctx, teamName(i), fmt.Sprintf("user-%d", i%7), "", member))
	}
	for i := range size {
		g.settlePot(i, keys)
		g.settleRoute(i)
	}
	g.settleModels()
}

func (g *gateway) settlePot(i int, keys []string) {
	g.t.Helper()
	pot := api.NewBudget("").BudgetFields
	pot.MaxBudget = new(money.USD)
	switch i % 4 {
	case 0:
		pot.TeamIDs = []string{teamName(i), "not-there"}
	case 1:
		pot.KeyIDs, pot.RPMLimit = keys[i-1:i+1], new(int64(9))
	case 2:
		pot.TeamIDs, pot.Models = []string{teamName(i)}, []string{"gpt-4.1", "b"}
	default:
		pot.Everything, pot.HardCap = true, false
	}
	must[api.Budget](g.t)(g.CreateBudget(g.t.Context(), fmt.Sprintf("pot-%d", i), pot))
}

func (g *gateway) settleRoute(i int) {
	g.t.Helper()
	route := api.NewAlertRoute("").AlertRouteFields
	route.Name, route.Webhook = fmt.Sprintf("route %d", i), &api.WebhookTarget{URL: fmt.Sprintf("https://hooks.example.com/canary-path-%d", i)}
	switch i % 3 {
	case 0:
		route.Webhook.Secret = new("canary-webhook-secret-0123")
	case 1:
		route.Events, route.TeamIDs = api.StringList{api.EventBudgetHardLimit}, api.StringList{teamName(i)}
	default:
		route.MinSeverity, route.Thresholds, route.Enabled = new("warning"), []float64{0.8, 1}, false
	}
	must[api.AlertRoute](g.t)(g.CreateAlertRoute(g.t.Context(), "", route))
}

func (g *gateway) settleModels() {
	g.t.Helper()
	price := api.ModelPrice{TokenPrices: api.TokenPrices{Input: new(money.USD / 3), Output: new(2 * money.USD)}}
	for i, change := range []func(*api.ModelFields){
		func(f *api.ModelFields) { f.Price = &price },
		func(f *api.ModelFields) { f.APIKey, f.Weight = new("sk-canary-of-openai"), 0 },
		func(f *api.ModelFields) {
			f.Upstream, f.BaseURL, f.APIVersion = "azure", new("https://a.openai.azure.com"), new("2024-10-21")
			f.BaseModel, f.RPM, f.Enabled = new("gpt-4.1"), new(int64(5)), false
			f.Aliases = api.StringList{"another name"}
		},
	} {
		model := api.NewModel("").ModelFields
		model.Name = "gpt-4.1"
		change(&model)
		must[api.Model](g.t)(g.CreateModel(g.t.Context(), fmt.Sprintf("model-%d", i), model))
	}
}

func (g *gateway) exportInto(c *cli, options export.Options) string {
	g.t.Helper()
	files := must[[]export.File](g.t)(export.Configuration(g.t.Context(), g.Client, options))
	var all strings.Builder
	for _, file := range files {
		c.write(file.Name, file.Text)
		all.WriteString(file.Text)
		if formatted := string(hclwrite.Format([]byte(file.Text))); formatted != file.Text {
			g.t.Errorf("%s is not formatted", file.Name)
		}
	}
	return all.String()
}

func TestAccExport_everyShapePlansEmpty(t *testing.T) {
	g := startGateway(t)
	g.settleEveryShape(200)
	c := newCLI(t, "", g.settings()...)
	c.withoutLog()
	text := g.exportInto(c, export.Options{Endpoint: g.URL})
	if strings.Contains(text, "canary") {
		t.Error("a secret or a webhook's address was exported")
	}
	for _, want := range []string{
		"local.team_ids", "each.value.", "local.budget_ids", "local.key_ids", "= toset([", "user_id = \"user-", "bursar_model.model_0", "models = [bursar_model.", "webhook = {}",
	} {
		if !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
			t.Errorf("%s does not occur", want)
		}
	}
	said := c.run(0, "apply", "-auto-approve", "-no-color", "-input=false")
	// 6 budgets, 3 models, and 200 each of teams, members, keys, pots and routes.
	if want := "Resources: 1009 imported, 0 added, 0 changed, 0 destroyed."; !strings.Contains(said, want) {
		t.Errorf("want %s, got %s", want, said[max(0, len(said)-3000):])
	}
	c.plansNothing()
}

// Whatever was made through the API, Terraform reads what is exported of it, would write it no other way, and changes nothing.
func TestAccExport_randomShapesPlanEmpty(t *testing.T) {
	g := startGateway(t)
	_, count := g.settleRandomly(newShapes(1), manyShapes).importBlocks()
	c := newCLI(t, "", g.settings()...)
	c.withoutLog()
	text := g.exportInto(c, export.Options{Endpoint: g.URL})
	if strings.Contains(text, "canary") {
		t.Error("a secret or a webhook's address was exported")
	}
	again := ""
	for _, file := range must[[]export.File](t)(export.Configuration(t.Context(), g.Client, export.Options{Endpoint: g.URL})) {
		again += file.Text
	}
	if again != text {
		t.Error("a second export is another one")
	}
	c.run(0, "fmt", "-check", "-diff", "-no-color")
	c.run(0, "validate", "-no-color")
	said := c.apply()
	if want := fmt.Sprintf("Resources: %d imported, 0 added, 0 changed, 0 destroyed.", count); !strings.Contains(said, want) {
		t.Errorf("want %s, got %v", want, changesIn(said))
	}
	c.plansNothing()
}

// Whatever teams stand together by, what is exported plans empty.
func TestAccExport_groupedPlansEmpty(t *testing.T) {
	for _, groupBy := range []export.Grouping{export.ByAliasPrefix, "metadata.for", export.Apart} {
		t.Run(string(groupBy), func(t *testing.T) {
			g := startGateway(t)
			g.settleRandomly(newShapes(2), 60)
			c := newCLI(t, "", g.settings()...)
			c.withoutLog()
			g.exportInto(c, export.Options{Endpoint: g.URL, GroupBy: groupBy})
			if said := c.apply(); !strings.Contains(said, "imported, 0 added, 0 changed, 0 destroyed.") {
				t.Errorf("got %v", changesIn(said))
			}
			c.plansNothing()
		})
	}
}

func TestAccExport_withWebhookURLs(t *testing.T) {
	g := startGateway(t)
	g.settleRoute(3) // with a secret
	c := newCLI(t, "", g.settings()...)
	text := g.exportInto(c, export.Options{WebhookURLs: true})
	if !strings.Contains(text, "canary-path-3") || strings.Contains(text, "canary-webhook") {
		t.Errorf("the addresses are missing, or the secrets are there:\n%s", text)
	}
	c.apply()
	c.plansNothing()
	if digest := must[[]api.AlertRoute](t)(g.ListAlertRoutes(t.Context()))[0].Webhook.SecretFingerprint; digest == "" {
		t.Error("the secret was taken off")
	}
}

// withoutLog is for large estates, of which a log would be larger.
func (c *cli) withoutLog() {
	c.env = slices.DeleteFunc(c.env, func(entry string) bool { return strings.HasPrefix(entry, "TF_LOG") })
}

func teamName(i int) string { return fmt.Sprintf("team-%04d", i) }

// settings are what the environment tells the provider about the gateway.
func (g *gateway) settings() []string {
	return []string{"BURSAR_ENDPOINT=" + g.URL, "BURSAR_ADMIN_KEY=" + adminKey}
}
