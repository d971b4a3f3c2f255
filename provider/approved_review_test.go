package provider_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

const beforeApproval = `
resource "bursar_team" "marketing" {
  team_id         = "marketing"
  max_budget      = 100
  budget_duration = "1mo"
  models          = ["gpt"]
  metadata        = { cost_center = "CC-1", level = 3 }
}

resource "bursar_team" "old" {
  team_id       = "old"
  force_destroy = true
}

resource "bursar_team_member" "ann" {
  team_id            = bursar_team.marketing.team_id
  user_id            = "ann"
  max_budget_in_team = 5
}

resource "bursar_budget" "pot" {
  budget_id       = "pot"
  max_budget      = 500
  budget_duration = "1mo"
  team_ids        = ["marketing"]
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
  webhook        = { url = "https://hooks.example.com/canary", secret_wo = "canary-webhook-secret-0123", secret_wo_version = 1 }
}

resource "bursar_key" "app" {
  key_alias        = "app"
  team_id          = bursar_team.marketing.team_id
  rotation_trigger = "1"
}
`

// approvalSteps are what the pull request changes: of each kind of object something, a team that goes, a key that comes in
// a team that comes, and a new secret.
var approvalSteps = [][2]string{
	{"max_budget      = 100\n", "max_budget      = 250\n"},
	{"max_budget_in_team = 5\n", "max_budget_in_team = 7.5\n"},
	{"max_budget      = 500\n", "max_budget      = 600\n"},
	{"input_per_million_usd = 2,", "input_per_million_usd = 2.5,"},
	{"https://hooks.example.com/canary\"", "https://hooks.example.com/canary-2\""},
	{"rotation_trigger = \"1\"", "rotation_trigger = \"2\""},
	{"resource \"bursar_team\" \"old\" {\n  team_id       = \"old\"\n  force_destroy = true\n}\n", `
resource "bursar_team" "new" {
  team_id   = "new"
  rpm_limit = 20
}

resource "bursar_key" "new" {
  key_alias          = "new"
  team_id            = bursar_team.new.team_id
  duration           = "30d"
  max_budget         = 5
  store_key_in_state = false
}
`},
}

func afterApproval(t *testing.T) string {
	t.Helper()
	config := beforeApproval
	for _, step := range approvalSteps {
		if !strings.Contains(config, step[0]) {
			t.Fatalf("%q is not in the configuration", step[0])
		}
		config = strings.Replace(config, step[0], step[1], 1)
	}
	return config
}

// approves has the plan of the configuration approved and returns the review's id.
func (c *cli) approves(arguments ...string) string {
	c.t.Helper()
	c.run(0, "plan", "-no-color", "-input=false", "-out=approved.tfplan")
	shown := exec.CommandContext(c.t.Context(), c.program, "show", "-json", "approved.tfplan")
	shown.Dir, shown.Env = c.dir, c.env
	plan, err := shown.Output()
	if err != nil {
		c.t.Fatal(err)
	}
	approve := exec.CommandContext(c.t.Context(), filepath.Join(c.programs(), "bursar"), append([]string{"approve", "-"}, arguments...)...)
	approve.Dir, approve.Env, approve.Stdin = c.dir, c.env, bytes.NewReader(plan)
	var said, complaint bytes.Buffer
	approve.Stdout, approve.Stderr = &said, &complaint
	if err := approve.Run(); err != nil {
		c.t.Fatalf("%s: %s", err, complaint.String())
	}
	return strings.TrimSpace(said.String())
}

// under is the same directory with the approved review in the environment.
func (c *cli) under(id string) *cli {
	approved := *c
	approved.env = append(slices.Clip(c.env), "BURSAR_APPROVED_REVIEW="+id)
	return &approved
}

