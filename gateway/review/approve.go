package review

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Approvable are the changes of a plan as a gateway keeps them for approval, in the plan's order. Nothing in them is
// secret: what Terraform calls sensitive, and what it does not know yet, is left open by its path. A plan with something
// that cannot be approved is an error.
func Approvable(plan io.Reader) ([]api.ApprovedChange, error) {
	read, err := readPlan(plan)
	if err != nil {
		return nil, err
	}
	if len(read.strangers) > 0 {
		return nil, fmt.Errorf("%s is of a type that this version of bursar does not know; approve the plan with the provider's version", read.strangers[0])
	}
	changes := []api.ApprovedChange{}
	for _, o := range read.objects {
		found, err := o.approvable()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.address, err)
		}
		changes = append(changes, found...)
	}
	for _, invoked := range read.invocations {
		found, err := invoked.approvable()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", invoked.address, err)
		}
		changes = append(changes, found...)
	}
	return changes, nil
}

// nounOf is what the audit log calls objects of a resource type.
func nounOf(resource string) string {
	if resource == memberKind.resource {
		return "member"
	}
	return strings.TrimPrefix(resource, ours)
}

// approvable are the requests that the apply makes for an object: none for one that is left to itself, two for one that is
// replaced, or that gets a new secret with other fields. Last comes what changes of its protection from deletion.
func (o object) approvable() ([]api.ApprovedChange, error) {
	changes, err := o.requests()
	if protect := o.approvedProtection(); protect != nil {
		changes = append(changes, *protect)
	}
	return changes, err
}

// approvedProtection is nil where the protection stays. What is new has none before, and one without an id cannot be named.
func (o object) approvedProtection() *api.ApprovedChange {
	if o.action != created && o.action != updated && o.action != replaced {
		return nil
	}
	was, becomes := o.before.at(api.Protection), o.after.at(api.Protection)
	before, _ := was.raw.(bool)
	after, _ := becomes.raw.(bool)
	identity := o.identity(o.after)
	if before == after && !becomes.unknown || len(identity) == 0 {
		return nil
	}
	change := api.ApprovedChange{Address: o.address, Noun: nounOf(o.kind.resource), Action: api.ChangeProtect, Identity: identity, Open: []string{}}
	change.Before, change.After = protectedAs(before), protectedAs(after)
	if becomes.unknown {
		change.Open = append(change.Open, api.Protection)
	}
	return &change
}

func protectedAs(on bool) json.RawMessage {
	return fmt.Appendf(nil, `{%q:%t}`, api.Protection, on)
}

func (o object) requests() ([]api.ApprovedChange, error) {
	switch o.action {
	case created:
		return approved(o.approvedCreate())
	case deleted:
		return approved(o.approvedDelete())
	case replaced:
		gone, err := o.approvedDelete()
		if err != nil {
			return nil, err
		}
		made, err := o.approvedCreate()
		return []api.ApprovedChange{gone, made}, err
	case updated:
		return o.approvedUpdate()
	default:
		return nil, nil
	}
}

func approved(change api.ApprovedChange, err error) ([]api.ApprovedChange, error) {
	return []api.ApprovedChange{change}, err
}

func (o object) approvedCreate() (api.ApprovedChange, error) {
	told := o.told(o.after, nil, "duration")
	change := api.ApprovedChange{Address: o.address, Noun: nounOf(o.kind.resource), Action: api.ChangeCreate, Identity: o.identity(o.after), Open: told.open}
	var err error
	change.After, err = json.Marshal(told.values)
	return change, err
}

func (o object) approvedDelete() (api.ApprovedChange, error) {
	told := o.told(o.before, nil)
	change := api.ApprovedChange{Address: o.address, Noun: nounOf(o.kind.resource), Action: api.ChangeDelete, Identity: o.identity(o.before), Open: told.open}
	change.Cascade, _ = o.before.at("force_destroy").raw.(bool)
	var err error
	change.Before, err = json.Marshal(told.values)
	return change, err
}

func (o object) approvedUpdate() ([]api.ApprovedChange, error) {
	before, after := o.told(o.before, nil), o.told(o.after, o.before.values)
	change := api.ApprovedChange{Address: o.address, Noun: nounOf(o.kind.resource), Action: api.ChangeUpdate, Identity: o.identity(o.before), Open: after.open}
	var err, errAfter error
	change.Before, err = json.Marshal(before.values)
	change.After, errAfter = json.Marshal(after.values)
	if err != nil || errAfter != nil {
		return nil, fmt.Errorf("encode what it changes: %w, %w", err, errAfter)
	}
	var changes []api.ApprovedChange
	if len(after.open) > 0 || !reflect.DeepEqual(before.values, after.values) {
		changes = append(changes, change)
	}
	if (o.kind == keyKind || o.kind == adminKeyKind) && o.after.at("key_name").unknown {
		changes = append(changes, api.ApprovedChange{Address: o.address, Noun: nounOf(o.kind.resource), Action: api.ChangeRotate, Identity: change.Identity, Open: []string{}})
	}
	return changes, nil
}

