package provider_test

import (
	"fmt"
	"math/big"
	"regexp"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// called is a configuration whose output is what the call gives. There is no gateway in it.
func called(call string) string { return calledAs("result", call) }

func calledAs(output, call string) string {
	return fmt.Sprintf("output %q {\n  value = provider::bursar::%s\n}\n", output, call)
}

func TestAccFunctions_give(t *testing.T) {
	t.Parallel()
	amount := func(text string) knownvalue.Check {
		number, _, err := big.ParseFloat(text, 10, 512, big.ToNearestEven)
		if err != nil {
			t.Fatal(err)
		}
		return knownvalue.NumberExact(number)
	}
	var config string
	var checks []statecheck.StateCheck
	for call, want := range map[string]knownvalue.Check{
		`duration_seconds("90s")`: knownvalue.Int64Exact(90),
		`duration_seconds("12h")`: knownvalue.Int64Exact(43_200),
		`duration_seconds("1mo")`: knownvalue.Int64Exact(2_592_000),
		`duration_seconds("1y")`:  knownvalue.Int64Exact(31_536_000),
		`key_hash("sk-abc")`:      knownvalue.StringExact("1460db1b6902f8b1fc2a40d9381a24d0fd22c3bc1b2c6f999c521da73776fbe0"),
		// 20,000 times 1,500 tokens at $0.40 and 400 at $1.60 for a million.
		`monthly_cost("gpt-4.1-mini", 1500, 400, 20000)`:     amount("24.8"),
		`monthly_cost("gpt-4.1-mini", 1, 1, 1)`:              amount("0.000002"),
		`monthly_cost("gpt-4.1-mini", 1500, 400, 0)`:         amount("0"),
		`monthly_cost("gpt-4.1-mini", 1499.5, 400, 59999/3)`: amount("24.8"),
		// Above 200,000 tokens of prompt every token is dearer: $6 and $22.50.
		`monthly_cost("anthropic/claude-sonnet-4-5", 200000, 1000, 1)`: amount("0.615"),
		`monthly_cost("anthropic/claude-sonnet-4-5", 300000, 1000, 1)`: amount("1.8225"),
		// More than an amount of the gateway can hold is still a number.
		`monthly_cost("gpt-4.1", 1000000000000, 0, 1000000)`: amount("2000000000000"),
	} {
		output := fmt.Sprintf("result_%d", len(checks))
		config += calledAs(output, call)
		checks = append(checks, statecheck.ExpectKnownOutputValue(output, want))
	}
	run(t, resource.TestStep{Config: config, ConfigStateChecks: checks})
}

func TestAccFunctions_refuse(t *testing.T) {
	t.Parallel()
	var refusals []refusal
	for _, test := range []struct{ call, want string }{
		{`duration_seconds("1 month")`, `"1 month" is not a duration: write a number and a unit`},
		{`key_hash("canary")`, `which starts with "sk-"`},
		{`key_hash("sk-a b")`, "holds no space or line break"},
		{`monthly_cost("gpt-4.1-mimi", 1, 1, 1)`, `has no price for "gpt-4.1-mimi"`},
		{`monthly_cost("gpt-4.1-mini", -1, 1, 1)`, "it must be between 0 and 1000000000000000, and is -1"},
		{`monthly_cost("gpt-4.1-mini", 1, 1)`, "requests"},
	} {
		refusals = append(refusals, refusal{called(test.call), says(test.want)})
	}
	// Terraform ends the sentence.
	refusals = append(refusals, refusal{called(`duration_seconds("soon")`), regexp.MustCompile(`[^.]\.\s*$`)})
	refuses(t, "", refusals...)
}

// The hash is one that the gateway takes in a key's place.
func TestAccFunctions_keyHashNamesTheKey(t *testing.T) {
	g := startGateway(t)
	created := must[api.KeyCreated](t)(g.CreateKey(t.Context(), api.KeyCreate{Key: new("sk-long-hashed-by-terraform")}))
	run(t, resource.TestStep{
		Config: called(`key_hash("sk-long-hashed-by-terraform")`),
		ConfigStateChecks: []statecheck.StateCheck{reads(func(state *tfjson.StateValues) {
			hash, _ := state.Outputs["result"].Value.(string)
			if key := must[api.Key](t)(g.GetKey(t.Context(), hash)); key.KeyID != created.KeyID {
				t.Errorf("the hash names %s, want %s", key.KeyID, created.KeyID)
			}
		})},
	})
}
