package provider_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/google/go-cmp/cmp"
	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
)

// changes is what a plan may change of one resource and nothing else, as "before -> after" by
// attribute: {"rpm_limit": "300 -> 30"}. A value that is missing is written as nothing.
type changes map[string]string

// onlyChanges checks that the plan updates the resource in place, changes just that, leaves
// nothing unknown, and touches no other resource.
func onlyChanges(address string, want changes) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
		planChecker{address: address, want: want, action: tfjson.Actions{tfjson.ActionUpdate}},
	}}
}

// onlyChangesBut checks the same, but the attributes that are named are known after apply.
func onlyChangesBut(address string, want changes, unknown ...string) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
		planChecker{address: address, want: want, action: tfjson.Actions{tfjson.ActionUpdate}, unknown: unknown},
	}}
}

func willCreate(address string) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
		plancheck.ExpectResourceAction(address, plancheck.ResourceActionCreate),
	}}
}

func willReplace(address string) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
		plancheck.ExpectResourceAction(address, plancheck.ResourceActionReplace),
	}}
}

func nothing() resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
}

// reads is a check that looks at the state's values itself.
type reads func(*tfjson.StateValues)

func (r reads) CheckState(_ context.Context, req statecheck.CheckStateRequest, _ *statecheck.CheckStateResponse) {
	r(req.State.Values)
}

type planChecker struct {
	address string
	want    changes
	action  tfjson.Actions
	// unknown are the attributes that are known after apply; what they were before is no part of want.
	unknown []string
}

func (c planChecker) CheckPlan(_ context.Context, req plancheck.CheckPlanRequest, resp *plancheck.CheckPlanResponse) {
	for _, change := range req.Plan.ResourceChanges {
		switch {
		case change.Address != c.address && !change.Change.Actions.NoOp():
			resp.Error = fmt.Errorf("the plan also wants to %v %s", change.Change.Actions, change.Address)
			return
		case change.Address != c.address:
			continue
		case fmt.Sprint(change.Change.Actions) != fmt.Sprint(c.action):
			resp.Error = fmt.Errorf("the plan wants to %v %s", change.Change.Actions, change.Address)
			return
		}
		unknown := sortedKeys(leaves(change.Change.AfterUnknown))
		if !slices.Equal(unknown, slices.Sorted(slices.Values(c.unknown))) {
			resp.Error = fmt.Errorf("known after apply: %v, want %v", unknown, c.unknown)
			return
		}
		found := differences(change.Change)
		for _, name := range unknown {
			delete(found, name)
		}
		if diff := cmp.Diff(c.want, found); diff != "" {
			resp.Error = fmt.Errorf("the plan changes something else (-want +got):\n%s", diff)
		}
		return
	}
	resp.Error = fmt.Errorf("%s is not in the plan", c.address)
}

func differences(change *tfjson.Change) changes {
	before, after := leaves(change.Before), leaves(change.After)
	found := changes{}
	for name := range before {
		if before[name] != after[name] {
			found[name] = before[name] + " -> " + after[name]
		}
	}
	for name := range after {
		if _, both := before[name]; !both {
			found[name] = " -> " + after[name]
		}
	}
	return found
}

// leaves flattens a value: {"metadata.owner": `"ada"`, "models.0": `"gpt-4.1"`}. False values
// of AfterUnknown do not arise, as Terraform leaves them out.
func leaves(value any) map[string]string {
	flat := map[string]string{}
	flatten("", value, flat)
	return flat
}

func flatten(name string, value any, into map[string]string) {
	inner := func(part string) string { return strings.TrimPrefix(name+"."+part, ".") }
	switch v := value.(type) {
	case map[string]any:
		for _, key := range sortedKeys(v) {
			flatten(inner(key), v[key], into)
		}
	case []any:
		for i, element := range v {
			flatten(inner(fmt.Sprint(i)), element, into)
		}
	case nil:
	default:
		encoded, err := json.Marshal(v)
		into[name] = string(encoded)
		if err != nil {
			into[name] = err.Error()
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

// noCanary checks that no secret of the test is in the state.
func noCanary() []statecheck.StateCheck { return []statecheck.StateCheck{canaryChecker{}} }

type canaryChecker struct{}

func (canaryChecker) CheckState(_ context.Context, req statecheck.CheckStateRequest, resp *statecheck.CheckStateResponse) {
	text, err := json.Marshal(req.State)
	if err != nil {
		resp.Error = err
	} else if strings.Contains(string(text), "canary") {
		resp.Error = errors.New("a secret is in the state")
	}
}

// willUpdate demands that the plan changes the resource in place.
func willUpdate(address string) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate)}}
}