// What was approved is what is applied: another plan is refused by the plan and by the apply, the approved one is applied
// once, with the pull request in the audit log.
func TestAccApprovedReview_whatWasApprovedIsApplied(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, "", append(g.settings(), "BURSAR_CHANGE_REASON=quarterly round")...)
	c.write("main.tf", versions+beforeApproval)
	c.apply()
	must[api.KeyCreated](t)(g.CreateKey(t.Context(), api.KeyCreate{KeyFields: api.KeyFields{TeamID: new("old"), KeyAlias: new("forgotten")}}))

	config := afterApproval(t)
	c.write("main.tf", versions+config)
	const pull = "https://github.com/acme/quotas/pull/7"
	id := c.approves("--pull-request", pull)
	kept := must[api.QuotaReview](t)(g.QuotaReview(t.Context(), id))
	if encoded := string(c.encode(kept)); strings.Contains(encoded, "canary") || kept.Total != 9 || len(kept.Hash) != 64 {
		t.Errorf("kept is %s", encoded)
	}

	other := config
	for _, change := range [][2]string{
		{"max_budget      = 250\n", "max_budget      = 5000\n  deletion_protection = true\n"},
		{"output_per_million_usd = 8", "output_per_million_usd = 0"},
		{"max_budget         = 5\n", "max_budget         = 50\n"},
		{"resource \"bursar_budget\" \"pot\" {\n  budget_id       = \"pot\"\n  max_budget      = 600\n  budget_duration = \"1mo\"\n  team_ids        = [\"marketing\"]\n}\n", ""},
	} {
		if !strings.Contains(other, change[0]) {
			t.Fatalf("%q is not in the configuration", change[0])
		}
		other = strings.Replace(other, change[0], change[1], 1)
	}
	c.write("main.tf", versions+other)
	said := words(c.under(id).run(1, "plan", "-no-color", "-input=false", "-refresh=false"))
	for _, want := range []string{
		"max_budget becomes 250 in the approved plan, and comes as 5000",
		`rotect of team "marketing" is not in the approved review`,
		"price.output_per_million_usd becomes 8 in the approved plan, and comes as 0",
		"max_budget is made with 5 in the approved plan, and comes as 50",
		`elete of budget "pot" is not in the approved review`,
	} {
		if !strings.Contains(said, want) {
			t.Errorf("the plan does not say %q:\n%s", want, said)
		}
	}
	tampered := strings.Replace(strings.Replace(config, "max_budget      = 250\n", "max_budget      = 5000\n", 1), `"30d"`, `"300d"`, 1)
	c.write("main.tf", versions+tampered)
	c.run(0, "plan", "-no-color", "-input=false", "-refresh=false", "-out=other.tfplan")
	said = words(c.under(id).run(1, "apply", "-no-color", "-input=false", "-parallelism=1", "other.tfplan"))
	for _, want := range []string{"max_budget becomes 250 in the approved plan, and comes as 5000", `duration is approved as "30d" and expires comes as`} {
		if !strings.Contains(said, want) {
			t.Errorf("the apply does not say %q:\n%s", want, said)
		}
	}
	team := must[api.TeamInfo](t)(g.GetTeam(t.Context(), "marketing"))
	if *team.MaxBudget != 100*money.USD {
		t.Errorf("the refused apply has set %s", team.MaxBudget)
	}

	c.write("main.tf", versions+config)
	c.under(id).apply()
	c.under(id).plansNothing()
	team = must[api.TeamInfo](t)(g.GetTeam(t.Context(), "marketing"))
	if *team.MaxBudget != 250*money.USD {
		t.Errorf("the approved apply has set %s", team.MaxBudget)
	}
	last, _, err := g.LastChange(t.Context(), "marketing")
	if err != nil || !strings.Contains(last.Reason, "quarterly round") || !strings.Contains(last.Reason, id) || !strings.Contains(last.Reason, pull) {
		t.Errorf("the audit log says %q, %v", last.Reason, err)
	}
	if kept = must[api.QuotaReview](t)(g.QuotaReview(t.Context(), id)); kept.Used != kept.Total {
		t.Errorf("%d of %d changes are used up: %s", kept.Used, kept.Total, c.encode(kept.Changes))
	}

	// Each change once: what was taken back behind Terraform's back needs another approval.
	fields := team.TeamFields
	fields.MaxBudget = new(100 * money.USD)
	must[api.Team](t)(g.UpdateTeam(t.Context(), "marketing", fields, 0))
	said = words(c.under(id).run(1, "plan", "-no-color", "-input=false"))
	if !strings.Contains(said, "was approved once") {
		t.Errorf("the plan of a used review says\n%s", said)
	}
	if log, err := os.ReadFile(c.log()); err == nil && bytes.Contains(log, []byte("sk-canary-of-the-model")) {
		t.Error("a secret is in the log")
	}
}

// What has moved since the approval is refused, by the plan and by the apply of a plan that was made without it; so is a
// review that was withdrawn or is of nobody.
func TestAccApprovedReview_whatHasMovedIsRefused(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, "", g.settings()...)
	const config = `
resource "bursar_team" "marketing" {
  team_id    = "marketing"
  max_budget = 100
  rpm_limit  = 10
}
`
	c.write("main.tf", versions+config)
	c.apply()
	c.write("main.tf", versions+strings.Replace(config, "= 100", "= 250", 1))
	id := c.approves()
	team := must[api.TeamInfo](t)(g.GetTeam(t.Context(), "marketing"))
	fields := team.TeamFields
	fields.MaxBudget = new(120 * money.USD)
	must[api.Team](t)(g.UpdateTeam(t.Context(), "marketing", fields, 0))

	said := words(c.under(id).run(1, "plan", "-no-color", "-input=false"))
	if !strings.Contains(said, "max_budget has moved since: it was 100 in the approved plan, and comes as 120") {
		t.Errorf("the plan says\n%s", said)
	}
	c.run(0, "plan", "-no-color", "-input=false", "-out=moved.tfplan")
	said = words(c.under(id).run(1, "apply", "-no-color", "-input=false", "moved.tfplan"))
	if !strings.Contains(said, "max_budget has moved since") || !strings.Contains(said, "bursar approve") {
		t.Errorf("the apply says\n%s", said)
	}
	must[api.QuotaReview](t)(g.WithdrawQuotaReview(t.Context(), id))
	for review, want := range map[string]string{id: "was withdrawn by", "review_nobodys": "Quota review not found"} {
		if said = words(c.under(review).run(1, "plan", "-no-color", "-input=false")); !strings.Contains(said, want) {
			t.Errorf("the plan under %s says\n%s", review, said)
		}
	}
}

