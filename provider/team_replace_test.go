package provider_test

import (
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const renamedTeam = versions + `
resource "bursar_team" "t" {
  team_id = "marketing"
}

resource "bursar_team" "unused" {
  team_id = "unused"
}

resource "bursar_key" "k" {
  key_alias = "app"
  team_id   = bursar_team.t.team_id
}
`

const keptKeys = "marketing has 1 key(s), so changing its team_id fails without create_before_destroy"

func TestAccJudge_warnsOfKeysThatKeepATeam(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, "", g.settings()...)
	c.withoutLog()
	c.write("main.tf", renamedTeam)
	c.apply()
	quiet := func(what, config string) {
		t.Helper()
		if said := c.plans(2, config); strings.Contains(said, "create_before_destroy") {
			t.Errorf("%s is warned of:\n%s", what, said)
		}
	}
	renamed := replace(renamedTeam, `"marketing"`, `"sales"`)
	quiet("a change that keeps the id", replace(renamedTeam, `"marketing"`, "\"marketing\"\n  rpm_limit = 5"))
	quiet("a team without keys", replace(renamedTeam, `team_id = "unused"`, `team_id = "void"`))
	quiet("a team that is not there yet", replace(renamedTeam, `resource "bursar_key"`, "resource \"bursar_team\" \"other\" {\n  team_id = \"other\"\n}\n\nresource \"bursar_key\""))
	for what, config := range map[string]string{
		"another id":                  renamed,
		"an id that is known later":   replace(renamedTeam, `"marketing"`, "terraform_data.new.id") + "\nresource \"terraform_data\" \"new\" {}\n",
		"a force that comes too late": replace(renamed, `"sales"`, "\"sales\"\n  force_destroy = true"),
	} {
		said := c.plans(2, config)
		for _, want := range []string{"Warning: " + keptKeys, `in resource "bursar_team" "t"`, "(app)", "apply force_destroy = true first"} {
			if !strings.Contains(said, want) {
				t.Errorf("%s: the plan does not say %q:\n%s", what, want, said)
			}
		}
		if count := strings.Count(said, keptKeys); count != 1 {
			t.Errorf("%s: it is said %d times", what, count)
		}
	}

	// What is warned of is so, and so is what to do about it.
	c.write("main.tf", replace(renamed, `"sales"`, "\"sales\"\n  force_destroy = true"))
	if said := c.run(1, "apply", "-auto-approve", "-no-color", "-input=false"); !strings.Contains(said, "Team still has keys") {
		t.Errorf("the apply says:\n%s", said)
	}
	c.write("main.tf", replace(renamed, `"sales"`, "\"sales\"\n  lifecycle {\n    create_before_destroy = true\n  }"))
	c.apply()
	if team := g.onlyKey().TeamID; team == nil || *team != "sales" {
		t.Errorf("the key is of team %v", team)
	}

	forced := replace(renamed, `"sales"`, "\"sales\"\n  force_destroy = true")
	c.write("main.tf", forced)
	c.apply()
	if said := words(c.plans(2, replace(forced, `"sales"`, `"third"`))); !strings.Contains(said, "sales has 1 key(s), so changing its team_id deletes them") || !strings.Contains(said, "(app)") {
		t.Errorf("a team whose keys go along: the plan says\n%s", said)
	}
}

// A destroy that will be refused is refused while planning, or told where other resources of the plan may still make way.
func TestAccJudge_destroyPlans(t *testing.T) {
	g := startGateway(t)
	c := newCLI(t, "", g.settings()...)
	c.withoutLog()
	protected := replace(renamedTeam, `"marketing"`, "\"marketing\"\n  deletion_protection = true")
	c.write("main.tf", protected)
	c.apply()
	if said := words(c.run(1, "plan", "-destroy", "-no-color", "-input=false")); !strings.Contains(said, `The team "marketing" has deletion_protection = true.`) {
		t.Errorf("the plan says:\n%s", said)
	}
	c.write("main.tf", renamedTeam)
	c.apply()
	must[api.KeyCreated](t)(g.CreateKey(t.Context(), api.KeyCreate{KeyFields: api.KeyFields{TeamID: new("marketing")}}))
	if said := c.run(0, "plan", "-destroy", "-no-color", "-input=false"); strings.Count(said, "Warning: ") != 2 || // the other is of the development override
		!strings.Contains(words(said), "marketing has 1 key(s) that this plan does not destroy") {
		t.Errorf("the plan warns:\n%s", said)
	}
}
