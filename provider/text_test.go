package provider_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

// replace replaces one text in a configuration, which must hold it.
func replace(config, old, text string) string {
	if !strings.Contains(config, old) {
		panic(fmt.Sprintf("the configuration has no %q:\n%s", old, config))
	}
	return strings.ReplaceAll(config, old, text)
}

// nothingButImports checks that the plan imports that many resources and changes none.
func nothingButImports(count int) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{importChecker(count)}}
}

type importChecker int

func (c importChecker) CheckPlan(_ context.Context, req plancheck.CheckPlanRequest, resp *plancheck.CheckPlanResponse) {
	imports := 0
	for _, change := range req.Plan.ResourceChanges {
		if !change.Change.Actions.NoOp() {
			resp.Error = fmt.Errorf("the plan wants to %v %s: %v", change.Change.Actions, change.Address, differences(change.Change))
			return
		}
		if change.Change.Importing != nil {
			imports++
		}
	}
	if imports != int(c) {
		resp.Error = fmt.Errorf("the plan imports %d, want %d", imports, int(c))
	}
}
