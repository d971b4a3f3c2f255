// Package openapi writes the description of the gateway's HTTP API in OpenAPI 3.1 and serves it with a
// page to read it.
//
// It promises that the description follows from the Go types that requests are read into and answers are
// written from, and from the comments that stand on their fields. It must never know what an operation does.
package openapi

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Operation describes one route.
type Operation struct {
	// Method and Path are the route's, as in "POST /key/{key}/regenerate".
	Method, Path string
	// Tag is the heading that the operation stands under.
	Tag string
	// Summary is one line, Description what else there is to know, in Markdown.
	Summary, Description string
	// Query are the parameters that the address may carry.
	Query []Parameter
	// Body is a value of the type that the request's JSON fits; nil is no body.
	// Fields with the tag required:"true" must be there, all others may be left out or null.
	Body any
	// BodyOptional says that the body may be left out.
	BodyOptional bool
	// Answer is a value of the type that is answered with status 200 as JSON.
	Answer any
	// Unwell is a value of the type that is answered with status 503 in place of an error; nil is none.
	Unwell any
	// Media are the other media types that the answer can have.
	Media []string
	// Errors are the codes that the operation refuses with, besides those that every operation has.
	Errors []api.Code
	// Statuses are those of codes that this operation answers with another status than others do.
	Statuses map[api.Code]int
	// Refusal is a value of the type that refusals have; nil is [api.ErrorBody].
	Refusal any
	// Public operations need no key.
	Public bool
	// Changes says that the operation writes: it takes the headers about who and why.
	Changes bool
	// Revised says that the operation obeys If-Match.
	Revised bool
	// Repeatable says that the operation obeys Idempotency-Key.
	Repeatable bool
}

// Parameter is a parameter of the address.
type Parameter struct {
	Name string
	// Text says what it does.
	Text string
	// Kind is string (also when empty), integer, number, boolean or date.
	Kind string
	// Words are the values it may have; none is any.
	Words    []string
	Required bool
	Default  any
}

// Info is what the description says about the API as a whole.
type Info struct {
	Title, Version, Description string
	// Tags are the headings in their order, with a sentence each.
	Tags []Tag
	// Events are what the gateway tells by itself.
	Events []Event
}

// Tag is a heading.
type Tag struct{ Name, Text string }

// Pattern is the route as [net/http.ServeMux] takes it.
func (o Operation) Pattern() string { return o.Method + " " + o.Path }

// Document returns the description as indented JSON. Operations may come in any order. It fails when two
// operations have the same route, when two types would share a name, or when a type cannot be described.
func Document(info Info, operations []Operation) ([]byte, error) {
	return document(info, operations, false)
}

// StrictDocument is [Document] with objects that have no fields besides those described, for tests
// that look for fields which are answered and not described.
func StrictDocument(info Info, operations []Operation) ([]byte, error) {
	return document(info, operations, true)
}

func document(info Info, operations []Operation, strict bool) ([]byte, error) {
	d := &describer{strict: strict, names: map[string]named{}}
	paths, err := d.paths(operations)
	if err != nil {
		return nil, err
	}
	webhooks, err := d.webhooks(info.Events)
	if err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(object{
		{"openapi", "3.1.0"},
		{"info", object{
			{"title", info.Title},
			{"version", info.Version},
			{"description", info.Description},
			{"license", object{{"name", "MPL-2.0"}, {"identifier", "MPL-2.0"}}},
		}},
		{"servers", []any{object{{"url", "/"}}}},
		{"security", []any{object{{"bearer", []any{}}}, object{{"x-api-key", []any{}}}, object{{"API-Key", []any{}}}}},
		{"tags", tags(info.Tags)},
		{"paths", paths},
		{"webhooks", webhooks},
		{"components", object{
			{"securitySchemes", securitySchemes()},
			{"parameters", headerParameters()},
			{"schemas", d.components()},
		}},
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the description of the API: %w", err)
	}
	return append(text, '\n'), nil
}

func tags(tags []Tag) []any {
	list := make([]any, len(tags))
	for i, tag := range tags {
		list[i] = object{{"name", tag.Name}, {"description", tag.Text}}
	}
	return list
}

// paths groups the operations by path, in the order of their paths.
func (d *describer) paths(operations []Operation) (object, error) {
	operations = slices.Clone(operations)
	slices.SortStableFunc(operations, func(a, b Operation) int {
		return compare(a.Path+" "+a.Method, b.Path+" "+b.Method)
	})
	var paths object
	for i, operation := range operations {
		if i > 0 && operations[i-1].Pattern() == operation.Pattern() {
			return nil, fmt.Errorf("%s is described twice", operation.Pattern())
		}
		described, err := d.operation(operation)
		if err != nil {
			return nil, fmt.Errorf("describe %s: %w", operation.Pattern(), err)
		}
		entry := member{lowerMethod(operation.Method), described}
		if last := len(paths) - 1; last >= 0 && paths[last].name == operation.Path {
			if siblings, ok := paths[last].value.(object); ok {
				paths[last].value = append(siblings, entry)
				continue
			}
		}
		paths = append(paths, member{operation.Path, object{entry}})
	}
	return paths, nil
}
