package provider_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// manyResources are 117, some of which hang together.
const manyResources = `
resource "bursar_team" "t" {
  count   = 58
  team_id = "t${count.index}"
}
resource "bursar_key" "k" {
  count   = 58
  team_id = bursar_team.t[count.index].team_id
}
resource "bursar_budget" "all" {
  budget_id  = "all"
  everything = true
  max_budget = 5
}
`

// A gateway that is away, or refuses the key, is said once, within seconds, whatever the size of the configuration, and
// whether objects are to be read, made or destroyed.
func TestAccFault_aLostGatewayIsSaidOnce(t *testing.T) {
	g := startGateway(t)
	nobody := "http://" + testenv.FreeAddress(t)
	c := newCLI(t, t.TempDir(), "BURSAR_ENDPOINT="+g.URL, "BURSAR_ADMIN_KEY="+adminKey, "TF_LOG=")
	c.write("main.tf", versions+"provider \"bursar\" {}\n"+manyResources)
	lost := func(endpoint, key, want string, args ...string) {
		t.Helper()
		away := *c
		away.env = append(slices.Clip(away.env), "BURSAR_ENDPOINT="+endpoint, "BURSAR_ADMIN_KEY="+key)
		start := time.Now()
		said := away.run(1, append(args, "-no-color", "-input=false")...)
		took, lines := time.Since(start), strings.Count(said, "\n")
		if strings.Count(said, "Error: ") != 1 || !strings.Contains(words(said), want) || lines >= 40 || took > time.Minute {
			t.Errorf("%v: %d lines after %s:\n%s", args, lines, took, said)
		}
	}
	lost(nobody, adminKey, "Error: The gateway is away", "plan")
	lost(g.URL, "sk-wrong-0123456789", "Error: The gateway refuses the provider's admin key", "plan")
	lost(nobody, adminKey, "Error: The gateway is away", "apply", "-auto-approve")
	c.run(0, "apply", "-auto-approve", "-no-color", "-input=false")
	for _, args := range [][]string{{"plan"}, {"destroy", "-auto-approve"}} {
		lost(nobody, adminKey, "Error: The gateway is away", args...)
		lost(g.URL, "sk-wrong-0123456789", "Error: The gateway refuses the provider's admin key", args...)
	}
	c.run(0, "plan", "-detailed-exitcode", "-no-color", "-input=false")
}
