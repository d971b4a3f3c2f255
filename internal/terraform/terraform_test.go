package terraform

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fake puts a program into dir that says it is Terraform of this version.
func fake(t *testing.T, dir, name, version string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	script := fmt.Sprintf("#!/bin/sh\n[ \"$*\" = \"version -json\" ] || exit 1\n[ -z \"$TF_CLI_CONFIG_FILE\" ] || echo Warning\necho '{\"terraform_version\": \"%s\"}'\n", version)
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFind_choosesAProgram(t *testing.T) {
	for _, c := range []struct {
		name string
		// onPATH and cached are versions by program name.
		onPATH, cached map[string]string
		want           string
	}{
		{"Terraform from PATH", map[string]string{"terraform": "1.11.4", "tofu": "1.11.0"}, nil, "path/terraform"},
		{"OpenTofu when Terraform is too old", map[string]string{"terraform": "1.5.7", "tofu": "1.11.0"}, nil, "path/tofu"},
		{"OpenTofu alone", map[string]string{"tofu": "1.12.1"}, nil, "path/tofu"},
		{"a release candidate of the oldest is too old", map[string]string{"terraform": "1.11.0-rc1"}, map[string]string{"terraform": "1.13.0"}, "cache/terraform"},
		{"the one downloaded before", nil, map[string]string{"terraform": "1.13.0"}, "cache/terraform"},
		{"a newer major version", map[string]string{"terraform": "2.0.0"}, nil, "path/terraform"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for folder, programs := range map[string]map[string]string{"path": c.onPATH, "cache": c.cached} {
				if err := os.Mkdir(filepath.Join(dir, folder), 0o755); err != nil {
					t.Fatal(err)
				}
				for name, version := range programs {
					fake(t, filepath.Join(dir, folder), name, version)
				}
			}
			t.Setenv("PATH", filepath.Join(dir, "path"))
			t.Setenv("TF_CLI_CONFIG_FILE", filepath.Join(dir, "gone.tfrc"))
			got, err := Find(t.Context(), filepath.Join(dir, "cache"))
			if err != nil || got != filepath.Join(dir, c.want) {
				t.Errorf("got %q, %v, want %s", got, err, c.want)
			}
		})
	}
}

func TestFind_withoutProgramOrNetwork(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	path, err := Find(ctx, t.TempDir())
	if err == nil {
		t.Fatalf("found %s where nothing is", path)
	}
	if !strings.Contains(err.Error(), "from "+Minimum+" on is on PATH") {
		t.Errorf("the error does not say what is missing: %s", err)
	}
}
