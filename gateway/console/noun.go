package console

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

// noun is a kind of object that can be made and changed here.
type noun struct {
	// Name is how forms name it, Title what people call it; "" is Name.
	Name, title string
	// Place is where an alert route sends to, for people.
	Place string
	// resource is the provider's name of the kind; "" is bursar_ and Name.
	resource string
	// naming are the fields that name one in the body of an update. NewID says that its id, the field idField, may be chosen
	// when it is made.
	naming       func(id string) map[string]any
	idField      string
	NewID        bool
	create, edit string
	Fields       []field
	find         finder
	// page is where one is shown once it was changed. alone says that it is a page of its own, which goes with the object.
	page  func(id string) string
	alone bool
	// checked says that what changes of it do to whom can be told before.
	checked bool
	// actions are changes without a form, by name.
	actions map[string]action
}

// action is a change of one object without fields.
type action struct {
	Label, route string
	body         func(id string) map[string]any
	// destructive ones ask for the object's name.
	destructive bool
}

// Title is what people call it.
func (n noun) Title() string { return cmp.Or(n.title, n.Name) }

// Resource is the type of the provider's resource.
func (n noun) Resource() string { return cmp.Or(n.resource, "bursar_"+n.Name) }

// field is one input of a form.
type field struct {
	Name, Label, Help string
	Kind              fieldKind
	// In is the object within the body that the field stands in; "" is the body itself.
	In string
	// OnlyNew fields are for making an object, OnlyOld ones for changing it.
	OnlyNew, OnlyOld bool
	// Choices are the values to choose from, of a field that is chosen.
	Choices []string
}

// Input names the field within the form.
func (f field) Input() string {
	if f.In == "" {
		return f.Name
	}
	return f.In + "." + f.Name
}

// Shown says that a form for a new object, or for one that there is, has the field.
func (f field) Shown(isNew bool) bool { return isNew && !f.OnlyOld || !isNew && !f.OnlyNew }

type fieldKind string

const (
	asText   fieldKind = "text"
	asWhole  fieldKind = "whole"
	asMoney  fieldKind = "money"
	asNumber fieldKind = "number"
	asFlag   fieldKind = "flag"
	asList   fieldKind = "list"
	asShares fieldKind = "shares"
	asChoice fieldKind = "choice"
	// asSecret is never shown; left empty, it stays as it is.
	asSecret fieldKind = "secret"
)

// nouns are all kinds of objects by name.
var nouns = byName(slices.Concat([]noun{teamNoun, keyNoun, budgetNoun, memberNoun, modelNoun}, alertRouteNouns))

func byName(all []noun) map[string]noun {
	names := map[string]noun{}
	for _, one := range all {
		names[one.Name] = one
	}
	return names
}

// takes says whether a change by the route is one of the noun's.
func (n noun) takes(route string) bool {
	if route == n.create || route == n.edit {
		return true
	}
	for _, action := range n.actions {
		if action.route == route {
			return true
		}
	}
	return false
}

// rehearsed says whether what the route does can be told before.
func (n noun) rehearsed(route string) bool { return n.checked && route != "/key/rotate" }

// secret says that its form takes secrets.
func (n noun) secret() bool {
	return slices.ContainsFunc(n.Fields, func(f field) bool { return f.Kind == asSecret })
}

// parts are the fields of an object by name, as the admin API answers them.
type parts map[string]json.RawMessage

// partsOf takes an object apart.
func partsOf(object any) (parts, error) {
	data, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("show an object: %w", err)
	}
	var all parts
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, fmt.Errorf("show an object: %w", err)
	}
	return all, nil
}

// within are the parts of the object that stands in the field; "" is the whole.
func (p parts) within(field string) parts {
	if field == "" {
		return p
	}
	var inner parts
	_ = json.Unmarshal(p[field], &inner) // what is no object has no parts
	return inner
}

// values are what a form shows of an object, by input.
func (n noun) values(object parts) map[string]string {
	values := map[string]string{}
	for _, field := range n.Fields {
		values[field.Input()] = field.text(object.within(field.In)[field.Name])
	}
	return values
}

// text is a JSON value as it stands in an input.
func (f field) text(raw json.RawMessage) string {
	text := string(raw)
	switch {
	case text == "" || text == "null" || f.Kind == asSecret:
		return ""
	case f.Kind == asText || f.Kind == asChoice:
		var value string
		_ = json.Unmarshal(raw, &value) // what is no text is shown as nothing
		return value
	case f.Kind == asList:
		var list []string
		_ = json.Unmarshal(raw, &list)
		return strings.Join(list, ", ")
	case f.Kind == asShares:
		return strings.ReplaceAll(strings.Trim(text, "[]"), ",", ", ")
	default:
		return text
	}
}

// body is what a form asks for: all that is filled in of a new object, or what differs from how it was. before is nil for
// a new one. An object within the body is whole: the API takes it in place of the one that was there.
func (n noun) body(form url.Values, before parts) (map[string]any, error) {
	var shown map[string]string
	if before != nil {
		shown = n.values(before)
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
func (p parts) kept() map[string]any {
	all := map[string]any{}
	for name, value := range p {
		if !strings.HasSuffix(name, "_fingerprint") {
			all[name] = value
		}
	}
	return all
}

// typed is what stands in the input.
func (f field) typed(form url.Values) string {
	text := strings.TrimSpace(form.Get(f.Input()))
	if f.Kind == asFlag {
		return strconv.FormatBool(text != "")
	}
	return text
}

// filled says that the form asks for something: of a new object, that anything was typed; of one that there is, that it
// is another than shown.
func (f field) filled(form url.Values, shown map[string]string) bool {
	text := f.typed(form)
	switch {
	case f.Kind == asSecret:
		return text != ""
	case shown == nil:
		return text != "" && (f.Kind != asFlag || text == "true" || f.Name != "everything")
	case f.Kind == asFlag && shown[f.Input()] == "":
		return text == "true"
	default:
		return text != shown[f.Input()]
	}
}

// value is what an input says, as JSON has it.
func (f field) value(text string) (any, error) {
	if text == "" {
		if f.Kind == asList && f.Name == "models" {
			return []string{}, nil
		}
		return nil, nil //nolint:nilnil // null clears the field
	}
	switch f.Kind {
	case asWhole:
		n, err := strconv.ParseInt(strings.ReplaceAll(text, ",", ""), 10, 64)
		if err != nil {
			return nil, api.FieldErrorf(f.Name, "%q is not a whole number", text)
		}
		return n, nil
	case asMoney:
		amount, err := money.Parse(strings.ReplaceAll(strings.TrimPrefix(text, "$"), ",", ""))
		if err != nil {
			return nil, api.FieldErrorf(f.Name, "%q is not an amount in US dollars such as 250 or 0.5", text)
		}
		return amount, nil
	case asNumber:
		return number(f.Name, text)
	case asFlag:
		return text == "true", nil
	case asList:
		return splitList(text), nil
	case asShares:
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
