package provider_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/bursarhq/terraform-provider-bursar/internal/terraform"
	"github.com/bursarhq/terraform-provider-bursar/provider"
)

// run runs the steps with a real Terraform and destroys what is left.
//
// Each start of Terraform costs as much as the step itself, and HashiCorp's framework starts it seven to nine times a step.
// It runs the tests that import, which are the whole life of each resource, and so everything once that it does. The other
// tests start Terraform two to five times a step; see acceptance.
func run(t *testing.T, steps ...resource.TestStep) {
	t.Helper()
	if slices.ContainsFunc(steps, wantsFramework) {
		resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: providers, Steps: steps})
		return
	}
	a := newAcceptance(t)
	defer a.destroy()
	for i, step := range steps {
		a.judge(step, a.step(step), fmt.Sprintf("step %d of %d", i+1, len(steps)))
	}
}

// wantsFramework is for steps that acceptance cannot run.
func wantsFramework(s resource.TestStep) bool {
	return s.ImportState || s.Check != nil || s.RefreshState || s.Query || s.Taint != nil || s.SkipFunc != nil || s.PostApplyFunc != nil ||
		s.ConfigDirectory != nil || s.ConfigFile != nil || s.ExternalProviders != nil || s.ProtoV6ProviderFactories != nil ||
		s.ConfigPlanChecks.PostApplyPreRefresh != nil || s.ConfigPlanChecks.PostApplyPostRefresh != nil
}

// providers runs the provider in the test's process.
var providers = map[string]func() (tfprotov6.ProviderServer, error){
	"bursar": func() (tfprotov6.ProviderServer, error) { return provider.Server("test")(), nil },
}

// acceptance is a folder with a configuration and its state. Every command meets a provider that has just started.
//
// A step is held to what the framework holds it to:
//   - The plan passes its checks, and is then applied from its file. Without checks one command plans and applies.
//   - The state passes its checks.
//   - The next plan is empty, with what it reads of the gateway and without. Where reading finds nothing new both are
//     the same plan, and one command makes it.
type acceptance struct {
	t       *testing.T
	dir     string
	program string
}

func newAcceptance(t *testing.T) *acceptance {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("TF_ACC is not set: acceptance tests run with make testacc")
	}
	program := os.Getenv(envCores)
	if program == "" {
		cache, err := terraform.CacheDir()
		if err != nil {
			t.Fatal(err)
		}
		if program, err = terraform.Find(t.Context(), cache); err != nil {
			t.Fatal(err)
		}
	}
	return &acceptance{t, t.TempDir(), program}
}

// judge compares how a step ended with how it should.
func (a *acceptance) judge(step resource.TestStep, err error, which string) {
	a.t.Helper()
	switch {
	case step.ExpectError == nil && err != nil:
		a.t.Fatalf("%s: %s", which, err)
	case step.ExpectError != nil && err == nil:
		a.t.Fatalf("%s: no error, want %s", which, step.ExpectError)
	case step.ExpectError != nil && !step.ExpectError.MatchString(err.Error()):
		a.t.Fatalf("%s: want the error %s, got: %s", which, step.ExpectError, err)
	}
}

func (a *acceptance) step(step resource.TestStep) error {
	if step.PreConfig != nil {
		step.PreConfig()
	}
	if err := a.write(step.Config); err != nil {
		return err
	}
	if err := step.ConfigVariables.Write(a.dir); err != nil {
		return err
	}
	if !step.PlanOnly {
		if err := a.apply(step); err != nil {
			return err
		}
		if err := a.checkState(step.ConfigStateChecks); err != nil {
			return err
		}
	}
	if step.Destroy {
		if left := a.managed(); left != 0 {
			return fmt.Errorf("the state still holds %d resources", left)
		}
		return nil
	}
	return a.settled(step)
}

