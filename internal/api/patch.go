package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sort"
	"strings"
	"time"
)

// Patch writes the fields of a JSON object into target, a pointer to a struct with json tags:
// a field that the object leaves out is kept, null clears it (to its default tag, if it has one),
// a value replaces it whole, maps and lists included. Creates patch an object with defaults.
// It returns the names of the object's fields that the target does not have, in order,
// and an [Invalid] error that names the field when a value does not fit; target may then be half written.
func Patch(target any, object map[string]json.RawMessage) (unknown []string, err error) {
	fields := map[string]reflect.Value{}
	defaults := map[string]string{}
	collectFields(reflect.ValueOf(target).Elem(), fields, defaults)
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		field, known := fields[name]
		if !known {
			unknown = append(unknown, name)
			continue
		}
		if err := patchField(field, name, object[name], defaults[name]); err != nil {
			return nil, err
		}
	}
	return unknown, nil
}

func collectFields(v reflect.Value, fields map[string]reflect.Value, defaults map[string]string) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Anonymous {
			collectFields(v.Field(i), fields, defaults)
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" || name == "-" || !field.IsExported() {
			continue
		}
		fields[name] = v.Field(i)
		defaults[name] = field.Tag.Get("default")
	}
}

func patchField(field reflect.Value, name string, value json.RawMessage, fallback string) error {
	fresh := reflect.New(field.Type())
	if bytes.Equal(bytes.TrimSpace(value), []byte("null")) {
		if fallback != "" {
			value = json.RawMessage(fallback)
		} else {
			field.SetZero()
			return nil
		}
	}
	if err := json.Unmarshal(value, fresh.Interface()); err != nil {
		if isMoment(field.Type()) {
			return NotAMoment(name, string(value))
		}
		return patchError(name, err)
	}
	field.Set(fresh.Elem())
	return nil
}

func patchError(name string, err error) error {
	if own, ok := errors.AsType[*Error](err); ok {
		return FieldErrorf(name, "%s", own.Message)
	}
	if wrong, ok := errors.AsType[*time.ParseError](err); ok { // somewhere within the field
		return NotAMoment(name, wrong.Value)
	}
	var typeErr *json.UnmarshalTypeError
	if !errors.As(err, &typeErr) {
		return FieldErrorf(name, "is not valid: %s", err)
	}
	if typeErr.Field != "" {
		name += "." + typeErr.Field
	}
	return FieldErrorf(name, "must be %s, not %s", kindName(typeErr.Type), typeErr.Value)
}

func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	case reflect.Slice:
		return "a list"
	case reflect.Map, reflect.Struct:
		return "an object"
	default:
		return fmt.Sprintf("of type %s", t)
	}
}
