package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// What a step must not do is found by run as by the framework.
func TestAccAcceptance_findsWhatIsWrong(t *testing.T) {
	g := startGateway(t)
	a := newAcceptance(t)
	defer a.destroy()
	team := func(rpm int) string {
		return g.config(fmt.Sprintf("resource \"bursar_team\" \"marketing\" {\n  team_id = \"marketing\"\n  rpm_limit = %d\n}\n", rpm))
	}
	const address = "bursar_team.marketing"
	rpm := func(want int64) []statecheck.StateCheck {
		return []statecheck.StateCheck{statecheck.ExpectKnownValue(address, tfjsonpath.New("rpm_limit"), knownvalue.Int64Exact(want))}
	}
	for _, test := range []struct {
		what string
		step resource.TestStep
		says string
	}{
		{"a mistake", resource.TestStep{Config: team(-1)}, "rpm_limit cannot be negative"},
		{"made", resource.TestStep{Config: team(5), ConfigPlanChecks: willCreate(address), ConfigStateChecks: rpm(5)}, ""},
		{"another plan", resource.TestStep{Config: team(5), ConfigPlanChecks: willCreate(address)}, "expected Create"},
		{"another state", resource.TestStep{Config: team(5), ConfigStateChecks: rpm(6)}, "expected value 6"},
		{"a plan that changes something", resource.TestStep{Config: team(6), PlanOnly: true}, "changes something: true, want false"},
		{"a plan that changes nothing", resource.TestStep{Config: team(5), PlanOnly: true, ExpectNonEmptyPlan: true}, "changes something: false, want true"},
		{"a state that only reading mends", resource.TestStep{
			PreConfig: g.changeTeam("marketing", func(f *api.TeamFields) { f.RPMLimit = new(int64(6)) }), Config: team(6), PlanOnly: true,
		}, "the plan that reads nothing changes something"},
	} {
		switch err := a.step(test.step); {
		case err == nil && test.says != "":
			t.Errorf("%s: nothing is said", test.what)
		case err != nil && (test.says == "" || !strings.Contains(err.Error(), test.says)):
			t.Errorf("%s: want %q, got %s", test.what, test.says, err)
		}
	}
}
