package route

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// New is a route whose handler gets what a request says as an In and answers an Out; the description of the API follows
// from both. In is a struct. A field with the tag json is read from the body, one with query from the address, one with
// path from the path. With required:"true" it must be there; any other text says what is wanted. A field with
// default has that value when it is left out or null, and one that is a number at most the one of the tag most.
func New[In, Out any](pattern string, permission auth.Permission, serve func(*Call, In) (Out, error), spec Spec) Route {
	var in In
	if spec.Answer == nil {
		spec.Answer = *new(Out)
	}
	spec.Query = append(openapi.QueryOf(reflect.TypeOf(in)), spec.Query...)
	route := Raw(pattern, permission, nil, spec)
	if route.HasBody() {
		route.Body = in
	}
	passes := func(name string) bool { return !spec.Closed && isHarmless(name, namesOf(reflect.TypeOf(spec.Answer))) }
	route.Serve = func(c *Call) (any, error) {
		var in In
		if err := c.read(reflect.ValueOf(&in).Elem(), route.refuses(), passes); err != nil {
			return nil, err
		}
		return serve(c, in)
	}
	return route
}

// HasBody says whether a request to the route carries a JSON object.
func (r Route) HasBody() bool { return r.Method == http.MethodPost || r.Method == http.MethodPatch }

// refuses says whether the route refuses fields that nobody understands, even if it was not asked to be strict: one that
// changes something would change something else than was meant.
func (r Route) refuses() bool { return r.Closed || r.Changes() }

// read fills in a struct from the address, the path and the body. A route that refuses what it does not know lets pass
// what passes says.
func (c *Call) read(in reflect.Value, refuses bool, passes func(field string) bool) error {
	if err := c.readAddress(in); err != nil {
		return err
	}
	if c.In.Fields == nil {
		return nil // a GET
	}
	if err := c.In.decode(in); err != nil {
		return err
	}
	if refuses {
		if err := c.In.refuseUnknown(passes); err != nil {
			return err
		}
	}
	return c.In.checkRequired(in)
}

// asked is a part of a struct that reads itself from the address.
type asked interface{ ReadQuery(c *Call) error }

func asPart(field reflect.StructField, value reflect.Value) (part asked, ok bool) {
	if !field.IsExported() {
		return nil, false
	}
	return reflect.TypeAssert[asked](value.Addr())
}

func (c *Call) readAddress(in reflect.Value) error {
	for i := range in.NumField() {
		field, value := in.Type().Field(i), in.Field(i)
		if part, ok := asPart(field, value); ok {
			if err := part.ReadQuery(c); err != nil {
				return err
			}
			continue
		}
		if field.Anonymous && field.Type.Kind() == reflect.Struct {
			if err := c.readAddress(value); err != nil {
				return err
			}
		}
		if said := c.Request.PathValue(field.Tag.Get("path")); said != "" {
			value.SetString(said)
			delete(c.In.Fields, field.Tag.Get("path")) // the path says it
		}
		if name := field.Tag.Get("query"); name != "" {
			if err := c.readParameter(name, field.Tag, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// readParameter reads a parameter of the address into a field.
func (c *Call) readParameter(name string, tag reflect.StructTag, value reflect.Value) (err error) {
	switch target := value.Addr().Interface().(type) {
	case *string:
		switch words := tag.Get("enum"); {
		case tag.Get("required") != "":
			*target, err = c.Required(name)
		case words != "":
			*target, err = c.Choice(name, strings.Split(words, ",")...)
		default:
			*target = c.Query.Get(name)
		}
	case *bool:
		*target, err = c.Flag(name, false)
	case *int:
		*target, err = c.Number(name, openapi.NumberIn(tag, "default", 1), openapi.NumberIn(tag, "most", MaxPageNumber))
	case *int64:
		*target, err = c.Count(name)
	case *[]string:
		*target = c.List(name)
	case **money.Nano:
		*target, err = c.Amount(name)
	default:
		panic("a parameter of the address cannot be read into a " + value.Type().String())
	}
	return err
}

// Fields are the fields of a T that a request sets: what it leaves out is kept, what is null is cleared.
type Fields[T any] struct {
	raw map[string]json.RawMessage
	// emptied are fields that an update sends as "".
	emptied []string
}

// StandsFor implements [openapi.Standing].
func (f *Fields[T]) StandsFor() (itself, other reflect.Type) {
	return reflect.TypeFor[Fields[T]](), reflect.TypeFor[T]()
}

// Apply writes the fields into the object. A field that is sent as "" clears nothing: BerriAI's Terraform provider sends
// every field that it does not set so, and where there is nothing, that is what it means.
func (f *Fields[T]) Apply(object *T) error {
	if err := f.refuseEmpty(object); err != nil {
		return err
	}
	_, err := api.Patch(object, f.raw)
	return err
}

// refuseEmpty refuses "" for a field of the object that has a value.
func (f *Fields[T]) refuseEmpty(object *T) error {
	if len(f.emptied) == 0 {
		return nil
	}
	data, err := json.Marshal(object)
	if err != nil {
		return fmt.Errorf("look what there is to clear: %w", err)
	}
	var there map[string]json.RawMessage
	if err := json.Unmarshal(data, &there); err != nil {
		return fmt.Errorf("look what there is to clear: %w", err)
	}
	for _, name := range f.emptied {
		if value := string(there[name]); value != "" && value != "null" && value != `""` {
			return api.FieldErrorf(name, "is empty; send null to clear it, or leave it out to keep it")
		}
	}
	return nil
}

// Has says whether the request sets a field, to null or anything else.
func (f *Fields[T]) Has(name string) bool {
	_, found := f.raw[name]
	return found
}

// Raw is what the request sets a field to, nil when it leaves it out.
func (f *Fields[T]) Raw(name string) json.RawMessage { return f.raw[name] }

// Instead sets a field unless the request does.
func (f *Fields[T]) Instead(name string, value json.RawMessage) {
	if value != nil && !f.Has(name) {
		f.raw[name] = value
	}
}

// Set sets a field to a text, whatever the request says.
func (f *Fields[T]) Set(name, text string) {
	f.raw[name], _ = json.Marshal(text) // a text can be written
}

// Drop leaves a field as it is.
func (f *Fields[T]) Drop(name string) { delete(f.raw, name) }

// Nulls are the fields that the request sets to null within the named objects, such as "webhook.secret".
func (f *Fields[T]) Nulls(objects ...string) (names []string) {
	for _, object := range objects {
		var inner map[string]json.RawMessage
		if json.Unmarshal(f.raw[object], &inner) != nil {
			continue
		}
		for name, value := range inner {
			if string(value) == "null" {
				names = append(names, object+"."+name)
			}
		}
	}
	return names
}

// take keeps those of the fields that a T has, and returns the names of the others.
func (f *Fields[T]) take(fields map[string]json.RawMessage, emptied []string) (unknown []string, err error) {
	f.raw = map[string]json.RawMessage{}
	known := namesOf(reflect.TypeFor[T]())
	for name, value := range fields {
		if _, found := known[name]; found {
			f.raw[name] = value
		} else {
			unknown = append(unknown, name)
		}
	}
	for _, name := range emptied {
		if f.Has(name) {
			f.emptied = append(f.emptied, name)
		}
	}
	slices.Sort(f.emptied)
	_, err = api.Patch(new(T), f.raw)
	return unknown, err
}
