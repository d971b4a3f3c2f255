package provider_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/go-version"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/terraform"
)

// The variable TF_ACC_TERRAFORM_PATH may name several programs, as PATH does folders. The first runs all acceptance tests; what only some
// of them can do, or do otherwise, is tried with each: actions, queries, identities and generated configuration.

const envCores = "TF_ACC_TERRAFORM_PATH"

// cores are the programs of the environment; none where the tests look for one.
var cores []string

// takeCores leaves the first of several for those who know of one.
func takeCores() error {
	cores = filepath.SplitList(os.Getenv(envCores))
	if len(cores) < 2 {
		return nil
	}
	return os.Setenv(envCores, cores[0])
}

// core is one program that applies configurations.
type core struct {
	program string
	tofu    bool
	version *version.Version
}

// can says whether the core is of the version that brought something, by the versions of Terraform and of OpenTofu; "" is
// that none has it yet.
func (c core) can(sinceTerraform, sinceOpenTofu string) bool {
	since := sinceTerraform
	if c.tofu {
		since = sinceOpenTofu
	}
	return since != "" && !c.version.LessThan(version.Must(version.NewVersion(since)))
}

func (c core) String() string {
	if c.tofu {
		return "OpenTofu " + c.version.String()
	}
	return "Terraform " + c.version.String()
}

func everyCore(t *testing.T) []core {
	t.Helper()
	programs := cores
	if len(programs) == 0 {
		cache, err := terraform.CacheDir()
		if err != nil {
			t.Fatal(err)
		}
		program, err := terraform.Find(t.Context(), cache)
		if err != nil {
			t.Fatal(err)
		}
		programs = []string{program}
		if tofu, err := exec.LookPath("tofu"); err == nil && tofu != program {
			programs = append(programs, tofu)
		}
	}
	var all []core
	for _, program := range programs {
		command := exec.CommandContext(t.Context(), program, "version", "-json")
		command.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE=")
		output, err := command.Output()
		var answer struct {
			Version string `json:"terraform_version"`
		}
		if err != nil || json.Unmarshal(output, &answer) != nil {
			t.Fatalf("%s does not tell its version: %v\n%s", program, err, output)
		}
		help, err := exec.CommandContext(t.Context(), program, "version").Output()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, core{program, strings.Contains(string(help), "OpenTofu"), version.Must(version.NewVersion(answer.Version))})
	}
	return all
}

// with is the configuration's folder of a core.
func (c core) with(t *testing.T, g *gateway) *cli {
	t.Helper()
	folder := newCLI(t, t.TempDir(), g.settings()...)
	folder.program = c.program
	return folder
}

// Each core makes, plans empty and adopts what is there, and does what else it can.
func TestAccCores(t *testing.T) {
	for _, c := range everyCore(t) {
		t.Run(c.String(), func(t *testing.T) {
			var left []string
			for _, able := range []struct {
				what                string
				terraform, openTofu string
				try                 func(*testing.T, core)
			}{
				{"apply", "1.11.0", "1.11.0", coreApplies},
				{"generated configuration", "1.11.0", "1.11.0", coreGenerates},
				{"identity", "1.12.0", "1.12.0", coreImportsByIdentity},
				{"actions", "1.14.0", "", coreInvokes},
				{"query", "1.14.0", "", coreQueries},
			} {
				if !c.can(able.terraform, able.openTofu) {
					left = append(left, able.what)
					continue
				}
				t.Run(able.what, func(t *testing.T) { able.try(t, c) })
			}
			if left != nil {
				t.Logf("%s has no %s; these are tested by the protocol alone with it", c, strings.Join(left, ", "))
			}
		})
	}
}

const coreConfig = versions + `
resource "bursar_team" "t" {
  team_id    = "t"
  rpm_limit  = 30
  max_budget = 100
}

resource "bursar_key" "k" {
  team_id        = bursar_team.t.team_id
  key_alias      = "k"
  key_wo         = "sk-canary-0123456789-core"
  key_wo_version = 1
}
`

func coreApplies(t *testing.T, core core) {
	g := startGateway(t)
	c := core.with(t, g)
	c.write("main.tf", coreConfig)
	c.apply()
	c.plansNothing()
	g.changeTeam("t", func(f *api.TeamFields) { f.RPMLimit = new(int64(99)) })()
	if said := c.run(2, "plan", "-detailed-exitcode", "-no-color", "-input=false"); !strings.Contains(said, "99 -> 30") {
		t.Errorf("drift is not shown:\n%s", said)
	}
	c.apply()
	if state := c.read(stateFile); strings.Contains(state, "canary") {
		t.Error("a write-only secret is in the state")
	}
	c.run(0, "destroy", "-auto-approve", "-no-color", "-input=false")
}

