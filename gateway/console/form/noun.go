// Package form knows the forms of the console: which fields each kind of object has, how they are typed, and what body
// of the admin API, which lines for people and which lines for Terraform they become.
//
// It promises that a field that is not in a form stays as it is, and that a secret that was typed stands in no line. It must
// never know of requests, pages or who is signed in.
package form

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// Noun is a kind of object that can be made and changed here.
type Noun struct {
	// Name is how forms name it, Title what people call it; "" is Name.
	Name, title string
	// Place is where an alert route sends to, for people.
	Place string
	// resource is the provider's name of the kind; "" is bursar_ and Name.
	resource string
	// Naming are the fields that name one in the body of an update. NewID says that its id, the field IDField, may be chosen
	// when it is made.
	Naming  func(id string) map[string]any
	IDField string
	NewID   bool
	// Create and Edit are the routes of the admin API that make one, and change it.
	Create, Edit string
	Fields       []Field
	// Always are fields that no form has and that the body of a new one says.
	Always map[string]any
	// Alone says that one has a page of its own, which goes with it.
	Alone bool
	// Checked says that what changes of it do to whom can be told before.
	Checked bool
	// Actions are changes without a form, by name.
	Actions map[string]Action
}

// Action is a change of one object without fields.
type Action struct {
	Label, Route string
	Body         func(id string) map[string]any
	// Destructive ones ask for the object's name.
	Destructive bool
}

// Title is what people call it.
func (n Noun) Title() string { return cmp.Or(n.title, n.Name) }

// Resource is the type of the provider's resource.
func (n Noun) Resource() string { return cmp.Or(n.resource, "bursar_"+n.Name) }

// Field is one input of a form.
type Field struct {
	Name, Label, Help string
	Kind              Kind
	// In is the object within the body that the field stands in; "" is the body itself.
	In string
	// OnlyNew fields are for making an object, OnlyOld ones for changing it.
	OnlyNew, OnlyOld bool
	// Choices are the values to choose from, of a field that is chosen.
	Choices []string
}

// Input names the field within the form.
func (f Field) Input() string {
	if f.In == "" {
		return f.Name
	}
	return f.In + "." + f.Name
}

// Shown says that a form for a new object, or for one that there is, has the field.
func (f Field) Shown(isNew bool) bool { return isNew && !f.OnlyOld || !isNew && !f.OnlyNew }

// Kind is how a field is typed.
type Kind string

// The kinds of fields.
const (
	Text   Kind = "text"
	Whole  Kind = "whole"
	Money  Kind = "money"
	Number Kind = "number"
	Flag   Kind = "flag"
	List   Kind = "list"
	Shares Kind = "shares"
	Choice Kind = "choice"
	// Secret is never shown; left empty, it stays as it is.
	Secret Kind = "secret"
)

// Nouns are all kinds of objects by name.
var Nouns = byName(slices.Concat([]Noun{Team, Key, Budget, Member, User, Model}, AlertRoutes))

func byName(all []Noun) map[string]Noun {
	names := map[string]Noun{}
	for _, one := range all {
		names[one.Name] = one
	}
	return names
}

// Takes says whether a change by the route is one of the noun's.
func (n Noun) Takes(route string) bool {
	if route == n.Create || route == n.Edit {
		return true
	}
	for _, action := range n.Actions {
		if action.Route == route {
			return true
		}
	}
	return false
}

// Rehearsed says whether what the route does can be told before.
func (n Noun) Rehearsed(route string) bool { return n.Checked && route != "/key/rotate" }

// Secret says that its form takes secrets.
func (n Noun) Secret() bool {
	return slices.ContainsFunc(n.Fields, func(f Field) bool { return f.Kind == Secret })
}

// Parts are the fields of an object by name, as the admin API answers them.
type Parts map[string]json.RawMessage

// PartsOf takes an object apart.
func PartsOf(object any) (Parts, error) {
	data, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("show an object: %w", err)
	}
	var all Parts
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, fmt.Errorf("show an object: %w", err)
	}
	return all, nil
}

// within are the Parts of the object that stands in the field; "" is the whole.
func (p Parts) within(field string) Parts {
	if field == "" {
		return p
	}
	var inner Parts
	_ = json.Unmarshal(p[field], &inner) // what is no object has no Parts
	return inner
}

// Values are what a form shows of an object, by input.
func (n Noun) Values(object Parts) map[string]string {
	values := map[string]string{}
	for _, field := range n.Fields {
		values[field.Input()] = field.text(object.within(field.In)[field.Name])
	}
	return values
}

// text is a JSON value as it stands in an input.
func (f Field) text(raw json.RawMessage) string {
	text := string(raw)
	switch {
	case text == "" || text == "null" || f.Kind == Secret:
		return ""
	case f.Kind == Text || f.Kind == Choice:
		var value string
		_ = json.Unmarshal(raw, &value) // what is no text is shown as nothing
		return value
	case f.Kind == List:
		var list []string
		_ = json.Unmarshal(raw, &list)
		return strings.Join(list, ", ")
	case f.Kind == Shares:
		return strings.ReplaceAll(strings.Trim(text, "[]"), ",", ", ")
	default:
		return text
	}
}

