package provider_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// secretiveConfig has every sensitive input there is, each from a variable, and generates a secret with and without
// keeping it.
const secretiveConfig = `
terraform {
  required_providers {
    bursar = {
      source = "bursarhq/bursar"
    }
  }
}

provider "bursar" {
  admin_key   = var.admin_key
  max_retries = 0
}

variable "admin_key" {
  sensitive = true
}

variable "key" {
  ephemeral = true
  sensitive = true
}

variable "api_key" {
  ephemeral = true
  sensitive = true
}

variable "pipeline" {
  ephemeral = true
  sensitive = true
}

variable "signing_secret" {
  ephemeral = true
  sensitive = true
}

variable "webhook_url" {
  sensitive = true
}

resource "bursar_key" "own" {
  key_wo         = var.key
  key_wo_version = 1
}

resource "bursar_admin_key" "pipeline" {
  role           = "viewer"
  key_wo         = var.pipeline
  key_wo_version = 1
}

resource "bursar_key" "kept" {
  key_alias = "kept"
}

resource "bursar_key" "unseen" {
  key_alias          = "unseen"
  store_key_in_state = false
}

resource "bursar_model" "m" {
  name               = "gpt"
  api_key_wo         = var.api_key
  api_key_wo_version = 1
}

resource "bursar_alert_route" "r" {
  name = "oncall"
  webhook = {
    url               = var.webhook_url
    secret_wo         = var.signing_secret
    secret_wo_version = 1
  }
}
`

// secrets are good ones, with a canary in each.
var secrets = []string{
	"TF_VAR_admin_key=" + adminKey, "TF_VAR_key=sk-long-canary-0123456789-own", "TF_VAR_pipeline=sk-long-canary-0123456789-pipeline", "TF_VAR_api_key=sk-canary-of-openai",
	"TF_VAR_signing_secret=canary-signing-secret-0123", "TF_VAR_webhook_url=https://hooks.example.com/canary-path",
}

// unusableSecrets are each refused by something: the provider or the gateway.
var unusableSecrets = []string{
	"TF_VAR_admin_key=" + adminKey, "TF_VAR_key=sk-canary", "TF_VAR_pipeline=sk-canary", "TF_VAR_api_key=sk-canary\nof-openai",
	"TF_VAR_signing_secret=whsec_canary", "TF_VAR_webhook_url=https://ada:canary@hooks.example.com/",
}

// leaks names the secrets that a text holds.
func leaks(text string) []string {
	var found []string
	for _, secret := range []string{"canary", adminKey} {
		if strings.Contains(text, secret) {
			found = append(found, secret)
		}
	}
	return found
}

func newSecretive(t *testing.T, g *gateway, secrets []string) *cli {
	c := newCLI(t, "", append([]string{"BURSAR_ENDPOINT=" + g.URL}, secrets...)...)
	c.write("main.tf", secretiveConfig)
	return c
}

func TestAccSecrets_areNowhere(t *testing.T) {
	g := startGateway(t)
	c := newSecretive(t, g, secrets)
	said := c.run(0, "plan", "-no-color", "-input=false", "-out=tfplan")
	planned := c.run(0, "show", "-json", "tfplan")
	said += c.run(0, "apply", "-no-color", "-input=false", "tfplan")
	said += c.plansNothing()
	state := c.read("terraform.tfstate")
	said += c.run(0, "destroy", "-auto-approve", "-no-color", "-input=false")

	// The address of a webhook is a sensitive attribute, so plan and state have it, and nothing else does.
	hidden := strings.NewReplacer("https://hooks.example.com/canary-path", "", adminKey, "")
	for where, text := range map[string]string{
		"output": said, "log": c.read("trace.log"), "state": hidden.Replace(state), "plan": hidden.Replace(planned),
	} {
		if found := leaks(text); found != nil {
			t.Errorf("%v found in the %s", found, where)
		}
	}
	if !strings.Contains(c.read("trace.log"), "provider.terraform-provider-bursar: Calling provider defined Resource Create") {
		t.Error("the provider has logged nothing, so nothing was looked through")
	}
	if strings.Contains(state, adminKey) {
		t.Error("the admin key is in the state")
	}
	// Of the generated secrets, one is kept, and only where it was asked for.
	generated := strings.Count(state, `"sk-`) - strings.Count(state, `"sk-...`)
	if generated != 1 {
		t.Errorf("%d secrets are in the state, want the one of the key that keeps it", generated)
	}
	if _, rest, ok := strings.Cut(strings.ReplaceAll(state, `"sk-...`, ""), `"sk-`); ok {
		secret, _, _ := strings.Cut(rest, `"`)
		if strings.Contains(said, secret) || strings.Contains(c.read("trace.log"), secret) {
			t.Error("the generated secret is in the output or the log")
		}
	}
}

func TestAccSecrets_areInNoError(t *testing.T) {
	g := startGateway(t)
	said := map[string]string{}
	fails := func(name string, secrets []string, between fault) {
		c := newSecretive(t, g, secrets)
		g.heal()
		if between != nil {
			g.between(between)
		}
		output := c.run(1, "apply", "-auto-approve", "-no-color", "-input=false")
		said[name], said[name+", logged"] = output, c.read("trace.log")
		if !strings.Contains(output, "Error: ") {
			t.Errorf("%s: no error is told:\n%s", name, output)
		}
	}
	echo := func(status int, wrap string) fault {
		return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			body, _ := io.ReadAll(r.Body)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, strings.ReplaceAll(wrap, "BODY", string(body)))
		}
	}
	fails("unusable secrets", unusableSecrets, nil)
	fails("a proxy that repeats the request", secrets, echo(http.StatusBadGateway, "<h1>BODY</h1>"))
	fails("a gateway that repeats the request", secrets, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(api.FieldErrorf("name", "is unknown in %v %s", r.Header, body).Body())
	})
	fails("an answer that is cut short", secrets, echo(http.StatusOK, "BODY{"))
	fails("a gateway that dies", secrets, func(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) })
	fails("a wrong admin key", append(secrets[1:len(secrets):len(secrets)], "TF_VAR_admin_key=sk-long-canary-of-an-admin"), nil)
	fails("an unusable admin key", append(secrets[1:len(secrets):len(secrets)], "TF_VAR_admin_key=sk-canary of an admin"), nil)
	for where, text := range said {
		if found := leaks(text); found != nil {
			t.Errorf("%s: %v found", where, found)
		}
	}
}
