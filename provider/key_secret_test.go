package provider_test

import (
	"fmt"
	"net/http"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func TestAccKey_secretStaysOutOfTheStateWhenToldTo(t *testing.T) {
	g := startGateway(t)
	secret := func(want knownvalue.Check) []statecheck.StateCheck {
		return []statecheck.StateCheck{statecheck.ExpectKnownValue("bursar_key.app", tfjsonpath.New("key"), want)}
	}
	kept, dropped := plainKey, replace(plainKey, `"app"`+"\n}", `"app"`+"\n  store_key_in_state = false\n}")
	run(t,
		resource.TestStep{Config: g.config(kept), ConfigStateChecks: secret(knownvalue.NotNull())},
		resource.TestStep{Config: g.config(dropped), ConfigStateChecks: secret(knownvalue.Null())},
		resource.TestStep{Config: g.config(kept), ConfigStateChecks: secret(knownvalue.Null())},
	)
}

func TestAccKey_ownSecret(t *testing.T) {
	g := startGateway(t)
	const first, second = "sk-canary-first-0123456789", "sk-canary-second-0123456789"
	key := func(secret string, version int) string {
		return g.config(fmt.Sprintf("resource \"bursar_key\" \"app\" {\n  key_alias = \"app\"\n  key_wo = %q\n  key_wo_version = %d\n}\n", secret, version))
	}
	var id string
	opens := func(secret string) func() {
		return func() {
			if _, err := g.GetKey(t.Context(), secret); err != nil {
				t.Error("the key is not the one that was given")
			}
		}
	}
	run(t,
		resource.TestStep{Config: key(first, 1), ConfigStateChecks: noCanary()},
		resource.TestStep{PreConfig: opens(first), Config: key(first, 1), ConfigPlanChecks: nothing()},
		resource.TestStep{
			PreConfig: func() { id = g.onlyKey().KeyID }, Config: key(second, 2), ConfigStateChecks: noCanary(),
			ConfigPlanChecks: onlyChangesBut("bursar_key.app", changes{"key_wo_version": "1 -> 2"}, "key_name"),
		},
		resource.TestStep{
			PreConfig: func() {
				opens(first)() // for a day
				opens(second)()
				if now := g.onlyKey().KeyID; now != id {
					t.Errorf("the key was %s and is %s", id, now)
				}
			},
			Config: key(second, 2), ConfigPlanChecks: nothing(),
		},
		resource.TestStep{
			Config:           g.config(plainKey),
			ConfigPlanChecks: onlyChangesBut("bursar_key.app", changes{"key_wo_version": "2 -> "}, "key_name", "key"),
		},
		resource.TestStep{PreConfig: opens(second), Config: g.config(plainKey), ConfigPlanChecks: nothing()},
		// A secret that the key had before and that is about to end is not taken for set.
		resource.TestStep{Config: key(second, 3), ExpectError: says("This key value is in use already")},
	)
}

func TestAccKey_importedOneLearnsItsVersion(t *testing.T) {
	g := startGateway(t)
	created := must[api.KeyCreated](t)(g.CreateKey(t.Context(), api.KeyCreate{
		Key: new("sk-canary-imported-0123456789"), KeyFields: api.KeyFields{KeyAlias: new("app"), BudgetTerms: api.BudgetTerms{HardCap: true}},
	}))
	config := g.config(fmt.Sprintf(`
import {
  to = bursar_key.app
  id = %q
}

resource "bursar_key" "app" {
  key_alias      = "app"
  key_wo         = "sk-canary-imported-0123456789"
  key_wo_version = 3
}
`, created.KeyID))
	run(t,
		resource.TestStep{Config: config, ConfigPlanChecks: onlyChanges("bursar_key.app", changes{"key_wo_version": " -> 3"})},
		resource.TestStep{
			PreConfig: func() {
				if key := g.onlyKey(); key.KeyID != created.KeyID || key.Revision != 1 {
					t.Errorf("the key is %s at revision %d", key.KeyID, key.Revision)
				}
			},
			Config:           replace(replace(config, "version = 3", "version = 4"), "imported-0", "replaced-0"),
			ConfigPlanChecks: onlyChangesBut("bursar_key.app", changes{"key_wo_version": "3 -> 4"}, "key_name"),
		},
	)
}

// triggered is a key with a trigger, and further attributes.
func triggered(trigger, attributes string) string {
	return fmt.Sprintf("resource \"bursar_key\" \"app\" {\n  key_alias = \"app\"\n  rotation_trigger = %q\n  %s\n}\n", trigger, attributes)
}

// opens says whether the gateway serves a caller with the secret.
func (g *gateway) opens(secret string) bool {
	g.t.Helper()
	request, err := http.NewRequestWithContext(g.t.Context(), http.MethodGet, g.URL+"/v1/models", nil)
	if err != nil {
		g.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+secret)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		g.t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// secretIn keeps what the state has for the key's secret.
func secretIn(into *string) []statecheck.StateCheck {
	return []statecheck.StateCheck{reads(func(state *tfjson.StateValues) {
		*into = ""
		for _, r := range state.RootModule.Resources {
			if r.Address == "bursar_key.app" {
				*into, _ = r.AttributeValues["key"].(string)
			}
		}
	})}
}

func TestAccKey_rotationKeepsTheKey(t *testing.T) {
	g := startGateway(t)
	var first, second, third, id string
	rotates := func(trigger string) resource.ConfigPlanChecks {
		return onlyChangesBut("bursar_key.app", changes{"rotation_trigger": trigger}, "key", "key_name")
	}
	run(t,
		resource.TestStep{Config: g.config(plainKey), ConfigStateChecks: secretIn(&first)},
		resource.TestStep{ // the first trigger is only remembered
			PreConfig: func() { id = g.onlyKey().KeyID }, Config: g.config(triggered("Q1", "")),
			ConfigPlanChecks: onlyChanges("bursar_key.app", changes{"rotation_trigger": ` -> "Q1"`}),
		},
		resource.TestStep{
			PreConfig: func() {
				if revision := g.onlyKey().Revision; revision != 1 {
					t.Errorf("revision %d", revision)
				}
			},
			Config: g.config(triggered("Q2", "")), ConfigPlanChecks: rotates(`"Q1" -> "Q2"`), ConfigStateChecks: secretIn(&second),
		},
		resource.TestStep{
			PreConfig: func() {
				if second == first || !g.opens(second) {
					t.Error("there is no new secret")
				}
				if !g.opens(first) {
					t.Error("the old secret stopped at once")
				}
				if now := g.onlyKey().KeyID; now != id {
					t.Errorf("the key was %s and is %s", id, now)
				}
			},
			Config: g.config(triggered("Q2", "")), ConfigPlanChecks: nothing(),
		},
		resource.TestStep{
			Config:           g.config(triggered("Q2", `rotation_grace = "0s"`)),
			ConfigPlanChecks: onlyChanges("bursar_key.app", changes{"rotation_grace": `"24h" -> "0s"`}),
		},
		resource.TestStep{
			Config: g.config(triggered("Q3", `rotation_grace = "0s"`)), ConfigPlanChecks: rotates(`"Q2" -> "Q3"`), ConfigStateChecks: secretIn(&third),
		},
		resource.TestStep{
			PreConfig: func() {
				if g.opens(second) || !g.opens(third) {
					t.Error("without grace the old secret still works, or the new one does not")
				}
			},
			Config: g.config(triggered("Q3", `rotation_grace = "0s"`)), ConfigPlanChecks: nothing(),
		},
		resource.TestStep{ // taking the trigger away changes nothing
			Config: g.config(plainKey),
			ConfigPlanChecks: onlyChanges("bursar_key.app", changes{
				"rotation_trigger": `"Q3" -> `, "rotation_grace": `"0s" -> "24h"`,
			}),
		},
	)
}

func TestAccKey_rotationThatNobodySeesIsRefused(t *testing.T) {
	g := startGateway(t)
	run(t,
		resource.TestStep{Config: g.config(triggered("Q1", "store_key_in_state = false"))},
		resource.TestStep{
			Config: g.config(triggered("Q2", "store_key_in_state = false")), PlanOnly: true,
			ExpectError: saysAt("store_key_in_state = false", "Give the new one with key_wo and key_wo_version"),
		},
	)
	run(t, resource.TestStep{
		Config:      g.config(triggered("Q1", "key_wo = \"sk-long-canary-0123456789abc\"\nkey_wo_version = 1")),
		ExpectError: says("rotation_trigger"),
	})
}

// Somebody else's rotation leaves Terraform with a secret that ends: the plan says so and gets a new one.
func TestAccKey_foreignRotationDrifts(t *testing.T) {
	g := startGateway(t)
	rotate := func(secret string) func() {
		return func() { must[api.KeyCreated](t)(g.RotateKey(t.Context(), g.onlyKey().KeyID, secret, "")) }
	}
	var before, after string
	own := "resource \"bursar_key\" \"app\" {\n  key_wo = \"sk-canary-of-terraform-01\"\n  key_wo_version = 1\n}\n"
	run(t,
		resource.TestStep{Config: g.config(plainKey), ConfigStateChecks: secretIn(&before)},
		resource.TestStep{
			PreConfig: rotate(""), Config: g.config(plainKey), ConfigStateChecks: secretIn(&after),
			ConfigPlanChecks: onlyChangesBut("bursar_key.app", changes{}, "key", "key_name"),
		},
		resource.TestStep{
			PreConfig: func() {
				if before == after || !g.opens(after) {
					t.Error("the secret in the state is not the key's")
				}
			},
			Config: g.config(plainKey), ConfigPlanChecks: nothing(),
		},
		resource.TestStep{Config: g.config(replace(plainKey, `"app"`+"\n}", `"app"`+"\n  store_key_in_state = false\n}"))},
		resource.TestStep{ // a secret that Terraform was not to know is nobody's drift
			PreConfig: rotate(""), Config: g.config(replace(plainKey, `"app"`+"\n}", `"app"`+"\n  store_key_in_state = false\n}")), ConfigPlanChecks: nothing(),
		},
		resource.TestStep{Config: g.config(own)},
		resource.TestStep{
			PreConfig: rotate("sk-long-canary-of-mallory-002"), Config: g.config(own),
			ConfigPlanChecks: onlyChangesBut("bursar_key.app", changes{"key_wo_version": "0 -> 1"}, "key_name"),
		},
		resource.TestStep{
			PreConfig: func() {
				if !g.opens("sk-canary-of-terraform-01") {
					t.Error("the configured secret is not back")
				}
			},
			Config: g.config(own), ConfigPlanChecks: nothing(),
		},
	)
}

// A rotation whose answer is lost, in the apply and in its repetitions, is made good by the next apply.
func TestAccKey_lostRotation(t *testing.T) {
	g := startGateway(t)
	const lost = 1000 // every one, until heal
	var secret string
	own := func(secret string, version int) string {
		return g.config(fmt.Sprintf("resource \"bursar_key\" \"app\" {\n  key_wo = %q\n  key_wo_version = %d\n}\n", secret, version))
	}
	run(t,
		resource.TestStep{Config: g.config(triggered("Q1", ""))},
		resource.TestStep{
			PreConfig: func() { g.between(loseAnswers("/key/rotate", lost)) },
			Config:    g.config(triggered("Q2", "rpm_limit = 5")), ExpectError: says("no answer from the gateway"),
		},
		resource.TestStep{
			PreConfig: g.heal, Config: g.config(triggered("Q2", "rpm_limit = 5")), ConfigStateChecks: secretIn(&secret),
			ConfigPlanChecks: onlyChangesBut("bursar_key.app", changes{"rotation_trigger": `"Q1" -> "Q2"`}, "key", "key_name"),
		},
		resource.TestStep{
			PreConfig: func() {
				if !g.opens(secret) {
					t.Error("the secret in the state is not the key's")
				}
			},
			Config: own("sk-long-canary-one-0123456789", 1),
		},
		resource.TestStep{
			PreConfig: func() { g.between(loseAnswers("/key/rotate", lost)) },
			Config:    own("sk-long-canary-two-abcdefghij", 2), ExpectError: says("no answer from the gateway"),
		},
		resource.TestStep{PreConfig: g.heal, Config: own("sk-long-canary-two-abcdefghij", 2)},
		resource.TestStep{
			PreConfig: func() {
				if !g.opens("sk-long-canary-two-abcdefghij") {
					t.Error("the configured secret does not work")
				}
			},
			Config: own("sk-long-canary-two-abcdefghij", 2), ConfigPlanChecks: nothing(),
		},
	)
}
