package provider_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// job is what matters of a workflow of GitHub Actions, whose steps are jobs of one step here.
type job struct {
	Env  map[string]string `yaml:"env"`
	With map[string]any    `yaml:"with"`
	Uses string            `yaml:"uses"`
	Run  string            `yaml:"run"`

	Steps []job          `yaml:"steps"`
	Jobs  map[string]job `yaml:"jobs"`
}

// A plan runs what a pull request says: where one is made, no token that writes is in the environment or on disk.
func TestExample_plansSeeNoToken(t *testing.T) {
	files, err := filepath.Glob("../examples/pull-request-review/github-actions*.yml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		var workflow job
		readYAML(t, name, &workflow)
		for _, j := range workflow.Jobs {
			for _, step := range j.Steps {
				if strings.HasPrefix(step.Uses, "actions/checkout@") && step.With["persist-credentials"] != false {
					t.Errorf("%s: a checkout leaves its credentials where a plan can read them", name)
				}
				for _, env := range []map[string]string{workflow.Env, j.Env, step.Env} {
					if env["GITHUB_TOKEN"] != "" && !strings.Contains(step.Run, "--post") {
						t.Errorf("%s: %q sees the token", name, step.Run+step.Uses)
					}
				}
				if strings.Contains(step.Run, "--post") && step.Env["QUOTA_PLAN"] == "" {
					t.Errorf("%s: %q plans with the token in its environment", name, step.Run)
				}
			}
		}
	}
}

// Atlantis plans before anybody has agreed, and has no key that approves or applies.
func TestExample_atlantisHasNoKeyThatChanges(t *testing.T) {
	var server struct {
		Workflows map[string]map[string]struct {
			Steps []any `yaml:"steps"`
		} `yaml:"workflows"`
	}
	readYAML(t, "../examples/pull-request-review/atlantis.yaml", &server)
	steps := server.Workflows["quotas"]["apply"].Steps
	refuses, _ := steps[0].(map[string]any)
	if command, _ := refuses["run"].(string); len(steps) != 1 || !strings.HasSuffix(command, "exit 1") {
		t.Errorf("an apply does %v", steps)
	}
	for _, file := range []string{"atlantis.yaml", "atlantis.sh"} {
		text, err := os.ReadFile("../examples/pull-request-review/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"BURSAR_APPROVER_KEY", "BURSAR_APPLY_KEY", "sudo"} {
			if strings.Contains(string(text), key) {
				t.Errorf("%s has %s", file, key)
			}
		}
	}
	if got := slices.Sorted(maps.Keys(server.Workflows)); !slices.Equal(got, []string{"quotas"}) {
		t.Errorf("the workflows are %q", got)
	}
}

func readYAML(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatal(name, err)
	}
}
