package route

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// takesRest is a part of a struct that takes the fields of the body which the struct itself does not have.
type takesRest interface {
	take(fields map[string]json.RawMessage, emptied []string) (unknown []string, err error)
	StandsFor() (itself, other reflect.Type)
}

// leftOver is a value of the body with fields of its own that it did not understand.
type leftOver interface{ Surplus() []string }

// decode reads the body into a struct, and notes the fields that nobody understands.
func (in *Input) decode(target reflect.Value) error {
	rest := restOf(target)
	surplus := prune(target.Type(), in.Fields)
	if rest != nil {
		_, object := rest.StandsFor()
		surplus = append(surplus, prune(object, in.Fields)...)
	}
	in.fillIn(target)
	unknown, err := api.Patch(target.Addr().Interface(), in.Fields)
	if err != nil {
		return err
	}
	if rest != nil {
		others := map[string]json.RawMessage{}
		for _, name := range unknown {
			others[name] = in.Fields[name]
		}
		if unknown, err = rest.take(others, in.emptied); err != nil {
			return err
		}
	}
	return in.note(unknown, append(surplus, surplusOf(target)...))
}

// fillIn writes null for fields that are left out and have a default, which null stands for.
func (in *Input) fillIn(target reflect.Value) {
	for field := range target.Type().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Tag.Get("default") != "" && name != "" && !in.Has(name) {
			in.Fields[name] = null
		}
	}
}

// restOf is the part of a struct that takes what the struct itself does not have, nil when it has none.
func restOf(target reflect.Value) takesRest {
	for i := range target.NumField() {
		field := target.Type().Field(i)
		if !field.Anonymous {
			continue
		}
		if field.IsExported() {
			if rest, ok := reflect.TypeAssert[takesRest](target.Field(i).Addr()); ok {
				return rest
			}
		}
		if rest := restOf(target.Field(i)); rest != nil {
			return rest
		}
	}
	return nil
}

// surplusOf are the names of what fields of a struct did not understand of their own.
func surplusOf(target reflect.Value) (names []string) {
	for i := range target.NumField() {
		field := target.Type().Field(i)
		if !field.IsExported() {
			continue
		}
		left, ok := reflect.TypeAssert[leftOver](target.Field(i).Addr())
		if !ok {
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		for _, inner := range left.Surplus() {
			names = append(names, name+"."+inner)
		}
	}
	return names
}

// checkRequired refuses a body that leaves out what must be there.
func (in *Input) checkRequired(target reflect.Value) error {
	for i := range target.NumField() {
		field := target.Type().Field(i)
		wanted, name := field.Tag.Get("required"), field.Tag.Get("json")
		given := !target.Field(i).IsZero() || field.Type.Kind() == reflect.Pointer && in.Has(name)
		if wanted == "" || name == "" || given {
			continue
		}
		if wanted == "true" {
			return api.FieldErrorf(name, "is required")
		}
		return api.FieldErrorf(name, "is required: %s", wanted)
	}
	return nil
}

// names are the fields of types by their names in JSON, found once.
var names sync.Map

// namesOf are the fields of a struct, and of those that it embeds, by their names in JSON; none of what is no struct.
func namesOf(t reflect.Type) map[string]reflect.Type {
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	if known, found := names.Load(t); found {
		return known.(map[string]reflect.Type) //nolint:forcetypeassert // nothing else is kept there
	}
	all := map[string]reflect.Type{}
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous && name == "":
			maps.Copy(all, namesOf(field.Type))
		case name != "" && name != "-" && field.IsExported():
			all[name] = field.Type
		}
	}
	names.Store(t, all)
	return all
}

// IDs are texts that a request lists, each once.
type IDs []string

// UnmarshalJSON implements [json.Unmarshaler].
func (l *IDs) UnmarshalJSON(data []byte) error {
	var list []string
	if err := json.Unmarshal(data, &list); err != nil {
		return api.Errorf(api.Invalid, "must be a list of strings")
	}
	if slices.Contains(list, "") {
		return api.Errorf(api.Invalid, "holds an empty string")
	}
	*l = unique(list)
	return nil
}
