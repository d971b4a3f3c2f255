package openapi

import (
	"reflect"
	"strconv"
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
			fields = append(fields, fieldsAt(embedded(field.Type), depth+1)...)
			continue
		}
		if name == "-" || !field.IsExported() || inAddress(field) {
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

// Standing is a type that stands for another one; it names itself, as what embeds it has its methods too.
type Standing interface {
	StandsFor() (itself, other reflect.Type)
}

// embedded is the struct whose fields an embedded type has.
func embedded(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if standing, ok := reflect.TypeAssert[Standing](reflect.New(t)); ok {
		if itself, other := standing.StandsFor(); itself == t {
			return other
		}
	}
	return t
}

// inAddress says whether a field is read from the address or the path of a request, not from its body.
func inAddress(field reflect.StructField) bool {
	return field.Tag.Get("query") != "" || field.Tag.Get("path") != ""
}

// Asking is a part of a struct that says by itself which parameters of the address it is read from.
type Asking interface{ Parameters() []Parameter }

// NumberIn is the number in a tag, or the fallback when there is none.
func NumberIn(tag reflect.StructTag, name string, fallback int) int {
	if number, err := strconv.Atoi(tag.Get(name)); err == nil {
		return number
	}
	return fallback
}

// QueryOf returns the parameters of the address that a struct is read from, in the order of its fields: those with the
// tag query, whose texts are the comments of the source, and those of parts that are [Asking].
func QueryOf(t reflect.Type) (parameters []Parameter) {
	for i := range t.NumField() {
		field := t.Field(i)
		if part, ok := reflect.TypeAssert[Asking](reflect.New(field.Type)); ok {
			parameters = append(parameters, part.Parameters()...)
			continue
		}
		if field.Anonymous && field.Type.Kind() == reflect.Struct {
			parameters = append(parameters, QueryOf(field.Type)...)
		}
		name := field.Tag.Get("query")
		if name == "" {
			continue
		}
		parameter := Parameter{
			Name: name, Text: commentOnField(t, i), Kind: field.Tag.Get("kind"), Required: field.Tag.Get("required") != "",
		}
		if words := field.Tag.Get("enum"); words != "" {
			parameter.Words = strings.Split(words, ",")
		}
		if kind := field.Type.Kind(); kind == reflect.Int || kind == reflect.Int64 {
			parameter.Kind = "integer"
		}
		if fallback := NumberIn(field.Tag, "default", 0); fallback > 0 {
			parameter.Default = fallback
		}
		parameters = append(parameters, parameter)
	}
	return parameters
}
