//go:build release

package provider_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/review"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

var updateReviews = flag.Bool("update-reviews", false, "write the golden reviews of plans anew")

// reviewedBase is what every plan changes.
const reviewedBase = `
variable "cap" {
  type    = number
  default = 100
}

variable "hidden" {
  type      = number
  default   = 100
  sensitive = true
}

resource "terraform_data" "later" {
  input = 7
}

resource "bursar_team" "a" {
  team_id            = "a"
  team_alias         = "Marketing"
  models             = ["gpt"]
  rpm_limit          = 60
  tpm_limit          = 10000
  max_budget         = var.cap
  budget_duration    = "1mo"
  soft_threshold_pct = 0.8
  metadata           = { cost_center = "CC-1", owners = "ann", note = "canary-of-metadata" }
}

resource "bursar_team" "b" {
  team_id   = "b"
  budget_id = bursar_budget.terms.budget_id
}

resource "bursar_team_member" "ann" {
  team_id            = bursar_team.a.team_id
  user_id            = "ann"
  max_budget_in_team = 5
}

resource "bursar_budget" "terms" {
  budget_id       = "terms"
  max_budget      = 50
  budget_duration = "1mo"
}

resource "bursar_budget" "pot" {
  budget_id       = "pot"
  max_budget      = 500
  budget_duration = "1mo"
  team_ids        = ["a", "b"]
}

resource "bursar_model" "gpt" {
  model_id           = "gpt"
  name               = "gpt"
  base_url           = "https://models.example.com/v1"
  api_key_wo         = "sk-canary-of-the-model"
  api_key_wo_version = 1
  price              = { input_per_million_usd = 2, output_per_million_usd = 8 }
}

resource "bursar_alert_route" "oncall" {
  alert_route_id = "oncall"
  name           = "oncall"
  events         = ["budget.soft_limit", "budget.hard_limit"]
  webhook        = { url = "https://hooks.example.com/canary", secret_wo = "canary-webhook-secret-0123", secret_wo_version = 1, headers_wo = { Authorization = "Bearer canary-of-a-header" }, headers_wo_version = 1 }
}

resource "bursar_alert_route" "chat" {
  alert_route_id = "chat"
  name           = "chat"
  slack          = { url_wo = "https://hooks.slack.com/services/canary-of-slack", url_wo_version = 1 }
}

resource "bursar_alert_route" "pages" {
  alert_route_id = "pages"
  name           = "pages"
  pagerduty      = { routing_key_wo = "canaryroutingkey0123456789abcdef", routing_key_wo_version = 1 }
}

resource "bursar_key" "app" {
  key_alias          = "app"
  team_id            = bursar_team.a.team_id
  rpm_limit          = 10
  duration           = "30d"
  rotation_trigger   = "1"
}

resource "bursar_key" "given" {
  key_alias      = "given"
  team_id        = bursar_team.a.team_id
  key_wo         = "sk-canary-of-a-key-that-is-given-0123"
  key_wo_version = 1
  metadata       = { note = "canary-of-metadata" }
}

module "shared" {
  source = "./shared"
  cap    = 20
}
`

// reviewedModule is the module of reviewedBase.
const reviewedModule = versions + `
variable "cap" {
  type = number
}

resource "bursar_team" "this" {
  team_id         = "shared"
  max_budget      = var.cap
  budget_duration = "1mo"
}
`

