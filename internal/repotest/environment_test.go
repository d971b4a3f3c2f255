package repotest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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
	for _, dir := range []string{"examples", "templates"} {
		checkFormat(t, filepath.Join(root, dir))
	}
}

func TestReadme_showsFormattedConfiguration(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```hcl\n(.*?)```").FindAllStringSubmatch(read(t, "README.md"), -1)
	if len(blocks) == 0 {
		t.Fatal("README.md shows no configuration")
	}
	dir := t.TempDir()
	for i, block := range blocks {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("block%d.tf", i)), []byte(block[1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	checkFormat(t, dir)
}

// checkFormat lets Terraform read all configuration below dir, which also shows that it parses.
func checkFormat(t *testing.T, dir string) {
	t.Helper()
	program, _, _ := strings.Cut(os.Getenv("TF_ACC_TERRAFORM_PATH"), string(filepath.ListSeparator))
	if program == "" {
		cache, err := terraform.CacheDir()
		if err != nil {
			t.Fatal(err)
		}
		if program, err = terraform.Find(t.Context(), cache); err != nil {
			t.Fatal(err)
		}
	}
	output, err := exec.CommandContext(t.Context(), program, "fmt", "-no-color", "-check", "-diff", "-recursive", dir).CombinedOutput()
	if err != nil {
		t.Errorf("terraform fmt -recursive %s: %s\n%s", dir, err, output)
	}
}
