package review

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	tfjson "github.com/hashicorp/terraform-json"
)

// ErrPlan is wrapped by errors about input that is no plan.
var ErrPlan = errors.New("a review needs a Terraform plan in JSON; make one with " +
	"\"terraform plan -out=tfplan\" and \"terraform show -json tfplan > plan.json\" (tofu works as well)")

// action is what a plan does to a resource.
type action string

const (
	created   action = "create"
	updated   action = "update"
	replaced  action = "replace"
	deleted   action = "delete"
	forgotten action = "forget"
)

// actions in the order of the summary, with their verbs.
var actions = []struct {
	action    action
	one, many string
}{
	{updated, "changes", "change"},
	{created, "is new", "are new"},
	{replaced, "is replaced", "are replaced"},
	{deleted, "is deleted", "are deleted"},
	{forgotten, "is left to itself", "are left to themselves"},
}

// object is one of our resources in a plan, with what happens to it.
type object struct {
	address string
	kind    *kind
	action  action
	before  side
	after   side
	// followers are the teams that name a budget, as Markdown.
	followers []string
}

// side is a resource before or after the plan. The marks repeat the shape of values with true
// where a value is not known yet or sensitive.
type side struct {
	values    any
	unknown   any
	sensitive any
	// now is when the plan is reviewed, budget the one that the resource names, and team a key's: nil where the plan does not
	// have it.
	now          time.Time
	budget, team *side
}

type plan struct {
	objects []object
	// teams and budgets are all of the plan, those that it leaves as they are too.
	teams, budgets []object
	invocations    []invocation
	// strangers are the addresses of resources of ours that this version does not know.
	strangers []string
	notes     []string
}

// ours is how the types of our resources and actions begin.
const ours = "bursar_"

func readPlan(r io.Reader) (plan, error) {
	decoded, err := decodePlan(r)
	if err != nil {
		return plan{}, err
	}
	read := plan{invocations: invocationsOf(decoded)}
	for _, change := range decoded.ResourceChanges {
		read.note(change)
		if object, ours := objectOf(change); ours {
			read.objects = append(read.objects, object)
		} else if strange(change) {
			read.strangers = append(read.strangers, change.Address)
		}
	}
	for _, deferred := range decoded.DeferredChanges {
		if object, ours := objectOf(deferred.ResourceChange); ours {
			read.notes = append(read.notes, "Terraform put "+code(object.address)+" off to a later plan; it is not reviewed here.")
		}
	}
	return read, nil
}

// note keeps teams and budgets, whatever happens to them.
func (p *plan) note(change *tfjson.ResourceChange) {
	if change == nil || change.Change == nil || change.Mode == tfjson.DataResourceMode {
		return
	}
	switch object := sidesOf(change); object.kind {
	case teamKind:
		p.teams = append(p.teams, object)
	case budgetKind:
		p.budgets = append(p.budgets, object)
	}
}

// misfit guesses what was given instead of a plan.
func misfit(data []byte, err error) string {
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		return "the input is empty"
	case bytes.HasPrefix(data, []byte("PK")):
		return "the input is the plan file itself"
	case bytes.Contains(data[:min(len(data), 1_000)], []byte(`"@level"`)):
		return "the input is the log of \"terraform plan -json\""
	case bytes.Contains(data, []byte(`"lineage"`)) && bytes.Contains(data, []byte(`"serial"`)) && !bytes.Contains(data, []byte(`"format_version"`)):
		return "the input is Terraform's state, which says what is and not what changes"
	default:
		return misread(data, err)
	}
}

// misread says in plain words what is wrong with JSON, and where.
func misread(data []byte, err error) string {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		where := "the input"
		if wrong.Field != "" {
			where = code(wrong.Field) + " in the input"
		}
		return fmt.Sprintf("%s is %s, and in a plan it is %s", where, inJSON(wrong.Value), asJSON(wrong.Type))
	}
	wrong, ok := errors.AsType[*json.SyntaxError](err)
	if errors.Is(err, io.ErrUnexpectedEOF) || ok && strings.HasPrefix(wrong.Error(), "unexpected end") {
		line, _ := placeOf(data, int64(len(data)))
		return fmt.Sprintf("the input ends in the middle, at line %d: it was cut off, or is still being written", line)
	}
	if ok {
		line, column := placeOf(data, wrong.Offset)
		return fmt.Sprintf("the input is no JSON: line %d has something else at character %d", line, column)
	}
	var versioned struct {
		Version any `json:"format_version"`
	}
	switch err := json.Unmarshal(data, &versioned); {
	case err != nil:
		return "the input is no plan"
	case versioned.Version == nil:
		return "the input has no format_version, which every plan has"
	default:
		return fmt.Sprintf("the input has the format_version %s, and this version of bursar reads %s; a newer one may know it", code(fmt.Sprint(versioned.Version)), tfjson.PlanFormatVersionConstraints)
	}
}

// inJSON names a kind of value as JSON's decoder does, in words.
func inJSON(kind string) string {
	first, _, _ := strings.Cut(kind, " ")
	switch first {
	case "array":
		return "a list"
	case "object":
		return "an object"
	case "bool":
		return "true or false"
	case "string":
		return "a text"
	default:
		return "a number"
	}
}

// asJSON is what a plan has, by the type that it is read into.
func asJSON(wanted reflect.Type) string {
	switch wanted.Kind() {
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64, reflect.Float64, reflect.Uint64:
		return "a number"
	default:
		return "an object"
	}
}

// placeOf is the line and the character of an offset, which JSON's decoder gives behind what it stumbled over.
func placeOf(data []byte, offset int64) (line, column int) {
	before := data[:max(0, min(offset-1, int64(len(data))))]
	return 1 + bytes.Count(before, []byte("\n")), len(before) - bytes.LastIndexByte(before, '\n')
}

// objectOf picks out the resources that hold quotas and are touched.
func objectOf(change *tfjson.ResourceChange) (object, bool) {
	if change == nil || change.Change == nil || change.Mode == tfjson.DataResourceMode {
		return object{}, false
	}
	read := sidesOf(change)
	return read, read.kind != nil && read.action != ""
}

func sidesOf(change *tfjson.ResourceChange) object {
	action, _ := actionOf(change.Change.Actions)
	return object{
		address: change.Address, kind: kindOf(change.Type), action: action,
		before: side{values: change.Change.Before, sensitive: change.Change.BeforeSensitive},
		after:  side{values: change.Change.After, unknown: change.Change.AfterUnknown, sensitive: change.Change.AfterSensitive},
	}
}

// strange says whether a change is one of ours that this version cannot judge.
func strange(change *tfjson.ResourceChange) bool {
	if change == nil || change.Change == nil || change.Mode == tfjson.DataResourceMode || kindOf(change.Type) != nil {
		return false
	}
	_, touched := actionOf(change.Change.Actions)
	return touched && strings.HasPrefix(change.Type, ours)
}

func actionOf(actions tfjson.Actions) (action, bool) {
	switch {
	case actions.Create():
		return created, true
	case actions.Update():
		return updated, true
	case actions.Replace():
		return replaced, true
	case actions.Delete():
		return deleted, true
	case actions.Forget():
		return forgotten, true
	default:
		return "", false
	}
}
