package provider_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

// Each way to reach something else than the gateway says what to do about it.
func TestAccAdvice_onTheEndpoint(t *testing.T) {
	g := startGateway(t)
	selfSigned := httptest.NewTLSServer(http.NotFoundHandler())
	defer selfSigned.Close()
	moved := httptest.NewServer(http.RedirectHandler("https://bursar.example.com/", http.StatusMovedPermanently))
	defer moved.Close()
	var steps []resource.TestStep
	for endpoint, want := range map[string]string{
		selfSigned.URL: "Install the authority that issued it",
		moved.URL:      "The answer sends on to https://bursar.example.com/",
		g.URL + "/v1":  "is the gateway's address alone, without a path such as /v1 behind it",
	} {
		config := fmt.Sprintf("provider \"bursar\" {\n  endpoint = %q\n  admin_key = %q\n  max_retries = 0\n}\ndata \"bursar_teams\" \"all\" {}\n", endpoint, adminKey)
		steps = append(steps, resource.TestStep{Config: config, ExpectError: says(want)})
	}
	run(t, steps...)
}

const heldBudget = `
resource "bursar_budget" "terms" {
  budget_id  = "terms"
  max_budget = 5
  %s
}

resource "bursar_team" "marketing" {
  team_id   = "marketing"
  budget_id = bursar_budget.terms.budget_id
}
`

// Terraform destroys a budget before it takes it off the team. The error says how to apply that, and it can be.
func TestAccAdvice_budgetTakenOffAndDestroyed(t *testing.T) {
	g := startGateway(t)
	run(t,
		resource.TestStep{Config: g.config(fmt.Sprintf(heldBudget, ""))},
		resource.TestStep{Config: g.config(plainTeam), ExpectError: saysAt("in use by team", "terraform apply -target=bursar_team.NAME")},
		resource.TestStep{Config: g.config(fmt.Sprintf(heldBudget, "lifecycle { create_before_destroy = true }"))},
		resource.TestStep{Config: g.config(plainTeam)},
		resource.TestStep{Config: g.config(plainTeam), ConfigPlanChecks: nothing()},
	)
}
