package route

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// note keeps the names of the fields that nobody understands, and of those within other fields. It refuses what would
// limit something elsewhere, and in strict mode all of them.
func (in *Input) note(unknown, surplus []string) error {
	slices.Sort(unknown)
	if err := in.refuseReplaced(unknown); err != nil {
		return err
	}
	for _, name := range surplus {
		if object, _, _ := strings.Cut(name, "."); !slices.Contains(unknown, object) {
			unknown = append(unknown, name)
		}
	}
	in.Unknown = unknown
	if in.Strict && len(unknown) > 0 {
		return &api.Error{
			Code: api.Invalid, Param: unknown[0],
			Message: "unknown fields, refused because of strict=true: " + nameList(unknown),
		}
	}
	return nil
}

// Leave names further fields that were left out of account. In strict mode these are refused.
func (in *Input) Leave(names ...string) error {
	if len(names) == 0 {
		return nil
	}
	return in.note(append(in.Unknown, names...), nil)
}

// refuseUnknown refuses fields that nobody understands, but for those that pass.
func (in *Input) refuseUnknown(passes func(field string) bool) error {
	for _, name := range in.Unknown {
		if !passes(name) {
			return api.FieldErrorf(name, "is not known here; nothing was changed. Leave the field out, or correct its name")
		}
	}
	return nil
}

// prune takes fields out of nested objects that these do not have, and returns their names: package json would take
// "URL" for "url".
func prune(t reflect.Type, fields map[string]json.RawMessage) (surplus []string) {
	for name, kind := range namesOf(t) {
		if kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		var inner map[string]json.RawMessage
		if !isObject(kind) || json.Unmarshal(fields[name], &inner) != nil || inner == nil {
			continue // not an object: for the target to refuse
		}
		known := namesOf(kind)
		for field := range inner {
			if _, found := known[field]; !found {
				surplus = append(surplus, name+"."+field)
				delete(inner, field)
			}
		}
		if pruned, err := json.Marshal(inner); err == nil {
			fields[name] = pruned
		}
	}
	slices.Sort(surplus)
	return surplus
}

// isObject says whether a type is written as an object that has all of its fields and no other.
func isObject(t reflect.Type) bool {
	if t.Kind() != reflect.Struct || reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return false
	}
	for field := range t.Fields() {
		if field.Tag.Get("openapi") == "open" {
			return false
		}
	}
	return true
}

var plainName = regexp.MustCompile(`^\??[A-Za-z0-9_.-]{1,64}$`)

// nameList writes names of the caller's so that they fit into a header.
func nameList(names []string) string {
	const most = 50
	shown := make([]string, 0, len(names))
	for _, name := range names[:min(len(names), most)] {
		if !plainName.MatchString(name) {
			name = strconv.QuoteToASCII(name[:min(len(name), 64)])
		}
		shown = append(shown, name)
	}
	if len(names) > most {
		shown = append(shown, "and "+strconv.Itoa(len(names)-most)+" more")
	}
	return strings.Join(shown, ", ")
}
