package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// laterKey is a key whose secret depends on attributes that the plan does not know yet. Another run makes them unknown
// again, whether or not they come out the same.
func laterKey(run int, terms, attributes string) string {
	return fmt.Sprintf(`
resource "terraform_data" "later" {
  input            = { %s }
  triggers_replace = %d
}

resource "bursar_key" "app" {
  key_alias          = "app"
  store_key_in_state = terraform_data.later.output.stored
  key_wo_version     = terraform_data.later.output.version
  %s
}
`, terms, run, attributes)
}

func TestAccKey_secretTermsKnownAfterApply(t *testing.T) {
	g := startGateway(t)
	key := func(run int, trigger string) string {
		terms := fmt.Sprintf("stored = true, version = null, trigger = %q", trigger)
		return g.config(laterKey(run, terms, "rotation_trigger = terraform_data.later.output.trigger"))
	}
	var first, same, other string
	run(t,
		resource.TestStep{Config: key(1, "Q1"), ConfigStateChecks: secretIn(&first)},
		resource.TestStep{Config: key(2, "Q1"), ConfigStateChecks: secretIn(&same)},
		resource.TestStep{Config: key(3, "Q2"), ConfigStateChecks: secretIn(&other)},
	)
	if first == "" || same != first {
		t.Error("a key whose terms came out the same did not keep its secret")
	}
	if other == "" || other == first {
		t.Error("a trigger that came out otherwise gave no other secret")
	}
}

func TestAccKey_ownSecretKnownAfterApply(t *testing.T) {
	g := startGateway(t)
	const own = `key_wo = "sk-long-canary-0123456789abc"`
	var none, given, same string
	run(t,
		resource.TestStep{Config: g.config(laterKey(1, "stored = false, version = null", "")), ConfigStateChecks: secretIn(&none)},
		resource.TestStep{Config: g.config(laterKey(2, "stored = false, version = 1", own)), ConfigStateChecks: append(noCanary(), secretIn(&given)...)},
		resource.TestStep{Config: g.config(laterKey(3, "stored = false, version = 1", own)), ConfigStateChecks: append(noCanary(), secretIn(&same)...)},
	)
	if none+given+same != "" {
		t.Error("the state has a secret that it was not to have")
	}
}

func TestAccKey_secretThatNobodySeesIsWarnedOf(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, t.TempDir(), "BURSAR_ENDPOINT="+g.URL, "BURSAR_ADMIN_KEY="+adminKey)
	const warning = "Warning: Nobody will see the secret"
	unseen := versions + "resource \"bursar_key\" \"app\" {\n  store_key_in_state = false\n  %s\n}\n"
	if said := c.plans(2, fmt.Sprintf(unseen, "")); !strings.Contains(said, warning) {
		t.Errorf("nothing is said of it:\n%s", said)
	}
	if said := c.plans(2, fmt.Sprintf(unseen, `key_wo = "sk-long-canary-0123456789abc"`+"\n  key_wo_version = 1")); strings.Contains(said, warning) {
		t.Errorf("a secret of one's own is warned of:\n%s", said)
	}
}
