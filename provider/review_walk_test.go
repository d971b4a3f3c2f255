package provider_test

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

var (
	walkSection = regexp.MustCompile(`(?s)\n## One change, from the branch to the audit row\n(.*?)\n## What the plan shows\n`)
	walkBlock   = regexp.MustCompile("(?s)```(shell|text|markdown|json)\n(.*?)```")
	walkVaries  = regexp.MustCompile(`review_[A-Za-z0-9]+|\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?( UTC|Z)?|[0-9a-f]{64}|after \d+s`)
)

// Every command of the walk through one change runs as it stands, in its order, and prints what the guide shows below it, but for
// ids and times.
func TestAccReviewWalk_asTheGuideHasIt(t *testing.T) {
	guide, err := os.ReadFile("../templates/guides/reviewing-quota-changes.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	section := walkSection.FindStringSubmatch(string(guide))
	if section == nil {
		t.Fatal("the guide has no walk")
	}
	g := startGateway(t)
	c := newCLI(t, "", g.settings()...)
	c.withoutLog()
	var script strings.Builder
	script.WriteString("set -euo pipefail\n")
	shown := []string{}
	for _, block := range walkBlock.FindAllStringSubmatch(section[1], -1) {
		if block[1] != "shell" {
			shown[len(shown)-1] = block[2]
			continue
		}
		shown = append(shown, "")
		script.WriteString("echo --- block\n" + strings.ReplaceAll(block[2], "terraform init\n", "true # the provider of the tests is installed\n"))
	}
	command := exec.CommandContext(t.Context(), "bash", "-c", script.String())
	command.Dir = t.TempDir()
	command.Env = append(slices.Clip(c.env), "PATH="+c.programs()+":"+os.Getenv("PATH"), "HOME="+command.Dir, "TF_CLI_ARGS=-no-color", "APPROVER_KEY="+g.keyNamed("ann", "approver"),
		"TF_CLI_ARGS_show=", "GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL=ada@example.com")
	said, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	blocks := strings.Split(string(said), "--- block\n")[1:]
	for i, want := range shown {
		if i > 0 && want == "" {
			t.Errorf("the guide does not show what block %d prints", i)
		}
		if !strings.Contains(sameAlways(blocks[i]), sameAlways(want)) {
			t.Errorf("block %d says\n%s\nand the guide shows\n%s", i, blocks[i], want)
		}
	}
	if team := must[api.TeamInfo](t)(g.GetTeam(t.Context(), "marketing")); team.MaxBudget == nil || *team.MaxBudget != 250*money.USD {
		t.Errorf("at the end the cap is %v", team.MaxBudget)
	}
}

// sameAlways is a text without what is another one each time.
func sameAlways(text string) string {
	return strings.TrimSpace(walkVaries.ReplaceAllString(text, "…"))
}