// reviewedPlans are the changes, each as pairs of old and new text. Arguments go to terraform plan.
var reviewedPlans = []struct {
	name      string
	pairs     [][2]string
	add       string
	arguments []string
}{
	{name: "no change"},
	{name: "raise", pairs: [][2]string{{"= var.cap", "= 250"}}},
	{name: "lower", pairs: [][2]string{{"= var.cap", "= 10"}}},
	{name: "to nothing", pairs: [][2]string{{"= var.cap", "= 0"}}},
	{name: "remove a budget", pairs: [][2]string{{"  max_budget         = var.cap\n  budget_duration    = \"1mo\"\n  soft_threshold_pct = 0.8\n", ""}}},
	{name: "soften a cap", pairs: [][2]string{{"soft_threshold_pct = 0.8", "soft_threshold_pct = 0.8\n  hard_cap = false"}}},
	{name: "shorten a period", pairs: [][2]string{{"= var.cap\n  budget_duration    = \"1mo\"", "= var.cap\n  budget_duration    = \"1d\""}}},
	{name: "lengthen a period", pairs: [][2]string{{"= var.cap\n  budget_duration    = \"1mo\"", "= var.cap\n  budget_duration    = \"1y\""}}},
	{name: "block", pairs: [][2]string{{"tpm_limit          = 10000", "tpm_limit          = 10000\n  blocked = true"}}},
	{name: "every model", pairs: [][2]string{{"models             = [\"gpt\"]", "models             = []"}}},
	{name: "one more model", pairs: [][2]string{{"models             = [\"gpt\"]", "models             = [\"gpt\", \"claude\"]"}}},
	{name: "raise a rate", pairs: [][2]string{{"rpm_limit          = 60", "rpm_limit          = 600"}}},
	{name: "remove a rate", pairs: [][2]string{{"  rpm_limit          = 60\n", ""}}},
	{name: "limits by model", pairs: [][2]string{{"tpm_limit          = 10000", "tpm_limit          = 10000\n  model_rpm_limit = { gpt = 5, \"gpt-4.1\" = 7 }"}}},
	{name: "temporary increase", pairs: [][2]string{{"tpm_limit          = 10000", "tpm_limit          = 10000\n  temp_budget_increase = 25\n  temp_budget_expiry = \"2099-01-01T00:00:00Z\""}}},
	{name: "defaults of members", pairs: [][2]string{{"tpm_limit          = 10000", "tpm_limit          = 10000\n  team_member_budget = 5000"}}},
	{name: "labels alone", pairs: [][2]string{{"CC-1", "CC-2"}}},
	{name: "another alias", pairs: [][2]string{{"Marketing", "Marketing | `x` <b>"}}},
	{name: "create a team", add: "resource \"bursar_team\" \"c\" {\n  team_id = \"c\"\n  max_budget = 30\n  budget_duration = \"7d\"\n}\n"},
	{name: "create a team without a cap", add: "resource \"bursar_team\" \"c\" {\n  team_id = \"c\"\n}\n"},
	{name: "delete a key", pairs: [][2]string{{"resource \"bursar_key\" \"app\" {\n  key_alias          = \"app\"\n  team_id            = bursar_team.a.team_id\n  rpm_limit          = 10\n  duration           = \"30d\"\n  rotation_trigger   = \"1\"\n}\n", ""}}},
	{name: "rotate a key", pairs: [][2]string{{"rotation_trigger   = \"1\"", "rotation_trigger   = \"2\""}}},
	{name: "raise a key", pairs: [][2]string{{"rpm_limit          = 10\n", "rpm_limit          = 1000\n"}}},
	{name: "create a key", add: "resource \"bursar_key\" \"k\" {\n  key_alias = \"k\"\n  team_id = \"a\"\n  store_key_in_state = false\n}\n"},
	{name: "raise a member", pairs: [][2]string{{"max_budget_in_team = 5\n", "max_budget_in_team = 5000\n"}}},
	{name: "replace a member", pairs: [][2]string{{"user_id            = \"ann\"", "user_id            = \"bob\""}}},
	{name: "raise a pot", pairs: [][2]string{{"max_budget      = 500", "max_budget      = 900"}}},
	{name: "narrow a pot", pairs: [][2]string{{"team_ids        = [\"a\", \"b\"]", "team_ids        = [\"a\"]"}}},
	{name: "raise terms", pairs: [][2]string{{"max_budget      = 50\n", "max_budget      = 80\n"}}},
	{name: "shorten terms", pairs: [][2]string{{"max_budget      = 50\n  budget_duration = \"1mo\"", "max_budget      = 50\n  budget_duration = \"1d\""}}},
	{name: "leave terms", pairs: [][2]string{{"  budget_id = bursar_budget.terms.budget_id\n", ""}}},
	{name: "lower a price", pairs: [][2]string{{"output_per_million_usd = 8", "output_per_million_usd = 1"}}},
	{name: "price of nothing", pairs: [][2]string{{"input_per_million_usd = 2, output_per_million_usd = 8", "input_per_million_usd = 0, output_per_million_usd = 0"}}},
	{name: "another provider of a model", pairs: [][2]string{{"models.example.com", "other.example.com"}}},
	{name: "a secret of a model", pairs: [][2]string{{"api_key_wo_version = 1", "api_key_wo_version = 2"}}},
	{name: "fewer events", pairs: [][2]string{{"[\"budget.soft_limit\", \"budget.hard_limit\"]", "[\"budget.hard_limit\"]"}}},
	{name: "switch a route off", pairs: [][2]string{{"name           = \"oncall\"", "name           = \"oncall\"\n  enabled = false"}}},
	{name: "sensitive", pairs: [][2]string{{"= var.cap", "= var.hidden + 1"}}},
	{name: "unknown", pairs: [][2]string{{"= var.cap", "= terraform_data.later.output"}, {"input = 7", "input = 8"}}},
	{name: "replace a team", pairs: [][2]string{{"team_id   = \"b\"", "team_id   = \"bb\""}}},
	{name: "move", pairs: [][2]string{{"resource \"bursar_budget\" \"pot\"", "resource \"bursar_budget\" \"shared\""}}, add: "moved {\n  from = bursar_budget.pot\n  to   = bursar_budget.shared\n}\n"},
	{name: "move into for_each", pairs: [][2]string{{"resource \"bursar_budget\" \"pot\" {", "resource \"bursar_budget\" \"pot\" {\n  for_each = toset([\"one\"])"}}, add: "moved {\n  from = bursar_budget.pot\n  to   = bursar_budget.pot[\"one\"]\n}\n"},
	{name: "forget", pairs: [][2]string{{"resource \"bursar_budget\" \"pot\" {\n  budget_id       = \"pot\"\n  max_budget      = 500\n  budget_duration = \"1mo\"\n  team_ids        = [\"a\", \"b\"]\n}\n", "removed {\n  from = bursar_budget.pot\n  lifecycle {\n    destroy = false\n  }\n}\n"}}},
	{name: "import", add: "import {\n  to = bursar_team.there\n  id = \"there\"\n}\n\nresource \"bursar_team\" \"there\" {\n  team_id = \"there\"\n  max_budget = 12\n}\n"},
	{name: "a changed module", pairs: [][2]string{{"cap    = 20", "cap    = 40"}}},
	{name: "secrets", pairs: [][2]string{
		{"canary-webhook-secret-0123\", secret_wo_version = 1", "canary-webhook-secret-4567\", secret_wo_version = 2"},
		{"headers_wo_version = 1", "headers_wo_version = 2"},
		{"url_wo_version = 1", "url_wo_version = 2"},
		{"routing_key_wo_version = 1", "routing_key_wo_version = 2"},
		{"key_wo_version = 1\n  metadata", "key_wo_version = 2\n  metadata"},
		{"hooks.example.com/canary", "hooks.example.com/canary-2"},
		{"api_key_wo_version = 1", "api_key_wo_version = 2"},
	}},
	{name: "destroy all", arguments: []string{"-destroy"}},
	{name: "many teams", add: "resource \"bursar_team\" \"many\" {\n  count = 2000\n  team_id = \"many-${count.index}\"\n  max_budget = count.index + 1\n  budget_duration = \"1mo\"\n}\n"},
}

