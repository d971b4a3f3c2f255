package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/bursarhq/terraform-provider-bursar/internal/terraform"
)

// Exit codes of plan -detailed-exitcode.
const (
	planIsEmpty    = 0
	planHasChanges = 2
)

// terraformCLI runs Terraform or OpenTofu in a folder of its own.
type terraformCLI struct {
	program string
	dir     string
	env     map[string]string
}

// newTerraform finds the program and prepares a folder in which it takes the provider from bin.
func newTerraform(ctx context.Context, dir, bin string, env map[string]string) (*terraformCLI, error) {
	cache, err := terraform.CacheDir()
	if err != nil {
		return nil, err
	}
	program, err := terraform.Find(ctx, cache)
	if err != nil {
		return nil, err
	}
	t := &terraformCLI{program: program, dir: filepath.Join(dir, "terraform"), env: env}
	if err := os.CopyFS(t.dir, os.DirFS("examples/quickstart")); err != nil {
		return nil, fmt.Errorf("copy examples/quickstart: %w", err)
	}
	overrides := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"bursarhq/bursar\" = %q\n  }\n  direct {}\n}\n", bin)
	settings := filepath.Join(dir, "terraform.rc")
	if err := os.WriteFile(settings, []byte(overrides), 0o600); err != nil {
		return nil, fmt.Errorf("write Terraform's settings: %w", err)
	}
	t.env["TF_CLI_CONFIG_FILE"] = settings
	t.env["TF_IN_AUTOMATION"] = "1"
	t.env["CHECKPOINT_DISABLE"] = "1"
	return t, nil
}

// run runs one command and returns its output. An exit code other than the wanted one is an
// error with everything that the program said.
func (t *terraformCLI) run(ctx context.Context, wanted int, args ...string) (output string, err error) {
	command := exec.CommandContext(ctx, t.program, args...)
	command.Dir = t.dir
	command.Env = environment(t.env)
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = patience
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr

	err = command.Run()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		return "", fmt.Errorf("run terraform %s: %w", args[0], err)
	}
	if exit := command.ProcessState.ExitCode(); exit != wanted {
		return "", fmt.Errorf("terraform %s ended with %d instead of %d:\n%s%s", args[0], exit, wanted, stdout.String(), stderr.String())
	}
	return stdout.String(), nil
}

// apply applies the configuration.
func (t *terraformCLI) apply(ctx context.Context) (output string, err error) {
	return t.run(ctx, 0, "apply", "-auto-approve", "-no-color", "-input=false")
}

// plan plans and insists on the exit code: [planIsEmpty] or [planHasChanges].
func (t *terraformCLI) plan(ctx context.Context, wanted int, args ...string) (output string, err error) {
	args = append([]string{"plan", "-detailed-exitcode", "-no-color", "-input=false"}, args...)
	return t.run(ctx, wanted, args...)
}
