package provider_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// The run's admin key opens the gateway for another provider block, which makes a team with it.
const ephemeralAdminKey = `
terraform {
  required_providers {
    bursar = {
      source = "bursarhq/bursar"
    }
  }
}

ephemeral "bursar_admin_key" "run" {
  admin_key_alias = "nightly"
  role            = "admin"
  duration        = "30m"
}

provider "bursar" {
  alias     = "nightly"
  admin_key = ephemeral.bursar_admin_key.run.key
}

resource "bursar_team" "t" {
  provider = bursar.nightly
  team_id  = "t"
}
`

func TestAccAdminKeyEphemeral_livesForTheRunAndLeavesNothing(t *testing.T) {
	g := startGateway(t)
	var mu sync.Mutex
	var secrets []string
	var lives []time.Duration
	g.between(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.URL.Path != "/admin_key/new" {
			next.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		var key api.AdminKeyCreated
		if json.Unmarshal(answer.Body.Bytes(), &key) == nil && key.Expires != nil {
			mu.Lock()
			secrets, lives = append(secrets, key.Secret), append(lives, key.Expires.Sub(key.CreatedAt).Round(time.Minute))
			mu.Unlock()
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
	c := newCLI(t, "../examples/provider", "BURSAR_ENDPOINT="+g.URL, "BURSAR_ADMIN_KEY="+adminKey)
	c.write("provider.tf", ephemeralAdminKey)
	said := c.run(0, "apply", "-no-color", "-input=false", "-auto-approve")
	if len(secrets) == 0 || lives[0] != 30*time.Minute {
		t.Fatalf("%d admin keys were made, which live for %v", len(secrets), lives)
	}
	if left := must[[]api.AdminKey](t)(g.ListAdminKeys(t.Context())); len(left) != 0 {
		t.Errorf("%d admin keys are left after the run", len(left))
	}
	made := must[api.TeamInfo](t)(g.GetTeam(t.Context(), "t"))
	if !strings.HasPrefix(made.CreatedBy, "terraform") && !strings.Contains(made.CreatedBy, "nightly") {
		t.Errorf("the team was made by %q", made.CreatedBy)
	}
	for where, text := range map[string]string{"output": said, "state": c.read("terraform.tfstate"), "log": c.read("trace.log")} {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("the secret is in the %s", where)
			}
		}
	}
}

func TestAccAdminKeyEphemeral_isRenewedAndClosed(t *testing.T) {
	g := startGateway(t)
	p := g.protocol()
	opened, err := p.server.OpenEphemeralResource(p.ctx, &tfprotov6.OpenEphemeralResourceRequest{
		TypeName: "bursar_admin_key", Config: p.dynamic(object{"role": "viewer", "duration": "1m"}),
	})
	p.must(err, opened.Diagnostics)
	before := g.onlyAdminKey()
	renewed, err := p.server.RenewEphemeralResource(p.ctx, &tfprotov6.RenewEphemeralResourceRequest{TypeName: "bursar_admin_key", Private: opened.Private})
	p.must(err, renewed.Diagnostics)
	if after := g.onlyAdminKey(); !after.Expires.After(*before.Expires) || after.Role != "viewer" || renewed.RenewAt.IsZero() {
		t.Errorf("renewed from %s to %+v", before.Expires, after)
	}
	closed, err := p.server.CloseEphemeralResource(p.ctx, &tfprotov6.CloseEphemeralResourceRequest{TypeName: "bursar_admin_key", Private: opened.Private})
	p.must(err, closed.Diagnostics)
	closed, err = p.server.CloseEphemeralResource(p.ctx, &tfprotov6.CloseEphemeralResourceRequest{TypeName: "bursar_admin_key", Private: opened.Private})
	p.must(err, closed.Diagnostics) // gone already is as wanted
	if left := must[[]api.AdminKey](t)(g.ListAdminKeys(t.Context())); len(left) != 0 {
		t.Errorf("%d admin keys are left", len(left))
	}
}

func TestAccAdminKeyEphemeral_refusesWhatTheGatewayWould(t *testing.T) {
	g := startGateway(t)
	p := g.protocol()
	for wrong, config := range map[string]object{
		"is required for the role team_admin": {"role": "team_admin"},
		"is only for the roles team_admin":    {"role": "admin", "team_ids": []any{"a"}},
		"must be a duration from 1m to 24h":   {"role": "admin", "duration": "25h"},
		"must be one of":                      {"role": "root"},
		"how the audit log names others":      {"role": "admin", "admin_key_alias": "admin"},
	} {
		valid, err := p.server.ValidateEphemeralResourceConfig(p.ctx, &tfprotov6.ValidateEphemeralResourceConfigRequest{TypeName: "bursar_admin_key", Config: p.dynamic(config)})
		p.must(err, nil)
		if got := said(valid.Diagnostics); !strings.Contains(got, wrong) {
			t.Errorf("%v: %q, want %q", config, got, wrong)
		}
	}
}
