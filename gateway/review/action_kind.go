package review

import (
	"fmt"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// actionKind is a type of action, which an apply invokes besides its changes.
type actionKind struct {
	action    string
	arguments []string
	// tell says in a few words what it does, and why that needs approval; no why is that it does not.
	tell func(arguments side) (does, why string)
}

var actionKinds = []*actionKind{
	{"bursar_budget_reset", []string{"budget_id", "key_id", "team_id", "user_id", "reset_to"}, tellReset},
	{"bursar_key_rotate", []string{"key_id", "new_key", "grace_period"}, func(a side) (string, string) {
		grace := "at once"
		if v := a.at("grace_period"); !v.empty() {
			grace = "after " + attribute{format: plain}.show(v)
		}
		return "gives key " + a.show("key_id") + " a new secret; the old one stops " + grace, ""
	}},
	{"bursar_team_block", []string{"team_id"}, func(a side) (string, string) {
		return "blocks team " + a.show("team_id") + ": its calls are refused", ""
	}},
	{"bursar_team_unblock", []string{"team_id"}, func(a side) (string, string) {
		return "lets team " + a.show("team_id") + " through again", "is let through again"
	}},
	{"bursar_alert_route_test", []string{"alert_route_id"}, func(a side) (string, string) {
		return "sends one test message by alert route " + a.show("alert_route_id"), ""
	}},
}

func actionKindOf(action string) *actionKind {
	for _, kind := range actionKinds {
		if kind.action == action {
			return kind
		}
	}
	return nil
}

// tellReset says whose spending is set to what. What one has spent is forgotten, so that it may be spent again.
func tellReset(a side) (does, why string) {
	whom := "nobody"
	for _, noun := range []string{"budget", "key", "team", "user"} {
		v := a.at(noun + "_id")
		switch {
		case v.empty():
		case noun == "user" && !a.at("team_id").empty():
			whom = "user " + a.show("user_id") + " in " + whom
		default:
			whom = noun + " " + a.show(noun+"_id")
		}
	}
	to := "$0"
	if v := a.at("reset_to"); !v.empty() {
		to = attribute{format: dollars}.show(v)
	}
	return fmt.Sprintf("sets what %s has spent to %s", whom, to), "may spend again what it has spent"
}

func (s side) show(path string) string {
	return attribute{format: plain, none: "none"}.show(s.at(path))
}

// invocation is an action that the apply will invoke.
type invocation struct {
	address   string
	kind      *actionKind
	arguments side
}

// invocationsOf picks out our actions; one that this version does not know has no kind.
func invocationsOf(plan *tfjson.Plan) []invocation {
	var found []invocation
	for _, action := range plan.ActionInvocations {
		if action == nil || !strings.HasPrefix(action.Type, ours) {
			continue
		}
		found = append(found, invocation{
			address: action.Address, kind: actionKindOf(action.Type),
			arguments: side{values: action.ConfigValues, unknown: action.ConfigUnknown, sensitive: action.ConfigSensitive},
		})
	}
	return found
}

func (i invocation) row() row {
	line := row{resource: code(i.address), team: nothing, limit: nothing, old: nothing, new: nothing, change: unknownType}
	if i.kind != nil {
		line.change, _ = i.kind.tell(i.arguments)
	}
	if v := i.arguments.at("team_id"); !v.empty() {
		line.team = i.arguments.show("team_id")
	}
	return line
}

func (i invocation) reasons() []reason {
	if i.kind == nil {
		return []reason{{address: i.address, why: unknownType}}
	}
	if _, why := i.kind.tell(i.arguments); why != "" {
		return []reason{{address: i.address, why: why}}
	}
	return nil
}