// Each kind of change that Terraform plans is reviewed in the words that are kept in testdata/reviews; no secret is in them.
func TestReleaseReview_ofPlansByTerraform(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, "", g.settings()...)
	if err := os.Mkdir(filepath.Join(c.dir, "shared"), 0o700); err != nil {
		t.Fatal(err)
	}
	c.write("shared/main.tf", reviewedModule)
	c.write("main.tf", versions+reviewedBase)
	c.run(0, "get")
	c.apply()
	if _, err := g.CreateTeam(t.Context(), "there", teamOf(12)); err != nil {
		t.Fatal(err)
	}
	for _, plan := range reviewedPlans {
		config := reviewedBase
		for _, pair := range plan.pairs {
			if !strings.Contains(config, pair[0]) {
				t.Fatalf("%s: %q is not in the configuration", plan.name, pair[0])
			}
			config = strings.Replace(config, pair[0], pair[1], 1)
		}
		c.write("main.tf", versions+config+plan.add)
		c.run(0, append([]string{"plan", "-no-color", "-input=false", "-refresh=false", "-out=golden.tfplan"}, plan.arguments...)...)
		encoded := c.plan("golden.tfplan")
		var markdown bytes.Buffer
		began := time.Now()
		result, err := review.Render(t.Context(), &markdown, bytes.NewReader(encoded), review.Options{MaxIncreasePct: 20})
		if err != nil {
			t.Fatalf("%s: %v", plan.name, err)
		}
		t.Logf("%s: reviewed in %s, %s", plan.name, time.Since(began), result.Summary())
		got := "<!-- " + result.Summary() + " -->\n" + markdown.String()
		tellsNoSecret(t, plan.name, encoded)
		var tofu bytes.Buffer
		if _, err := review.Render(t.Context(), &tofu, bytes.NewReader(byOpenTofu(t, encoded)), review.Options{MaxIncreasePct: 20}); err != nil || tofu.String() != markdown.String() {
			t.Errorf("%s: in OpenTofu's form the review is another one (%v):\n%s", plan.name, err, tofu.String())
		}
		isReviewedAs(t, plan.name, got)
	}
}

