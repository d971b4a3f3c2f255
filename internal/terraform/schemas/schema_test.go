package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/internal/terraform"
)

// What a Terraform prints of the kinds of schemas that it knows is what this prints of them.
func TestSchemas_areAsTerraformPrintsThem(t *testing.T) {
	if os.Getenv("TF_ACC") == "" {
		t.Skip("TF_ACC is not set: it needs a Terraform, as the acceptance tests do")
	}
	ours, theirs := printed(t, "go", "run", "."), terraformSchemas(t)
	for _, kind := range []string{"provider", "resource_schemas", "data_source_schemas", "ephemeral_resource_schemas", "functions"} {
		if theirs[kind] == nil {
			t.Errorf("Terraform prints no %s", kind)
		}
		if diff := cmp.Diff(theirs[kind], ours[kind]); diff != "" {
			t.Errorf("%s (-Terraform +ours):\n%s", kind, diff)
		}
	}
	for _, kind := range []string{"list_resource_schemas", "action_schemas", "resource_identity_schemas"} {
		if ours[kind] == nil {
			t.Errorf("there is no %s", kind)
		}
	}
}

func terraformSchemas(t *testing.T) map[string]any {
	t.Helper()
	cache, err := terraform.CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	program, err := terraform.Find(t.Context(), cache)
	if err != nil {
		t.Fatal(err)
	}
	bin, dir := t.TempDir(), t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "../../../provider/cmd/terraform-provider-bursar")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the provider: %s\n%s", err, output)
	}
	settings, main := filepath.Join(bin, "terraform.rc"), filepath.Join(dir, "main.tf")
	write(t, settings, "provider_installation {\n  dev_overrides {\n    \"bursarhq/bursar\" = \""+bin+"\"\n  }\n  direct {}\n}\n")
	write(t, main, "terraform {\n  required_providers {\n    bursar = {\n      source = \"bursarhq/bursar\"\n    }\n  }\n}\n")
	t.Setenv("TF_CLI_CONFIG_FILE", settings)
	t.Setenv("CHECKPOINT_DISABLE", "1")
	return printed(t, program, "-chdir="+dir, "providers", "schema", "-json")
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// printed returns the schemas of the only provider in what a command prints.
func printed(t *testing.T, name string, args ...string) map[string]any {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), name, args...).Output()
	if err != nil {
		t.Fatalf("%s %v: %s", name, args, err)
	}
	var document struct {
		Schemas map[string]map[string]any `json:"provider_schemas"`
	}
	if err := json.Unmarshal(output, &document); err != nil {
		t.Fatal(err)
	}
	for _, schemas := range document.Schemas {
		return schemas
	}
	t.Fatal("no provider")
	return nil
}
