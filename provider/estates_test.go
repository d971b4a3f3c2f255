package provider_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// The directories of examples/ that show a whole piece of work are applied, planned empty and destroyed as they stand.

func (c *cli) apply() string {
	c.t.Helper()
	return c.run(0, "apply", "-auto-approve", "-no-color", "-input=false")
}

func (c *cli) plansNothing() string {
	c.t.Helper()
	return c.run(0, "plan", "-detailed-exitcode", "-no-color", "-input=false")
}

func (c *cli) destroys() {
	c.t.Helper()
	c.run(0, "destroy", "-auto-approve", "-no-color", "-input=false")
}

func TestAccExample_adopt(t *testing.T) {
	g := startGateway(t)
	month := new("1mo")
	team := func(id string, rpm, tpm int64, dollars money.Nano) {
		must[api.Team](t)(g.CreateTeam(t.Context(), id, api.TeamFields{
			RateLimits:  api.RateLimits{RPMLimit: &rpm, TPMLimit: &tpm},
			BudgetTerms: api.BudgetTerms{MaxBudget: new(dollars * money.USD), BudgetDuration: month, HardCap: true},
		}))
	}
	team("marketing", 30, 15000, 100)
	team("research", 200, 100000, 1000)
	key := func(alias, teamID string) string {
		created := must[api.KeyCreated](t)(g.CreateKey(t.Context(), api.KeyCreate{
			KeyFields: api.KeyFields{KeyAlias: &alias, TeamID: &teamID, BudgetTerms: api.BudgetTerms{HardCap: true}},
		}))
		return "TF_VAR_" + teamID + "_key_id=" + created.KeyID
	}
	pot := api.NewBudget("company")
	pot.Everything, pot.MaxBudget, pot.BudgetDuration, pot.AlertThresholds = true, new(2500*money.USD), month, []float64{0.5, 0.8, 1}
	must[api.Budget](t)(g.CreateBudget(t.Context(), "company", pot.BudgetFields))

	c := newCLI(t, "../examples/adopt", "BURSAR_ENDPOINT="+g.URL, "BURSAR_ADMIN_KEY="+adminKey,
		key("marketing-app", "marketing"), key("research-notebooks", "research"))
	if said := c.apply(); !strings.Contains(said, "5 imported, 0 added, 0 changed, 0 destroyed") {
		t.Errorf("the first apply does more than import:\n%s", said)
	}
	c.plansNothing()
	c.destroys()
}

func TestAccExample_teamModule(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, "../examples/team-module", "BURSAR_ENDPOINT="+g.URL, "BURSAR_ADMIN_KEY="+adminKey,
		"TF_VAR_alerts_url=https://hooks.example.com/alerts")
	c.run(0, "get")
	c.apply()
	c.plansNothing()
	var keys map[string]map[string]string
	if err := json.Unmarshal([]byte(c.run(0, "output", "-json", "keys")), &keys); err != nil {
		t.Fatal(err)
	}
	if len(keys) != 3 || keys["marketing"]["website"] == "" || keys["product"]["backend"] == "" {
		t.Errorf("the keys are of %d teams", len(keys))
	}
	c.destroys()
}

func TestAccExample_keysWithoutState(t *testing.T) {
	g := startGateway(t)
	const first, second = "sk-canary-first-0123456789", "sk-canary-second-0123456789"
	c := newCLI(t, "../examples/keys-without-state", "BURSAR_ENDPOINT="+g.URL, "BURSAR_ADMIN_KEY="+adminKey, "TF_VAR_checkout_key="+first)
	said := c.apply() + c.plansNothing()
	keyID := g.onlyKey().KeyID
	if status := g.asks(first); status != http.StatusOK {
		t.Errorf("the key's holder is answered %d", status)
	}
	c.env = append(c.env, "TF_VAR_checkout_key="+second, "TF_VAR_checkout_key_version=2")
	said += c.apply() + c.plansNothing()
	if status := g.asks(second); status != http.StatusOK {
		t.Errorf("the new secret's holder is answered %d", status)
	}
	if status := g.asks(first); status != http.StatusOK || g.onlyKey().KeyID != keyID {
		t.Errorf("within the grace the old secret's holder is answered %d, and the key is %s, before %s", status, g.onlyKey().KeyID, keyID)
	}
	for where, text := range map[string]string{"output": said, "state": c.read("terraform.tfstate"), "log": c.read(filepath.Base(c.log()))} {
		if strings.Contains(text, "sk-canary") {
			t.Errorf("a secret is in the %s", where)
		}
	}
	c.destroys()
}

// asks lists the models with a key of the data path.
func (g *gateway) asks(secret string) int {
	g.t.Helper()
	request, err := http.NewRequestWithContext(g.t.Context(), http.MethodGet, g.URL+"/v1/models", nil)
	if err != nil {
		g.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+secret)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		g.t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// A pull request that raises research's budget by half is reviewed with a viewer's key, which cannot apply it.
func TestAccExample_quotaReview(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, "../examples/pull-request-review", "BURSAR_ENDPOINT="+g.URL, "BURSAR_ADMIN_KEY="+adminKey)
	c.apply()
	c.plansNothing()
	c.write("teams.json", strings.Replace(c.read("teams.json"), `"max_budget": 1000`, `"max_budget": 1500`, 1))

	viewer := g.keyOf("viewer")
	review := func() (string, int) {
		said, complaint, exit := c.script(viewer, "./review.sh")
		if exit != 0 && exit != 2 {
			t.Fatalf("exit code %d: %s", exit, complaint)
		}
		return said, exit
	}
	said, exit := review()
	if exit != 2 || !strings.Contains(said, "research") || !strings.Contains(said, "1,500") || strings.Contains(said, "marketing") {
		t.Errorf("exit code %d, review:\n%s", exit, said)
	}
	c.write("quota-policy.yaml", strings.Replace(c.read("quota-policy.yaml"), "increase_above_pct: 20", "increase_above_pct: 50", 1))
	if _, exit = review(); exit != 0 {
		t.Errorf("exit code %d for what the policy lets pass", exit)
	}
	refused := *c
	refused.env = append(slices.Clip(c.env), "BURSAR_ADMIN_KEY="+viewer)
	refused.run(1, "apply", "-auto-approve", "-no-color", "-input=false")
	c.apply()
	c.destroys()
}

