package openapi

import (
	"encoding/json"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// describer turns Go types into schemas and collects those that have a name.
type describer struct {
	strict bool
	names  map[string]named
}

// named is a schema under components.
type named struct {
	of     reflect.Type
	schema object
}

// direction is the way that JSON goes. In a request every field may be left out or null, in an answer
// all fields are there that are not marked omitempty.
type direction int

const (
	answered direction = iota
	requested
)

// anything is any JSON; an empty schema would say so too, but not to every reader.
var anything = object{{"type", []string{"object", "array", "string", "number", "boolean", "null"}}}

// special are the types that write themselves.
var special = map[reflect.Type]object{
	reflect.TypeFor[time.Time]():       {{"type", "string"}, {"format", "date-time"}},
	reflect.TypeFor[money.Nano]():      {{"type", "number"}, {"description", "An amount in USD, exact to nine decimals."}},
	reflect.TypeFor[json.Number]():     {{"type", "number"}},
	reflect.TypeFor[json.RawMessage](): anything,
	reflect.TypeFor[api.StringList]():  {{"type", "array"}, {"items", object{{"type", "string"}}}},
	reflect.TypeFor[api.Metadata]():    {{"type", "object"}, {"additionalProperties", true}},
}

// Anything is a type that reads itself from JSON of more than one form.
type Anything interface{ AnyJSON() }

// Either is a body or an answer that has one of several types.
type Either []any

func (d *describer) request(value any) (object, error) { return d.value(value, requested) }
func (d *describer) answer(value any) (object, error)  { return d.value(value, answered) }

// value describes the type of a value, or of each in an [Either].
func (d *describer) value(value any, way direction) (object, error) {
	either, ok := value.(Either)
	if !ok {
		return d.typ(reflect.TypeOf(value), way)
	}
	var options []any
	for _, one := range either {
		schema, err := d.value(one, way)
		if err != nil {
			return nil, err
		}
		options = append(options, schema)
	}
	return object{{"anyOf", options}}, nil
}

// typ describes a type, structs with a name by a reference.
func (d *describer) typ(t reflect.Type, way direction) (object, error) {
	if schema, found := special[t]; found {
		return slices.Clone(schema), nil
	}
	if t.Implements(reflect.TypeFor[Anything]()) {
		return slices.Clone(anything), nil
	}
	if standing := embedded(t); standing != t && t.Kind() == reflect.Struct {
		return d.typ(standing, way)
	}
	switch t.Kind() {
	case reflect.Pointer:
		schema, err := d.typ(t.Elem(), way)
		return nullable(schema), err
	case reflect.String:
		return object{{"type", "string"}}, nil
	case reflect.Bool:
		return object{{"type", "boolean"}}, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return object{{"type", "integer"}}, nil
	case reflect.Float32, reflect.Float64:
		return object{{"type", "number"}}, nil
	case reflect.Interface:
		return slices.Clone(anything), nil
	case reflect.Slice:
		return d.list(t, way)
	case reflect.Map:
		values, err := d.typ(t.Elem(), way)
		return nullable(object{{"type", "object"}, {"additionalProperties", values}}), err
	case reflect.Struct:
		return d.structure(t, way)
	default:
		return nil, fmt.Errorf("type %s has no form in JSON that is known here", t)
	}
}

// list describes a slice. Those of objects are written as [] when there are none, as the house has it;
// one of plain values may be null.
func (d *describer) list(t reflect.Type, way direction) (object, error) {
	items, err := d.typ(t.Elem(), way)
	schema := object{{"type", "array"}, {"items", items}}
	if t.Elem().Kind() == reflect.Struct {
		return schema, err
	}
	return nullable(schema), err
}

// structure describes a struct, by a reference when it has a name.
func (d *describer) structure(t reflect.Type, way direction) (object, error) {
	if t.Name() == "" {
		return d.fields(t, way)
	}
	name := componentName(t, way)
	if known, found := d.names[name]; found && known.of != t {
		name = title(path.Base(t.PkgPath())) + name // two packages have a type of that name
	}
	if known, found := d.names[name]; found {
		if known.of != t {
			return nil, fmt.Errorf("types %s and %s would both be called %s", known.of, t, name)
		}
		return reference(name), nil
	}
	d.names[name] = named{of: t} // before its fields: a type may hold itself
	schema, err := d.fields(t, way)
	d.names[name] = named{of: t, schema: schema}
	return reference(name), err
}

func componentName(t reflect.Type, way direction) string {
	name := title(t.Name())
	name = strings.NewReplacer("[", "Of", "]", "", "*", "", "/", "", ".", "").Replace(name)
	if way == requested {
		return name + "Request"
	}
	return name
}

func title(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

func reference(name string) object { return object{{"$ref", "#/components/schemas/" + name}} }

// fields describes what is in a struct.
func (d *describer) fields(t reflect.Type, way direction) (object, error) {
	properties, required := object{}, []string{}
	for _, field := range Fields(t) {
		schema, err := d.typ(field.Type, way)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", field.Name, err)
		}
		if words := field.Tag.Get("enum"); words != "" {
			schema = append(schema, member{"enum", strings.Split(words, ",")})
		}
		if way == requested && field.Tag.Get("required") == "" {
			schema = nullable(schema)
		}
		if fallback := field.Tag.Get("default"); way == requested && fallback != "" {
			schema = append(schema, member{"default", json.RawMessage(fallback)})
		}
		properties = append(properties, member{field.Name, commented(schema, field.Comment)})
		if (way == requested && field.Tag.Get("required") != "") || (way == answered && !field.OmitEmpty) {
			required = append(required, field.Name)
		}
	}
	schema := object{{"type", "object"}}.describedAs(commentOn(t))
	schema = append(schema, member{"properties", properties})
	if len(required) > 0 {
		schema = append(schema, member{"required", required})
	}
	if d.strict && !isOpen(t) {
		schema = append(schema, member{"additionalProperties", false})
	}
	return schema, nil
}

// isOpen says whether a struct is only a part of what is read, which a field with the name _ and the tag
// openapi:"open" tells.
func isOpen(t reflect.Type) bool {
	for field := range t.Fields() {
		if field.Name == "_" && field.Tag.Get("openapi") == "open" {
			return true
		}
	}
	return false
}

// commented adds a description, which stands before that of the type.
func commented(schema object, comment string) object {
	if comment == "" {
		return schema
	}
	schema = slices.DeleteFunc(slices.Clone(schema), func(m member) bool { return m.name == "description" })
	return schema.describedAs(comment)
}

// nullable lets null be a value too.
func nullable(schema object) object {
	if len(schema) == 0 {
		return schema
	}
	for i, m := range schema {
		switch kind := m.value.(type) {
		case string:
			if m.name == "type" {
				schema[i].value = []string{kind, "null"}
				return withNullWord(schema)
			}
			if m.name == "$ref" {
				return object{{"anyOf", []any{schema, object{{"type", "null"}}}}}
			}
		}
	}
	return schema // is so already
}

// withNullWord adds null to the words of an enumeration.
func withNullWord(schema object) object {
	for i, m := range schema {
		if words, ok := m.value.([]string); ok && m.name == "enum" {
			list := make([]any, 0, len(words)+1)
			for _, word := range words {
				list = append(list, word)
			}
			schema[i].value = append(list, nil)
		}
	}
	return schema
}

// components are the named schemas, by name.
func (d *describer) components() object {
	schemas := make(object, 0, len(d.names))
	for name, known := range d.names {
		schemas = append(schemas, member{name, known.schema})
	}
	slices.SortFunc(schemas, func(a, b member) int { return compare(a.name, b.name) })
	return schemas
}