// identity is what is known of the object's id.
func (o object) identity(s side) map[string]string {
	names := []string{o.kind.id}
	if o.kind == memberKind {
		names = []string{"team_id", "user_id"}
		if s.at("user_id").empty() || s.at("user_id").unknown {
			names = []string{"team_id", "user_email"}
		}
	}
	known := map[string]string{}
	for _, name := range names {
		if v := s.at(name); !v.unknown && v.text() != "" {
			known[name] = v.text()
		}
	}
	return known
}

// told is what of one side of an object may be told, and the paths of what may not.
type told struct {
	values map[string]any
	open   []string
}

// told leaves out what the API does not have. What is sensitive and as before is neither told nor open: it stays.
func (o object) told(s side, before any, besides ...string) told {
	values, _ := s.values.(map[string]any)
	fields := api.ApprovableFields(nounOf(o.kind.resource))
	found := told{values: map[string]any{}, open: []string{}}
	names := maps.Keys(values)
	unknown, _ := s.unknown.(map[string]any)
	for _, name := range slices.Sorted(chain(names, maps.Keys(unknown))) {
		versioned := strings.HasSuffix(name, versionOf)
		if _, seen := found.values[name]; seen || !versioned && !slices.Contains(fields, name) || name == "duration" && !slices.Contains(besides, name) {
			continue
		}
		if v, ok := found.tell(name, values[name], mark(s.unknown, name), mark(s.sensitive, name), member(before, name), before != nil); ok {
			found.values[name] = v
		}
	}
	return found
}

// versionOf ends the name of the attribute that says which secret a write-only one is.
const versionOf = "_wo_version"

// tell returns a value without what is secret or unknown in it, and false for nothing.
func (t *told) tell(path string, value, unknown, sensitive, before any, compared bool) (any, bool) {
	secret, versioned := strings.CutSuffix(path, versionOf)
	switch whole := sensitive == true; {
	case versioned:
		if value != nil && !compared || compared && !reflect.DeepEqual(value, before) {
			t.open = append(t.open, secret)
		}
		return nil, false
	case strings.HasSuffix(path, "_wo"):
		return nil, false
	case unknown == true, whole && value != nil && (!compared || !reflect.DeepEqual(value, before)):
		t.open = append(t.open, path)
		return nil, false
	case whole:
		return nil, false
	case api.HoldsUserinfo(leaf(value)):
		if !compared || !reflect.DeepEqual(value, before) {
			t.open = append(t.open, path)
		}
		return nil, false
	}
	inner, isObject := value.(map[string]any)
	if !isObject {
		if anyTrue(unknown) || anyTrue(sensitive) { // something in a list
			t.open = append(t.open, path)
			return nil, false
		}
		return value, true
	}
	kept := map[string]any{}
	for _, name := range slices.Sorted(chain(maps.Keys(inner), maps.Keys(objectOrNone(unknown)))) {
		if _, seen := kept[name]; seen {
			continue
		}
		if v, ok := t.tell(api.FieldPath(path, name), inner[name], mark(unknown, name), mark(sensitive, name), member(before, name), compared); ok {
			kept[name] = v
		}
	}
	return kept, true
}

// leaf is a value that is no object, nil for one: what is in an object is told on its own.
func leaf(value any) any {
	if _, isObject := value.(map[string]any); isObject {
		return nil
	}
	return value
}

func objectOrNone(value any) map[string]any {
	object, _ := value.(map[string]any)
	return object
}

// approvable is the change that an action makes; one that makes none has none.
func (i invocation) approvable() ([]api.ApprovedChange, error) {
	if i.kind == nil {
		return nil, fmt.Errorf("is of a type that this version of bursar does not know")
	}
	change := api.ApprovedChange{Address: i.address, Identity: map[string]string{}, Open: []string{}}
	for _, name := range []string{"budget_id", "key_id", "team_id", "user_id"} {
		v := i.arguments.at(name)
		if v.unknown {
			return nil, fmt.Errorf("%s is not known before the apply; apply what it depends on first", name)
		}
		if v.text() != "" {
			change.Identity[name] = v.text()
		}
	}
	var err error
	switch i.kind.action {
	case "bursar_team_block", "bursar_team_unblock":
		change.Noun, change.Action = "team", api.ChangeUpdate
		change.After, err = json.Marshal(map[string]any{"blocked": i.kind.action == "bursar_team_block"})
	case "bursar_key_rotate":
		change.Noun, change.Action = "key", api.ChangeRotate
	case "bursar_budget_reset":
		change.Noun, change.Action = spenderOf(change.Identity), api.ChangeResetSpend
		var to any = json.Number("0")
		if v := i.arguments.at("reset_to"); !v.empty() {
			to = v.raw
		}
		change.After, err = json.Marshal(map[string]any{"spend": to})
	default:
		return nil, nil // a test message changes nothing
	}
	return []api.ApprovedChange{change}, err
}

// spenderOf is whose spending is set back.
func spenderOf(identity map[string]string) string {
	switch {
	case identity["budget_id"] != "":
		return "budget"
	case identity["key_id"] != "":
		return "key"
	case identity["user_id"] != "" && identity["team_id"] != "":
		return "member"
	case identity["user_id"] != "":
		return "user"
	default:
		return "team"
	}
}

// chain is one sequence after the other.
func chain(sequences ...iter.Seq[string]) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, sequence := range sequences {
			for name := range sequence {
				if !yield(name) {
					return
				}
			}
		}
	}
}
