package openapi

import (
	"reflect"
	"strings"
)

// Field is a field of a struct as package json writes it.
type Field struct {
	// Name is that in JSON.
	Name      string
	Type      reflect.Type
	Tag       reflect.StructTag
	OmitEmpty bool
	// Comment is what the source says about the field.
	Comment string
	depth   int
}

// Fields returns the fields of a struct in their order, those of embedded structs where these stand. Of two
// with the same name the outer one holds, as in package json.
func Fields(t reflect.Type) []Field {
	all := fieldsAt(t, 0)
	shallowest := map[string]int{}
	for _, field := range all {
		if depth, seen := shallowest[field.Name]; !seen || field.depth < depth {
			shallowest[field.Name] = field.depth
		}
	}
	fields := all[:0]
	for _, field := range all {
		if field.depth == shallowest[field.Name] {
			fields = append(fields, field)
		}
	}
	return fields
}

func fieldsAt(t reflect.Type, depth int) []Field {
	var fields []Field
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Anonymous && name == "" {
			embedded := field.Type
			if embedded.Kind() == reflect.Pointer {
				embedded = embedded.Elem()
			}
			fields = append(fields, fieldsAt(embedded, depth+1)...)
			continue
		}
		if name == "-" || !field.IsExported() {
			continue
		}
		if name == "" {
			name = field.Name
		}
		fields = append(fields, Field{
			Name: name, Type: field.Type, Tag: field.Tag, Comment: commentOnField(t, i), depth: depth,
			OmitEmpty: strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero"),
		})
	}
	return fields
}
