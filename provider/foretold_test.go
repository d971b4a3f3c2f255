package provider_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
)

const oneTeam = `
resource "bursar_team" "a" {
  team_id = "a"
}
`

// A second resource for an object would be refused in the middle of the apply.
func TestAccForetold_twoResourcesForOneObject(t *testing.T) {
	g := startGateway(t)
	second := replace(oneTeam, `"bursar_team" "a"`, `"bursar_team" "b"`)
	run(t,
		resource.TestStep{Config: g.config(oneTeam + second), PlanOnly: true, ExpectError: says(`Another bursar_team of this configuration makes the team "a", too`)},
		resource.TestStep{Config: g.config(oneTeam)},
	)
}

// A new address without a moved block destroys the object; what it is, is told. Replacing it under its address is no news.
func TestAccForetold_anAddressThatChanges(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, t.TempDir(), g.settings()...)
	c.write("main.tf", versions+oneTeam)
	c.run(0, "apply", "-auto-approve", "-no-color", "-input=false")
	each := versions + `
resource "bursar_team" "t" {
  for_each = toset(["a"])
  team_id  = each.key
}
`
	const warning = `Warning: The team "a" is destroyed and made again`
	if said := c.plans(2, each); strings.Count(said, warning) != 1 {
		t.Errorf("nothing or too much is said of it:\n%s", said)
	}
	if said := c.plans(2, each+"moved {\n  from = bursar_team.a\n  to   = bursar_team.t[\"a\"]\n}\n"); strings.Contains(said, warning) {
		t.Errorf("a move is warned of:\n%s", said)
	}
	c.write("main.tf", versions+oneTeam)
	if said := words(c.run(2, "plan", "-detailed-exitcode", "-no-color", "-input=false", "-replace=bursar_team.a")); strings.Contains(said, "made again") || strings.Contains(said, "Two resources") {
		t.Errorf("a replacement is warned of:\n%s", said)
	}
}

// What only the gateway's file can change is refused by the plan: changed, destroyed, or replaced.
func TestAccForetold_declaredInAFile(t *testing.T) {
	g := startGateway(t)
	declare := func() {
		g.between(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			answer := httptest.NewRecorder()
			next.ServeHTTP(answer, r)
			w.WriteHeader(answer.Code)
			_, _ = w.Write(bytes.ReplaceAll(answer.Body.Bytes(), []byte(`"team_id":"a",`), []byte(`"team_id":"a","declared_in":"gateway.yaml",`)))
		})
	}
	refused := says(`The team "a" is declared in gateway.yaml, and only that file can change or delete it`)
	plan := func(config string) resource.TestStep {
		return resource.TestStep{Config: config, PlanOnly: true, ExpectError: refused}
	}
	run(t,
		resource.TestStep{Config: g.config(oneTeam)},
		resource.TestStep{PreConfig: declare, Config: g.config(oneTeam), ConfigPlanChecks: nothing()},
		plan(g.config(replace(oneTeam, `= "a"`, "= \"a\"\n  rpm_limit = 3"))),
		plan(g.config(replace(oneTeam, `= "a"`, `= "b"`))),
		plan(g.config("data \"bursar_teams\" \"all\" {}\n")),
		resource.TestStep{PreConfig: g.heal, Config: g.config(oneTeam)},
	)
}
