package policy_test

import (
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/bursarhq/terraform-provider-bursar/gateway/review/policy"
)

// The schema that editors use takes what the program takes, and refuses what it refuses.
func TestSchema_agreesWithTheProgram(t *testing.T) {
	text, err := policy.Schema()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("policy.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("policy.json")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("../../../examples/pull-request-review/quota-policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rule := func(text string) string { return "rules: [{name: a, " + text + "}]" }
	policies := map[string]bool{
		string(example): true,
		rule("when: {loosened: true}, then: approval, by: [owners, '@acme/finance'], labels: [quota, needs money]"): true,
		rule("when: {loosened: true}, then: warn, labels: [quota]"):                                                 true,
		rule("when: {loosened: true}, then: pass"):                                                                  true,
		rule("when: {cel: 'action == \"delete\"'}, then: warn"):                                                     true,
		rule("when: {loosened: false}, then: warn"):                                                                 false,
		rule("when: {loosened: true}, then: pass, labels: [quota]"):                                                 false,
		rule("when: {loosened: true}, then: warn, labels: ['a,b']"):                                                 false,
		rule("when: {loosened: true}, then: warn, labels: ['']"):                                                    false,
		rule("when: {loosened: true}, then: warn, by: [finance]"):                                                   false,
		rule("when: {loosened: true}, then: refuse"):                                                                false,
		rule("when: {loosened: true, price_lowered: true}, then: warn"):                                             false,
		rule("when: {}, then: warn"):                                                                                false,
		rule("when: {lossened: true}, then: warn"):                                                                  false,
		rule("when: {increase_above_pct: -1}, then: warn"):                                                          false,
		rule("when: {increase_above_pct: much}, then: warn"):                                                        false,
		rule("when: {increase_above_pct: 20.5}, then: warn"):                                                        true,
		rule("when: {cel: ''}, then: warn"):                                                                         false,
		rule("when: {loosened: true}, then: warn, because: [x]"):                                                    false,
		"rules: []": false,
		"rules: [{when: {loosened: true}, then: warn}]":         false,
		"rule: [{name: a, when: {loosened: true}, then: warn}]": false,
	}
	for _, name := range []string{"price_lowered", "alert_route_removed", "period_shortened", "team_without_budget", "team_without_owner", "key_without_expiry", "teams_above_pot"} {
		policies[rule(fmt.Sprintf("when: {%s: true}, then: warn", name))] = true
	}
	for _, name := range []string{"increase_above_usd", "total_above_usd", "model_price_above_usd"} {
		policies[rule(fmt.Sprintf("when: {%s: 5}, then: warn", name))] = true
	}
	for text, want := range policies {
		var plain any
		if err := yaml.Unmarshal([]byte(text), &plain); err != nil {
			t.Fatal(err)
		}
		_, read := policy.Read("quota-policy.yaml", []byte(text))
		valid := schema.Validate(plain)
		if (read == nil) != want || (valid == nil) != want {
			t.Errorf("%s\nis read: %v, valid: %v, want %t", text, read, valid, want)
		}
	}
}