// Body is what a form asks for: all that is filled in of a new object, or what differs from how it was. before is nil for
// a new one. An object within the body is whole: the API takes it in place of the one that was there.
func (n Noun) Body(form url.Values, before Parts) (map[string]any, error) {
	var shown map[string]string
	if before != nil {
		shown = n.Values(before)
	}
	body := map[string]any{}
	for _, field := range n.Fields {
		if !field.Shown(before == nil) || !field.filled(form, shown) {
			continue
		}
		value, err := field.value(field.typed(form))
		if err != nil {
			return nil, err
		}
		if field.In == "" {
			body[field.Name] = value
			continue
		}
		if _, begun := body[field.In]; !begun {
			body[field.In] = before.within(field.In).kept()
		}
		inner, _ := body[field.In].(map[string]any)
		if inner[field.Name] = value; value == nil {
			delete(inner, field.Name)
		}
	}
	for name, value := range body {
		if inner, ok := value.(map[string]any); ok && len(inner) == 0 {
			body[name] = nil
		}
	}
	return body, nil
}

// kept is what of an object within an object is sent again: all but what only answers have.
func (p Parts) kept() map[string]any {
	all := map[string]any{}
	for name, value := range p {
		if !strings.HasSuffix(name, "_fingerprint") {
			all[name] = value
		}
	}
	return all
}

// typed is what stands in the input.
func (f Field) typed(form url.Values) string {
	text := strings.TrimSpace(form.Get(f.Input()))
	if f.Kind == Flag {
		return strconv.FormatBool(text != "")
	}
	return text
}

// filled says that the form asks for something: of a new object, that anything was typed; of one that there is, that it
// is another than shown.
func (f Field) filled(form url.Values, shown map[string]string) bool {
	text := f.typed(form)
	switch {
	case f.Kind == Secret:
		return text != ""
	case shown == nil:
		return text != "" && (f.Kind != Flag || text == "true" || f.Name != "everything")
	case f.Kind == Flag && shown[f.Input()] == "":
		return text == "true"
	default:
		return text != shown[f.Input()]
	}
}

// value is what an input says, as JSON has it.
func (f Field) value(text string) (any, error) {
	if text == "" {
		if f.Kind == List && f.Name == "models" {
			return []string{}, nil
		}
		return nil, nil //nolint:nilnil // null clears the field
	}
	switch f.Kind {
	case Whole:
		n, err := strconv.ParseInt(strings.ReplaceAll(text, ",", ""), 10, 64)
		if err != nil {
			return nil, api.FieldErrorf(f.Name, "%q is not a whole number", text)
		}
		return n, nil
	case Money:
		amount, err := money.Parse(strings.ReplaceAll(strings.TrimPrefix(text, "$"), ",", ""))
		if err != nil {
			return nil, api.FieldErrorf(f.Name, "%q is not an amount in US dollars such as 250 or 0.5", text)
		}
		return amount, nil
	case Number:
		return number(f.Name, text)
	case Flag:
		return text == "true", nil
	case List:
		return splitList(text), nil
	case Shares:
		shares := []json.Number{}
		for _, one := range splitList(text) {
			share, err := number(f.Name, one)
			if err != nil {
				return nil, err
			}
			shares = append(shares, share)
		}
		return shares, nil
	default:
		return text, nil
	}
}

func number(name, text string) (json.Number, error) {
	if _, err := strconv.ParseFloat(text, 64); err != nil {
		return "", api.FieldErrorf(name, "%q is not a number such as 0.8", text)
	}
	return json.Number(text), nil
}

func splitList(text string) []string {
	list := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '\n' })
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return slices.DeleteFunc(list, func(one string) bool { return one == "" })
}

// OfConfiguration says whether a route changes what an apply would take back.
func (n Noun) OfConfiguration(route string) bool {
	return route == n.Edit || strings.HasSuffix(route, "/delete")
}

// Lines are what a form changes, for people.
func (n Noun) Lines(form url.Values, before Parts) (lines []Line) {
	shown := map[string]string{}
	if before != nil {
		shown = n.Values(before)
	}
	for _, field := range n.Fields {
		if !field.Shown(before == nil) || !field.filled(form, shown) {
			continue
		}
		line := Line{field.Label, shown[field.Input()], field.typed(form)}
		if value, err := field.value(line.New); err == nil {
			line.New = shownValue(value)
		}
		if field.Kind == Secret {
			line.New = "a new one"
		}
		lines = append(lines, line)
	}
	return lines
}

func shownValue(value any) string {
	data, err := json.Marshal(value)
	if err != nil || string(data) == "null" || string(data) == "[]" {
		return "nothing"
	}
	return strings.Trim(strings.ReplaceAll(string(data), `"`, ""), "[]")
}

// Typed are the values of a form as they were typed, but for secrets.
func (n Noun) Typed(form url.Values) map[string]string {
	values := map[string]string{"new_id": form.Get("new_id")}
	for _, field := range n.Fields {
		if field.Kind != Secret {
			values[field.Input()] = field.typed(form)
		}
	}
	return values
}

// Line is what a change makes of one field, for people.
type Line struct{ Label, Old, New string }