// What an action does, and who becomes a member by e-mail, is foretold by the plan as well.
func TestAccApprovedReview_actionsAndAddressesAreForetold(t *testing.T) {
	g := startGateway(t)
	review := must[api.QuotaReview](t)(g.ApproveQuotas(t.Context(), api.QuotaReviewFields{Changes: []api.ApprovedChange{
		{Address: "action.bursar_team_block.a", Noun: "team", Action: api.ChangeUpdate, Identity: map[string]string{"team_id": "a"}, After: json.RawMessage(`{"blocked":true}`)},
		{Address: "action.bursar_budget_reset.a", Noun: "team", Action: api.ChangeResetSpend, Identity: map[string]string{"team_id": "a"}, After: json.RawMessage(`{"spend":2.50}`)},
		{Address: "action.bursar_budget_reset.m", Noun: "member", Action: api.ChangeResetSpend, Identity: map[string]string{"team_id": "a", "user_id": "ann"}, After: json.RawMessage(`{"spend":0}`)},
		{Address: "action.bursar_key_rotate.k", Noun: "key", Action: api.ChangeRotate, Identity: map[string]string{"key_id": "k"}},
		{
			Address: "bursar_team_member.x", Noun: "member", Action: api.ChangeCreate, Identity: map[string]string{"team_id": "a", "user_email": "x@example.com"},
			After: json.RawMessage(`{"role":"user"}`),
		},
	}, ExpiresAt: time.Now().Add(time.Hour)}))
	p := newProtocol(t)
	p.endpoint = g.URL
	configured, err := p.server.ConfigureProvider(p.ctx, &tfprotov6.ConfigureProviderRequest{
		Config: p.dynamic(object{"endpoint": p.endpoint, "admin_key": adminKey, "approved_review": review.QuotaReviewID}),
	})
	p.must(err, configured.Diagnostics)
	actions, ok := p.server.(tfprotov6.ActionServer)
	if !ok {
		t.Fatal("the provider has no actions")
	}
	const secret = "sk-long-canary-0123456789-new"
	for name, c := range map[string]struct {
		action  string
		config  object
		refused string
	}{
		"block":             {"bursar_team_block", object{"team_id": "a"}, ""},
		"block another":     {"bursar_team_block", object{"team_id": "b"}, `Update of team "b" is not in the approved review`},
		"unblock":           {"bursar_team_unblock", object{"team_id": "a"}, "blocked becomes true in the approved plan, and comes as false"},
		"reset":             {"bursar_budget_reset", object{"team_id": "a", "reset_to": 2.5}, ""},
		"reset to nothing":  {"bursar_budget_reset", object{"team_id": "a"}, "spend becomes 2.50 in the approved plan, and comes as 0"},
		"reset of a member": {"bursar_budget_reset", object{"team_id": "a", "user_id": "ann"}, ""},
		"reset of a user":   {"bursar_budget_reset", object{"user_id": "ann"}, `Reset spend of user "ann" is not in`},
		"rotate":            {"bursar_key_rotate", object{"key_id": "k", "new_key": secret}, ""},
		"rotate another":    {"bursar_key_rotate", object{"key_id": "l", "new_key": secret}, `Rotate of key "l" is not in`},
		"a test message":    {"bursar_alert_route_test", object{"alert_route_id": "any"}, ""},
	} {
		planned, err := actions.PlanAction(p.ctx, &tfprotov6.PlanActionRequest{ActionType: c.action, Config: p.dynamic(c.config)})
		p.must(err, nil)
		if told := words(said(planned.Diagnostics)); c.refused == "" && told != "" || !strings.Contains(told, c.refused) || strings.Contains(told, "canary") {
			t.Errorf("%s: the plan says %q, want %q", name, told, c.refused)
		}
	}

	c := newCLI(t, "", g.settings()...).under(review.QuotaReviewID)
	member := versions + "resource \"bursar_team_member\" \"x\" {\n  team_id = \"a\"\n  user_email = \"%s\"\n}\n"
	c.write("main.tf", fmt.Sprintf(member, "X@example.com"))
	c.run(0, "plan", "-no-color", "-input=false")
	c.write("main.tf", fmt.Sprintf(member, "y@example.com"))
	if told := words(c.run(1, "plan", "-no-color", "-input=false")); !strings.Contains(told, `Create of member "a y@example.com" is not in the approved review`) {
		t.Errorf("the plan says\n%s", told)
	}
}