// everyImport names one object of each kind; %q is how it is named.
func (g *gateway) everyImport() map[string]map[string]string {
	return map[string]map[string]string{
		"bursar_team":        {"team_id": "marketing"},
		"bursar_team_member": {"team_id": "marketing", "user_id": "ada"},
		"bursar_user":        {"user_id": "bob"},
		"bursar_budget":      {"budget_id": "pot"},
		"bursar_alert_route": {"alert_route_id": "oncall"},
		"bursar_model":       {"model_id": "gpt-1"},
		"bursar_admin_key":   {"admin_key_id": g.onlyAdminKey().AdminKeyID},
	}
}

func coreGenerates(t *testing.T, core core) {
	g := startGateway(t)
	g.fill()
	c := core.with(t, g)
	c.write("main.tf", versions)
	var imports strings.Builder
	for typeName, identity := range g.everyImport() {
		id := ""
		for _, part := range []string{"team_id", "user_id", "budget_id", "alert_route_id", "model_id", "admin_key_id"} {
			if identity[part] != "" {
				id = strings.TrimPrefix(id+"/"+identity[part], "/")
			}
		}
		fmt.Fprintf(&imports, "import {\n  to = %s.x\n  id = %q\n}\n", typeName, id)
	}
	c.write("imports.tf", imports.String())
	c.run(0, "plan", "-generate-config-out=generated.tf", "-no-color", "-input=false")
	c.adoptsQuietly(len(g.everyImport()))
}

func coreImportsByIdentity(t *testing.T, core core) {
	g := startGateway(t)
	g.fill()
	c := core.with(t, g)
	c.write("main.tf", versions)
	var imports strings.Builder
	for typeName, identity := range g.everyImport() {
		fmt.Fprintf(&imports, "import {\n  to = %s.x\n  identity = %s\n}\n", typeName, c.encode(identity))
	}
	c.write("imports.tf", imports.String())
	c.run(0, "plan", "-generate-config-out=generated.tf", "-no-color", "-input=false")
	c.adoptsQuietly(len(g.everyImport()))
}

// adoptsQuietly demands that the generated configuration imports so many objects, changes none, and plans empty then.
func (c *cli) adoptsQuietly(count int) {
	c.t.Helper()
	if said := c.run(0, "plan", "-no-color", "-input=false"); !strings.Contains(said, fmt.Sprintf("Plan: %d to import, 0 to add, 0 to change, 0 to destroy", count)) {
		c.t.Errorf("the plan does not import %d and change nothing:\n%s", count, said)
	}
	c.apply()
	c.plansNothing()
}

func coreInvokes(t *testing.T, core core) {
	g := startGateway(t)
	c := core.with(t, g)
	c.write("main.tf", coreConfig+`
action "bursar_team_block" "t" {
  config { team_id = "t" }
}

action "bursar_team_unblock" "t" {
  config { team_id = "t" }
}

action "bursar_key_rotate" "k" {
  config {
    key_id  = bursar_key.k.key_id
    new_key = "sk-canary-0123456789-next"
  }
}

action "bursar_budget_reset" "t" {
  config { team_id = "t" }
}

resource "terraform_data" "night" {
  input = "1"
  lifecycle {
    action_trigger {
      events  = [after_update]
      actions = [action.bursar_team_block.t]
    }
  }
}
`)
	c.apply()
	blocked := func(when string, want bool) {
		t.Helper()
		if got := must[api.TeamInfo](t)(g.GetTeam(t.Context(), "t")).Blocked; got != want {
			t.Errorf("%s the team is blocked: %t", when, got)
		}
	}
	invoke := func(action string) {
		t.Helper()
		c.run(0, "apply", "-invoke=action."+action, "-auto-approve", "-no-color", "-input=false")
	}
	invoke("bursar_team_block.t")
	blocked("after its action", true)
	invoke("bursar_team_unblock.t")
	blocked("after the other action", false)
	before := g.onlyKey().KeyName
	invoke("bursar_key_rotate.k")
	if g.onlyKey().KeyName == before {
		t.Error("the key was not rotated")
	}
	invoke("bursar_budget_reset.t")
	c.write("main.tf", replace(c.read("main.tf"), `input = "1"`, `input = "2"`))
	c.apply()
	blocked("after a change that triggers it", true)
}

func coreQueries(t *testing.T, core core) {
	g := startGateway(t)
	g.fill()
	c := core.with(t, g)
	c.write("main.tf", versions)
	var lists strings.Builder
	for typeName := range g.everyImport() {
		fmt.Fprintf(&lists, "list %q \"all\" {\n  provider = bursar\n  include_resource = true\n}\n", typeName)
	}
	c.write("all.tfquery.hcl", lists.String())
	said := c.run(0, "query", "-no-color")
	for _, want := range []string{"team_id=marketing", "user_id=ada", "budget_id=pot", "alert_route_id=oncall", "model_id=gpt-1"} {
		if !strings.Contains(said, want) {
			t.Errorf("the query does not find %s:\n%s", want, said)
		}
	}
	c.run(0, "query", "-generate-config-out=found.tf", "-no-color")
	c.adoptsQuietly(strings.Count(c.read("found.tf"), "import {"))
}