// write leaves the folder with this configuration alone. Functions are found only if it says where the provider comes from.
func (a *acceptance) write(config string) error {
	versions := ""
	if !strings.Contains(config, "terraform {") {
		versions = fmt.Sprintf("terraform {\n  required_providers {\n    bursar = { source = %q }\n  }\n}\n", registryAddress())
	}
	return errors.Join(
		os.WriteFile(filepath.Join(a.dir, "versions.tf"), []byte(versions), 0o600),
		os.WriteFile(filepath.Join(a.dir, "main.tf"), []byte(config), 0o600),
	)
}

func (a *acceptance) apply(step resource.TestStep) error {
	var mode []string
	if step.Destroy {
		mode = []string{"-destroy"}
	}
	if len(step.ConfigPlanChecks.PreApply) == 0 {
		_, err := a.terraform("apply", append(mode, "-auto-approve")...)
		return err
	}
	if _, err := a.terraform("plan", append(mode, "-out=checked.tfplan")...); err != nil {
		return err
	}
	if err := a.checkPlan(step.ConfigPlanChecks.PreApply); err != nil {
		return err
	}
	_, err := a.terraform("apply", "checked.tfplan")
	return err
}

// settled returns an error unless the plan is empty, or is not as the step wants it.
func (a *acceptance) settled(step resource.TestStep) error {
	as := []string{"-detailed-exitcode", "-json"}
	if step.ExpectError != nil {
		as = nil // errors are matched as people read them
	}
	said, err := a.terraform("plan", as...)
	changed := exitCode(err) == 2
	switch {
	case err != nil && !changed:
		return err
	case changed != step.ExpectNonEmptyPlan:
		return fmt.Errorf("the plan after the step changes something: %t, want %t:\n%s", changed, step.ExpectNonEmptyPlan, said)
	case !strings.Contains(said, `"type":"resource_drift"`):
		return nil
	}
	// Reading found something new, so the plan without reading is another one.
	said, err = a.terraform("plan", "-detailed-exitcode", "-refresh=false")
	if (exitCode(err) == 2) != step.ExpectNonEmptyPlan {
		return fmt.Errorf("the plan that reads nothing changes something:\n%s", said)
	}
	if exitCode(err) == 2 {
		return nil
	}
	return err
}

func (a *acceptance) checkPlan(checks []plancheck.PlanCheck) error {
	said, err := a.terraform("show", "-json", "checked.tfplan")
	if err != nil {
		return err
	}
	var plan tfjson.Plan
	plan.UseJSONNumber(true)
	if err := plan.UnmarshalJSON([]byte(said)); err != nil {
		return fmt.Errorf("read the plan: %w", err)
	}
	var problems []error
	for _, check := range checks {
		var answer plancheck.CheckPlanResponse
		check.CheckPlan(a.t.Context(), plancheck.CheckPlanRequest{Plan: &plan}, &answer)
		problems = append(problems, answer.Error)
	}
	return errors.Join(problems...)
}

func (a *acceptance) checkState(checks []statecheck.StateCheck) error {
	if len(checks) == 0 {
		return nil
	}
	said, err := a.terraform("show", "-json")
	if err != nil {
		return err
	}
	var state tfjson.State
	state.UseJSONNumber(true)
	if err := state.UnmarshalJSON([]byte(said)); err != nil {
		return fmt.Errorf("read the state: %w", err)
	}
	var problems []error
	for _, check := range checks {
		var answer statecheck.CheckStateResponse
		check.CheckState(a.t.Context(), statecheck.CheckStateRequest{State: &state}, &answer)
		problems = append(problems, answer.Error)
	}
	return errors.Join(problems...)
}

// managed counts the resources in the state.
func (a *acceptance) managed() int {
	a.t.Helper()
	var state struct {
		Resources []struct{ Mode string }
	}
	switch text, err := os.ReadFile(filepath.Join(a.dir, "terraform.tfstate")); {
	case errors.Is(err, os.ErrNotExist):
		return 0
	case err != nil:
		a.t.Error(err)
	default:
		if err := json.Unmarshal(text, &state); err != nil {
			a.t.Error(err)
		}
	}
	count := 0
	for _, r := range state.Resources {
		if r.Mode == "managed" {
			count++
		}
	}
	return count
}

