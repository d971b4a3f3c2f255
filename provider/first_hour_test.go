package provider_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

var shellBlock = regexp.MustCompile("(?s)```shell\n(.*?)```")

// Every command of the guide runs as it stands, in its order, and what the guide says of it is so.
func TestAccFirstHour_asTheGuideHasIt(t *testing.T) {
	guide, err := os.ReadFile("../templates/guides/your-first-hour.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	g := startGateway(t)
	c := newCLI(t, "", g.settings()...)
	c.withoutLog()
	var script strings.Builder
	script.WriteString("set -euo pipefail\n")
	for _, block := range shellBlock.FindAllStringSubmatch(string(guide), -1) {
		script.WriteString(strings.ReplaceAll(block[1], "terraform init\n", "true # the provider of the tests is installed\n"))
		script.WriteString("echo --- end of a block\n")
	}
	command := exec.CommandContext(t.Context(), "bash", "-c", script.String())
	command.Dir = t.TempDir()
	command.Env = append(slices.Clip(c.env), "PATH="+c.programs()+":"+os.Getenv("PATH"), "HOME="+command.Dir, "TF_CLI_ARGS=-no-color",
		"TF_CLI_ARGS_fmt=", "TF_CLI_ARGS_show=", "GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com")
	said, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	blocks := strings.Split(string(said), "--- end of a block")
	for i, want := range []string{
		1: "Plan: 3 to import, 0 to add, 0 to change, 0 to destroy.", 2: "No changes.", 3: "max_budget = 100 -> 150",
		4: "$100.00", 5: "marketing may spend 150 dollars a month", 6: "150 -> 100", 7: "max_budget = 1000",
	} {
		if !strings.Contains(strings.Join(strings.Fields(blocks[i]), " "), want) {
			t.Errorf("block %d does not say %q:\n%s", i, want, blocks[i])
		}
	}
	for id, want := range map[string]money.Nano{"marketing": 100 * money.USD, "research": 1000 * money.USD} {
		if team := must[api.TeamInfo](t)(g.GetTeam(t.Context(), id)); team.MaxBudget == nil || *team.MaxBudget != want {
			t.Errorf("at the end the cap of %s is %v", id, team.MaxBudget)
		}
	}
	if secrets, err := filepath.Glob(filepath.Join(command.Dir, "llm-quotas", "imports.tf")); err != nil || len(secrets) != 0 {
		t.Errorf("imports.tf is left: %v", err)
	}
}
