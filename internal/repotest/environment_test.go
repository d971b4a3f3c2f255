package repotest

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/terraform"
)

// TestEnvironment_isComplete lets the summary of make test say what could not run, which in CI is a failure.
func TestEnvironment_isComplete(t *testing.T) {
	missing := strings.TrimSpace(os.Getenv("BURSAR_TEST_MISSING"))
	switch {
	case missing == "":
	case os.Getenv("CI") == "true":
		t.Errorf("not everything could be tested: %s", missing)
	default:
		t.Skipf("not everything could be tested: %s", missing)
	}
}

func TestExamples_areFormatted(t *testing.T) {
	program := os.Getenv("TF_ACC_TERRAFORM_PATH")
	if program == "" {
		cache, err := terraform.CacheDir()
		if err != nil {
			t.Fatal(err)
		}
		if program, err = terraform.Find(t.Context(), cache); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{"examples", "templates"} {
		command := exec.CommandContext(t.Context(), program, "fmt", "-no-color", "-check", "-diff", "-recursive", dir)
		command.Dir = root
		if output, err := command.CombinedOutput(); err != nil {
			t.Errorf("terraform fmt -recursive %s: %s\n%s", dir, err, output)
		}
	}
}