// destroy leaves nothing behind, which is a proof of every delete.
func (a *acceptance) destroy() {
	a.t.Helper()
	if a.managed() == 0 {
		return
	}
	if _, err := a.terraform("destroy", "-auto-approve", "-refresh=false"); err != nil {
		a.t.Errorf("destroy at the end: %s", err)
	}
}

// terraform runs one command with a provider of its own, and returns what it says. Its error holds what it complains of.
func (a *acceptance) terraform(name string, arguments ...string) (string, error) {
	ctx, stop := context.WithCancel(context.WithoutCancel(a.t.Context()))
	reattach, stopped := serveProvider(ctx, a.t)
	defer func() {
		stop()
		<-stopped
	}()
	arguments = append([]string{name, "-no-color"}, arguments...)
	if name != "show" {
		arguments = slices.Insert(arguments, 1, "-input=false")
	}
	command := exec.CommandContext(ctx, a.program, arguments...)
	command.Dir = a.dir
	// Terraform ends before collecting garbage has paid.
	command.Env = append(os.Environ(), "TF_REATTACH_PROVIDERS="+reattach, "TF_IN_AUTOMATION=1", "TF_LOG=", "GOGC=off", "GOMEMLIMIT=512MiB")
	var said, complaints bytes.Buffer
	command.Stdout, command.Stderr = &said, &complaints
	err := command.Run()
	if err != nil {
		err = fmt.Errorf("terraform %s: %w\n%s", strings.Join(arguments, " "), err, complaints.String())
		if slices.Contains(arguments, "-json") {
			err = fmt.Errorf("%w%s", err, said.String())
		}
	}
	return said.String(), err
}

// exitCode is 0 for no error, and -1 for one that is no program's end.
func exitCode(err error) int {
	var ended *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &ended):
		return ended.ExitCode()
	default:
		return -1
	}
}

// serveProvider serves a provider in this process until ctx ends. It returns what TF_REATTACH_PROVIDERS has to say, and a
// channel that is closed when the provider has stopped.
func serveProvider(ctx context.Context, t *testing.T) (reattach string, stopped <-chan struct{}) {
	t.Helper()
	address := registryAddress()
	configs, closed, done := make(chan *plugin.ReattachConfig), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		err := tf6server.Serve(address, provider.Server("test"), tf6server.WithDebug(ctx, configs, closed), tf6server.WithLoggingSink(t),
			tf6server.WithGoPluginLogger(hclog.NewNullLogger()), tf6server.WithoutLogStderrOverride())
		if err != nil {
			t.Errorf("serve the provider: %s", err)
		}
	}()
	var served *plugin.ReattachConfig
	select {
	case served = <-configs:
	case <-done:
		t.Fatal("the provider has not started")
	}
	type addr struct{ Network, String string }
	text, err := json.Marshal(map[string]any{address: struct {
		Protocol        string
		ProtocolVersion int
		Pid             int
		Test            bool
		Addr            addr
	}{string(served.Protocol), served.ProtocolVersion, served.Pid, served.Test, addr{served.Addr.Network(), served.Addr.String()}}})
	if err != nil {
		t.Fatal(err)
	}
	return string(text), done
}

// registryAddress is where the program at hand expects a provider that says nothing of its source; OpenTofu has a registry of its own.
func registryAddress() string {
	host, namespace := os.Getenv("TF_ACC_PROVIDER_HOST"), os.Getenv("TF_ACC_PROVIDER_NAMESPACE")
	if host == "" {
		host = "registry.terraform.io"
	}
	if namespace == "" {
		namespace = "hashicorp"
	}
	return host + "/" + namespace + "/bursar"
}
