package provider_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const keyTeams = `
resource "bursar_team" "a" {
  team_id = "a"
}

resource "bursar_team" "b" {
  team_id = "b"
}
`

const fullKey = `
resource "bursar_key" "app" {
  key_alias             = "app"
  team_id               = bursar_team.a.team_id
  user_id               = "ada"
  models                = ["gpt-4.1-mini"]
  rpm_limit             = 10
  tpm_limit             = 1000
  max_parallel_requests = 2
  model_rpm_limit       = { "gpt-4.1-mini" = 5 }
  model_tpm_limit       = { "gpt-4.1-mini" = 50 }
  max_budget            = 10
  soft_budget           = 8
  budget_duration       = "1y"
  reset_day             = 3
  mode                  = "enforce"
  metadata              = { app = "web" }
  speak_for_teams       = ["a", "b"]
  expires               = "2099-01-31T12:00:00+01:00"
}
`

const plainKey = `
resource "bursar_key" "app" {
  key_alias = "app"
}
`

// onlyKey is the one key of the gateway.
func (g *gateway) onlyKey() api.Key {
	g.t.Helper()
	keys := must[[]api.Key](g.t)(g.ListKeys(g.t.Context()))
	if len(keys) != 1 {
		g.t.Fatalf("there are %d keys", len(keys))
	}
	return keys[0]
}

func (g *gateway) changeKey(change func(*api.KeyFields)) func() {
	return func() {
		g.t.Helper()
		key := g.onlyKey()
		change(&key.KeyFields)
		must[api.Key](g.t)(g.UpdateKey(g.t.Context(), key.KeyID, key.KeyFields, 0))
	}
}

// importID imports what the state has under the address.
func importID(address, attribute string) resource.ImportStateIdFunc {
	return func(state *terraform.State) (string, error) {
		found := state.RootModule().Resources[address]
		if found == nil {
			return "", fmt.Errorf("%s is not in the state", address)
		}
		return found.Primary.Attributes[attribute], nil
	}
}

func TestAccKey_createUpdateImport(t *testing.T) {
	g := startGateway(t)
	run(t,
		resource.TestStep{
			Config: g.config(keyTeams, fullKey),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue("bursar_key.app", tfjsonpath.New("key"), knownvalue.NotNull()),
				statecheck.ExpectSensitiveValue("bursar_key.app", tfjsonpath.New("key")),
			},
		},
		resource.TestStep{Config: g.config(keyTeams, fullKey), ConfigPlanChecks: nothing()},
		resource.TestStep{
			Config:           g.config(keyTeams, replace(fullKey, "rpm_limit             = 10", "rpm_limit = 11")),
			ConfigPlanChecks: onlyChanges("bursar_key.app", changes{"rpm_limit": "10 -> 11"}),
		},
		resource.TestStep{
			Config:           g.config(keyTeams, replace(fullKey, "team.a.", "team.b.")),
			ConfigPlanChecks: onlyChanges("bursar_key.app", changes{"rpm_limit": "11 -> 10", "team_id": `"a" -> "b"`}),
		},
		resource.TestStep{
			Config: g.config(keyTeams, fullKey), ResourceName: "bursar_key.app",
			ImportState: true, ImportStateIdFunc: importID("bursar_key.app", "key_id"),
			ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "key_id",
			// The gateway does not know the secret any more, and writes moments in UTC.
			ImportStateVerifyIgnore: []string{"key", "expires"},
		},
		resource.TestStep{
			Config: g.config(keyTeams, plainKey),
			ConfigPlanChecks: onlyChanges("bursar_key.app", changes{
				"team_id": `"b" -> `, "user_id": `"ada" -> `, "models.0": `"gpt-4.1-mini" -> `, "rpm_limit": "10 -> ", "tpm_limit": "1000 -> ",
				"max_parallel_requests": "2 -> ", "model_rpm_limit.gpt-4.1-mini": "5 -> ", "model_tpm_limit.gpt-4.1-mini": "50 -> ",
				"max_budget": "10 -> ", "soft_budget": "8 -> ", "budget_duration": `"1y" -> `, "reset_day": "3 -> ", "metadata.app": `"web" -> `, "mode": `"enforce" -> `,
				"speak_for_teams.0": `"a" -> `, "speak_for_teams.1": `"b" -> `, "expires": `"2099-01-31T12:00:00+01:00" -> `,
			}),
		},
	)
}

