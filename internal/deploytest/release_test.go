package deploytest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// The notes of a release are a section of the changelog, and a version without one is not released.
func TestRelease_notesAreTheChangelogs(t *testing.T) {
	notes := func(version string) (string, error) {
		output, err := exec.CommandContext(t.Context(), "../../.ci/release/notes", version).CombinedOutput()
		return string(output), err
	}
	if said, err := notes("Unreleased"); err != nil || !strings.Contains(said, "FEATURES:") || strings.Contains(said, "\n## ") {
		t.Errorf("%v: %.200s", err, said)
	}
	if said, err := notes("99.0.0"); err == nil || !strings.Contains(said, `no section "## 99.0.0"`) {
		t.Errorf("%v: %s", err, said)
	}
}

// What the release's configuration and workflow name is there.
func TestRelease_namesFilesThatExist(t *testing.T) {
	for _, name := range []string{".goreleaser.yml", ".github/workflows/release.yml"} {
		data, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		var parsed map[string]any
		if err := yaml.Unmarshal(data, &parsed); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, path := range regexp.MustCompile(`(?:\./)?(?:\.ci|examples|gateway|provider)/[A-Za-z0-9_./-]+`).FindAllString(string(data), -1) {
			if _, err := os.Stat(filepath.Join("../..", path)); err != nil {
				t.Errorf("%s names %s, which does not exist", name, path)
			}
		}
	}
}
