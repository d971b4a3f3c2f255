package provider_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/terraform"
)

// cli is the built provider under the terraform command, as people use it.
type cli struct {
	t       testing.TB
	program string
	dir     string
	env     []string
}

// newCLI runs in a copy of the folder of files, or in an empty one.
func newCLI(t testing.TB, files string, env ...string) *cli {
	t.Helper()
	cache, err := terraform.CacheDir()
	if err != nil {
		t.Fatal(err)
	}
	program, err := terraform.Find(t.Context(), cache)
	if err != nil {
		t.Fatal(err)
	}
	settings, err := builtProvider()
	if err != nil {
		t.Fatal(err)
	}
	c := &cli{t: t, program: program, dir: t.TempDir()}
	if files != "" {
		if err := os.CopyFS(c.dir, os.DirFS(files)); err != nil {
			t.Fatal(err)
		}
	}
	c.env = append(os.Environ(), append(env, "TF_CLI_CONFIG_FILE="+settings, "TF_IN_AUTOMATION=1",
		"TF_LOG=TRACE", "TF_LOG_PATH="+c.log())...)
	return c
}

// builtFolder is where builtProvider leaves its files; whoever runs the tests makes it and takes it away.
var builtFolder string

// builtProvider builds the provider once for all tests, and returns the settings with which Terraform takes it.
var builtProvider = sync.OnceValues(func() (settings string, err error) {
	build := exec.Command("go", "build", "-o", builtFolder, "./cmd/terraform-provider-bursar")
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the provider: %w\n%s", err, output)
	}
	settings = filepath.Join(builtFolder, "terraform.rc")
	overrides := fmt.Sprintf("provider_installation {\n  dev_overrides {\n    \"bursarhq/bursar\" = %q\n  }\n  direct {}\n}\n", builtFolder)
	return settings, os.WriteFile(settings, []byte(overrides), 0o600)
})

func (c *cli) log() string { return filepath.Join(c.dir, "trace.log") }

// run returns what the command says; it must end with the wanted exit code.
func (c *cli) run(exit int, args ...string) string {
	c.t.Helper()
	command := exec.CommandContext(c.t.Context(), c.program, args...)
	command.Dir, command.Env = c.dir, c.env

	output, err := command.CombinedOutput()
	if got := command.ProcessState.ExitCode(); got != exit {
		c.t.Fatalf("terraform %s ended with %d (%v), want %d:\n%s", strings.Join(args, " "), got, err, exit, output)
	}
	return string(output)
}

func TestAccQuickstart_leaksNoSecret(t *testing.T) {
	g := startGateway(t)
	const webhookSecret = "canary-webhook-secret-0123"
	c := newCLI(t, "../examples/quickstart", "BURSAR_ENDPOINT="+g.URL, "BURSAR_ADMIN_KEY="+adminKey,
		"TF_VAR_webhook_url=https://hooks.example.com/canary-path", "TF_VAR_webhook_secret="+webhookSecret)
	said := c.run(0, "apply", "-auto-approve", "-no-color", "-input=false")
	said += c.run(0, "plan", "-detailed-exitcode", "-no-color", "-input=false")
	if print := g.onlyRoute().Webhook.SecretFingerprint; print == "" {
		t.Error("the webhook has no secret")
	}
	g.changeTeam("marketing", func(f *api.TeamFields) { f.RPMLimit = new(int64(99)) })()
	g.changeRoute(func(f *api.AlertRouteFields) {
		f.Webhook = &api.WebhookTarget{URL: f.Webhook.URL, Secret: new("canary-foreign-secret-01234")}
	})()
	said += c.run(2, "plan", "-detailed-exitcode", "-no-color", "-input=false", "-out=change")
	planJSON := c.run(0, "show", "-json", "change")
	said += c.run(0, "apply", "-no-color", "-input=false", "change")

	c.env = append(c.env, "TF_VAR_webhook_secret=canary-another-secret-0123")
	warned := c.run(0, "plan", "-detailed-exitcode", "-no-color", "-input=false")
	if !strings.Contains(strings.Join(strings.Fields(warned), " "), "Raise secret_wo_version to send it") {
		t.Errorf("nothing warns of a secret that will not be sent:\n%s", warned)
	}
	said += warned

	state, log := c.read("terraform.tfstate"), c.read(filepath.Base(c.log()))
	generated := c.run(0, "output", "-json", "keys")
	everywhere := map[string]string{"output": said, "plan in JSON": planJSON, "state": state, "log": log}
	for where, text := range everywhere {
		for name, secret := range map[string]string{"admin key": adminKey, "webhook secret": webhookSecret, "foreign secret": "canary-foreign", "other secret": "canary-another"} {
			if strings.Contains(text, secret) {
				t.Errorf("the %s is in the %s", name, where)
			}
		}
	}
	for key := range strings.SplitSeq(generated, `"`) {
		if strings.HasPrefix(key, "sk-") && (strings.Contains(said, key) || strings.Contains(log, key)) {
			t.Error("a generated key is in the output or the log")
		}
	}
	if strings.Contains(said, "canary-path") || strings.Contains(log, "canary-path") {
		t.Error("the webhook's address is in the output or the log")
	}
	c.run(0, "destroy", "-auto-approve", "-no-color", "-input=false")
}

func (c *cli) read(name string) string {
	c.t.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		c.t.Fatal(err)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		c.t.Fatalf("%s is empty", name)
	}
	return string(text)
}

func (c *cli) write(name, text string) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}