// A pull request is merged: what reviewers saw is approved by somebody who cannot apply, and applied by somebody who cannot apply
// anything else. At night what was changed by hand is told.
func TestAccExample_quotaApproval(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, "../examples/pull-request-review", "BURSAR_ENDPOINT="+g.URL, "BURSAR_ADMIN_KEY="+adminKey)
	c.apply()
	raised := strings.Replace(c.read("teams.json"), `"max_budget": 1000`, `"max_budget": 1500`, 1)
	c.write("teams.json", raised)
	if _, complaint, exit := c.script(g.keyOf("viewer"), "./review.sh"); exit != 2 {
		t.Fatalf("review: exit code %d, %s", exit, complaint)
	}
	id, complaint, exit := c.script(g.keyOf("approver"), "bursar", "approve", "--changes", "changes.json")
	if exit != 0 {
		t.Fatalf("approve: exit code %d, %s", exit, complaint)
	}
	id = strings.TrimSpace(id)
	c.write("teams.json", strings.Replace(raised, `"max_budget": 1500`, `"max_budget": 9500`, 1))
	if said, complaint, exit := c.script(adminKey, "./apply.sh", id); exit != 1 || !strings.Contains(complaint, "Not approved") {
		t.Errorf("more than was approved: exit code %d, %s%s", exit, said, complaint)
	}
	c.write("teams.json", raised)
	if said, complaint, exit := c.script(adminKey, "./apply.sh", id); exit != 0 || !strings.Contains(said, "1 changed") {
		t.Errorf("what was approved: exit code %d, %s%s", exit, said, complaint)
	}
	if _, complaint, exit := c.script(adminKey, "./apply.sh"); exit != 1 || !strings.Contains(complaint, "apply.sh REVIEW") {
		t.Errorf("without a review: exit code %d, %s", exit, complaint)
	}

	if said, complaint, exit := c.script(g.keyOf("viewer"), "./drift.sh"); exit != 0 {
		t.Errorf("without drift: exit code %d, %s%s", exit, said, complaint)
	}
	must[api.Team](t)(g.UpdateTeam(t.Context(), "research", api.TeamFields{BudgetTerms: api.BudgetTerms{MaxBudget: new(2000 * money.USD)}}, 0))
	if said, complaint, exit := c.script(g.keyOf("viewer"), "./drift.sh"); exit != 2 || !strings.Contains(said, "research") {
		t.Errorf("with drift: exit code %d, %s%s", exit, said, complaint)
	}
	c.destroys()
}

// script runs a program of a pipeline with an admin key, and returns what it says, what it complains of, and how it ends.
func (c *cli) script(key, program string, arguments ...string) (said, complaint string, exit int) {
	c.t.Helper()
	if !strings.HasPrefix(program, "./") {
		program = filepath.Join(c.programs(), program)
	}
	command := exec.CommandContext(c.t.Context(), program, arguments...)
	command.Dir = c.dir
	command.Env = append(slices.Clip(c.env), "BURSAR_ADMIN_KEY="+key, "PATH="+c.programs()+":"+os.Getenv("PATH"))
	var out, problems bytes.Buffer
	command.Stdout, command.Stderr = &out, &problems
	var ended *exec.ExitError
	if err := command.Run(); err != nil && !errors.As(err, &ended) {
		c.t.Fatal(err)
	}
	return out.String(), problems.String(), command.ProcessState.ExitCode()
}

// keyOf makes an admin key with a role.
func (g *gateway) keyOf(role string) string {
	g.t.Helper()
	return g.keyNamed(rand.Text(), role)
}

func (g *gateway) keyNamed(alias, role string) string {
	g.t.Helper()
	request, err := http.NewRequestWithContext(g.t.Context(), http.MethodPost, g.URL+"/admin_key/new", strings.NewReader(`{"admin_key_alias":"`+alias+`","role":"`+role+`"}`))
	if err != nil {
		g.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+adminKey)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		g.t.Fatal(err)
	}
	defer response.Body.Close()
	var created struct {
		Key string `json:"key"`
	}
	if err := json.NewDecoder(response.Body).Decode(&created); err != nil || created.Key == "" {
		g.t.Fatalf("create an admin key: status %d, %v", response.StatusCode, err)
	}
	return created.Key
}

// programs is a folder with bursar and terraform in it, as a pipeline has them on its PATH.
func (c *cli) programs() string {
	c.t.Helper()
	dir := filepath.Join(c.dir, ".bin")
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	bursar, err := builtGateway()
	if err != nil {
		c.t.Fatal(err)
	}
	err = errors.Join(os.Mkdir(dir, 0o700), os.Symlink(bursar, filepath.Join(dir, "bursar")), os.Symlink(c.program, filepath.Join(dir, "terraform")))
	if err != nil {
		c.t.Fatal(err)
	}
	return dir
}

// builtGateway builds bursar once for all tests: linking it takes ten seconds of CPU.
var builtGateway = sync.OnceValues(func() (program string, err error) {
	program = filepath.Join(builtFolder, "bursar")
	if output, err := exec.Command("go", "build", "-o", program, "../gateway/cmd/bursar").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build bursar: %w\n%s", err, output)
	}
	return program, nil
})