// isReviewedAs compares a review with the one that is kept.
func isReviewedAs(t *testing.T, name, got string) {
	t.Helper()
	golden := filepath.Join("testdata", "reviews", regexp.MustCompile(`[^a-z]+`).ReplaceAllString(name, "_")+".md")
	if *updateReviews {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil || string(want) != got {
		t.Errorf("%s is reviewed otherwise than %s has it (%v):\n%s", name, golden, err, got)
	}
}

// plan is a plan file in JSON.
func (c *cli) plan(file string) []byte {
	c.t.Helper()
	shown := exec.CommandContext(c.t.Context(), c.program, "show", "-json", file)
	shown.Dir, shown.Env = c.dir, c.env
	encoded, err := shown.Output()
	if err != nil {
		c.t.Fatal(err)
	}
	return encoded
}

// byOpenTofu is Terraform's plan in the form that OpenTofu writes: the provider comes from its registry, the version is its
// own, and the format an earlier one. It is made from Terraform's, and not by OpenTofu.
func byOpenTofu(t *testing.T, encoded []byte) []byte {
	t.Helper()
	other := bytes.ReplaceAll(encoded, []byte("registry.terraform.io/"), []byte("registry.opentofu.org/"))
	other = regexp.MustCompile(`"format_version":"1\.\d+","terraform_version":"[^"]+"`).ReplaceAll(other, []byte(`"format_version":"1.2","terraform_version":"1.11.5"`))
	if bytes.Equal(other, encoded) {
		t.Fatal("the plan names no registry and no version")
	}
	return other
}

// tellsNoSecret looks for secrets in everything that is made of a plan: the review in each format, what a host is told, the
// drift, and what an approved review keeps. Addresses have a user and password in front as well, which the provider itself refuses.
func tellsNoSecret(t *testing.T, name string, encoded []byte) {
	t.Helper()
	if !bytes.Contains(encoded, []byte("canary")) {
		t.Fatalf("%s: there is no secret in the plan", name)
	}
	for form, plan := range map[string][]byte{"": encoded, ", with users in addresses": bytes.ReplaceAll(encoded, []byte("https://"), []byte("https://canary-user:canary-password@"))} {
		said := map[string]string{}
		for _, format := range []string{review.Markdown, review.Text, review.JSON} {
			var out bytes.Buffer
			result, err := review.Render(t.Context(), &out, bytes.NewReader(plan), review.Options{MaxIncreasePct: 20, Format: format})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			said[format] = out.String() + result.Markdown + result.Summary() + strings.Join(result.Reasons, " ") + strings.Join(result.Reviewers, " ")
		}
		var drift bytes.Buffer
		if _, err := review.Drift(t.Context(), &drift, bytes.NewReader(plan), nil); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		said["drift"] = drift.String()
		approvable, err := review.Approvable(bytes.NewReader(plan))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		kept, err := json.Marshal(approvable)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		// Metadata is no secret: whoever may read the review may read it on the team. The apply is compared with it.
		said["what an approved review keeps"] = strings.ReplaceAll(string(kept), "canary-of-metadata", "")
		for where, text := range said {
			if at := strings.Index(text, "canary"); at >= 0 {
				t.Errorf("%s%s: a secret is in %s: …%s", name, form, where, text[max(0, at-60):min(len(text), at+60)])
			}
		}
	}
}

// What is no plan is told as what it is, and how a plan is made.
func TestReleaseReview_ofWhatIsNoPlan(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, "", g.settings()...)
	c.write("main.tf", versions+"resource \"bursar_team\" \"a\" {\n  team_id = \"a\"\n}\n")
	c.run(0, "plan", "-no-color", "-input=false", "-out=golden.tfplan")
	encoded := c.plan("golden.tfplan")
	c.run(0, "apply", "-no-color", "-input=false", "golden.tfplan")
	var got strings.Builder
	for _, broken := range []struct {
		name string
		plan []byte
	}{
		{"nothing", nil},
		{"the half of a plan", encoded[:len(encoded)/2]},
		{"the plan file itself", []byte(c.read("golden.tfplan"))},
		{"the log of plan -json", []byte(c.run(0, "plan", "-json"))},
		{"the state in JSON", c.plan("terraform.tfstate")},
		{"the state itself", []byte(c.read("terraform.tfstate"))},
		{"a list", []byte("[" + string(encoded) + "]")},
		{"changes of another kind", regexp.MustCompile(`"resource_changes":\[`).ReplaceAll(encoded, []byte(`"resource_changes":7,"x":[`))},
		{"a format to come", regexp.MustCompile(`"format_version":"1\.\d+"`).ReplaceAll(encoded, []byte(`"format_version":"9.0"`))},
	} {
		var out bytes.Buffer
		_, err := review.Render(t.Context(), &out, bytes.NewReader(broken.plan), review.Options{})
		if !errors.Is(err, review.ErrPlan) || out.Len() != 0 {
			t.Errorf("%s: %v, and the review is %q", broken.name, err, out.String())
			continue
		}
		fmt.Fprintf(&got, "* %s: %s\n", broken.name, err)
	}
	isReviewedAs(t, "malformed", got.String())
}