func TestAccKey_durationIsFromCreation(t *testing.T) {
	g := startGateway(t)
	key := func(attributes string) string {
		return g.config("resource \"bursar_key\" \"app\" {\n" + attributes + "\n}\n")
	}
	expiresAfter := func(want time.Duration) func() {
		return func() {
			key := g.onlyKey()
			if key.Expires == nil || key.Expires.Sub(key.CreatedAt.Add(want)).Abs() > time.Minute {
				t.Errorf("made at %s, expires at %v, want %s later", key.CreatedAt, key.Expires, want)
			}
		}
	}
	run(t,
		resource.TestStep{Config: key(`duration = "30d"`)},
		resource.TestStep{PreConfig: expiresAfter(30 * 24 * time.Hour), Config: key(`duration = "30d"`), ConfigPlanChecks: nothing()},
		resource.TestStep{Config: key(`duration = "60d"`)},
		resource.TestStep{
			PreConfig: func() {
				expiresAfter(60 * 24 * time.Hour)()
				g.changeKey(func(f *api.KeyFields) { f.Expires = nil })()
			},
			Config: key(`duration = "60d"`),
		},
		resource.TestStep{PreConfig: expiresAfter(60 * 24 * time.Hour), Config: key(`expires = "2099-01-01T00:00:00Z"`)},
		resource.TestStep{Config: key(``), ConfigPlanChecks: onlyChanges("bursar_key.app", changes{"expires": `"2099-01-01T00:00:00Z" -> `})},
	)
}

func TestAccKey_existingAliasAnswersWithTheImport(t *testing.T) {
	g := startGateway(t)
	created := must[api.KeyCreated](t)(g.CreateKey(t.Context(), api.KeyCreate{KeyFields: api.KeyFields{KeyAlias: new("app")}}))
	run(t, resource.TestStep{Config: g.config(plainKey), ExpectError: says("terraform import bursar_key.NAME " + created.KeyID)})
}

func TestAccKey_refusalNamesTheAttribute(t *testing.T) {
	g := startGateway(t)
	run(t, resource.TestStep{
		Config: g.config(`
resource "bursar_team" "a" {
  team_id = "a"
  models  = ["gpt-4.1-mini"]
}

resource "bursar_key" "app" {
  team_id = bursar_team.a.team_id
  models  = ["o3"]
}
`),
		ExpectError: says("models = [\"o3\"]\n\nCreate key: models holds \"o3\", which the key's team does not have"),
	})
}

func TestAccKey_deletionProtection(t *testing.T) {
	g := startGateway(t)
	protected := replace(plainKey, `"app"`+"\n}", `"app"`+"\n  deletion_protection = true\n}")
	run(t,
		resource.TestStep{Config: g.config(protected)},
		resource.TestStep{Config: g.config(protected), Destroy: true, ExpectError: says("Protected from deletion")},
		resource.TestStep{Config: g.config(plainKey)},
	)
}

// Whoever comes from LiteLLM imports a key by its secret, which must not get into addresses that proxies write down.
func TestAccKey_importBySecretSendsItsHash(t *testing.T) {
	g := startGateway(t)
	const secret = "sk-long-canary-0123456789abc"
	created := must[api.KeyCreated](t)(g.CreateKey(t.Context(), api.KeyCreate{
		Key: new(secret), KeyFields: api.KeyFields{KeyAlias: new("app"), BudgetTerms: api.BudgetTerms{HardCap: true}},
	}))
	var leaked atomic.Bool
	g.between(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.Contains(r.URL.String(), secret) {
			leaked.Store(true)
		}
		next.ServeHTTP(w, r)
	})
	run(t, resource.TestStep{
		Config: g.config(plainKey), ResourceName: "bursar_key.app", ImportState: true, ImportStateId: secret,
		ImportStateCheck: func(states []*terraform.InstanceState) error {
			if len(states) != 1 || states[0].Attributes["key_id"] != created.KeyID {
				t.Errorf("imported was %v", states)
			}
			return nil
		},
	})
	if leaked.Load() {
		t.Error("the secret stood in an address")
	}
}