var busiestMinute = regexp.MustCompile(`\d+ requests?, \d+ tokens`)

// A cap that is lowered to less than what is spent refuses from the apply on; one that stays above does not. The gateway says
// what is spent.
func TestReleaseReview_ofLoweredCaps(t *testing.T) {
	g := startGateway(t)
	g.serve("gpt")
	c := newCLI(t, "", g.settings()...)
	const spender = "resource \"bursar_team\" \"a\" {\n  team_id = \"a\"\n  max_budget = 10\n}\n"
	c.write("main.tf", versions+spender)
	c.apply()
	key := must[api.KeyCreated](t)(g.CreateKey(t.Context(), api.KeyCreate{KeyFields: api.KeyFields{TeamID: new("a")}}))
	g.spend(key.Secret, "gpt", 4)
	for name, test := range map[string]struct{ cap, says string }{
		"lower above use": {"5", "fine"}, "lower under use": {"3", "refused"},
	} {
		c.write("main.tf", versions+strings.Replace(spender, "= 10", "= "+test.cap, 1))
		c.run(0, "plan", "-no-color", "-input=false", "-out=golden.tfplan")
		c.write("plan.json", string(c.plan("golden.tfplan")))
		said, complaint, exit := c.script(adminKey, "bursar", "review", "plan.json")
		if exit != 0 || !strings.Contains(said, test.says) || !strings.Contains(said, "$4.00") {
			t.Errorf("%s: exit code %d, %s", name, exit, complaint)
		}
		isReviewedAs(t, name, busiestMinute.ReplaceAllString(said, "… requests, … tokens")) // the calls may be of two minutes
	}
}

func teamOf(dollars money.Nano) api.TeamFields {
	return api.TeamFields{BudgetTerms: api.BudgetTerms{MaxBudget: new(dollars * money.USD), HardCap: true}}
}
