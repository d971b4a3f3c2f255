package openapi

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// Event is a message that the gateway sends by itself.
type Event struct {
	Name, Text string
	// Version is the message's.
	Version int
	// Body is a value of the message's type. Its field data carries what always holds, and of the fields that
	// may be left out those of Always and Often.
	Body          any
	Always, Often []string
}

// Schema is what the event's message is called among the schemas, such as EventBudgetSoftLimit.
func (e Event) Schema() string {
	parts := strings.FieldsFunc(e.Name, func(r rune) bool { return r == '.' || r == '_' })
	for i, part := range parts {
		parts[i] = title(part)
	}
	return "Event" + strings.Join(parts, "")
}

// webhooks describes the events, each with a schema of its own.
func (d *describer) webhooks(events []Event) (object, error) {
	hooks := object{}
	for _, event := range events {
		schema, err := d.message(event)
		if err != nil {
			return nil, fmt.Errorf("event %s: %w", event.Name, err)
		}
		d.names[event.Schema()] = named{schema: schema}
		hooks = append(hooks, member{event.Name, object{{"post", object{
			{"operationId", event.Schema()},
			{"tags", []string{"alert route"}},
			{"summary", event.Text},
			{"requestBody", object{{"required", true}, {"content", object{{"application/json", object{{"schema", reference(event.Schema())}}}}}}},
			{"responses", object{{fmt.Sprint(http.StatusOK), object{{"description", "The receiver has the message; any 2xx says so."}}}}},
			{"security", []any{}},
		}}}})
	}
	return hooks, nil
}

// message is the schema of an event's message.
func (d *describer) message(event Event) (object, error) {
	properties, required := object{}, []string{}
	for _, field := range Fields(reflect.TypeOf(event.Body)) {
		schema, err := d.typ(field.Type, answered)
		if err != nil {
			return nil, err
		}
		switch field.Name {
		case "type":
			schema = object{{"const", event.Name}}
		case "version":
			schema = object{{"const", event.Version}}
		case "data":
			if schema, err = d.data(event, field.Type); err != nil {
				return nil, err
			}
		}
		properties = append(properties, member{field.Name, commented(schema, field.Comment)})
		if !field.OmitEmpty {
			required = append(required, field.Name)
		}
	}
	return d.closed(object{{"type", "object"}, {"description", event.Text}, {"properties", properties}, {"required", required}}), nil
}

// data is what a message tells: the fields that every event has, and those of this one.
func (d *describer) data(event Event, t reflect.Type) (object, error) {
	properties, required := object{}, []string{}
	known := map[string]bool{}
	for _, field := range Fields(t) {
		known[field.Name] = true
		always := !field.OmitEmpty || slices.Contains(event.Always, field.Name)
		if !always && !slices.Contains(event.Often, field.Name) {
			continue
		}
		schema, err := d.typ(field.Type, answered)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", field.Name, err)
		}
		if field.Name == "type" {
			schema = object{{"const", event.Name}}
		}
		properties = append(properties, member{field.Name, commented(schema, field.Comment)})
		if always {
			required = append(required, field.Name)
		}
	}
	for _, name := range slices.Concat(event.Always, event.Often) {
		if !known[name] {
			return nil, fmt.Errorf("%s has no field %s", t, name)
		}
	}
	return d.closed(object{{"type", "object"}, {"properties", properties}, {"required", required}}), nil
}

// closed lets an object have no fields besides those described, where that is asked for.
func (d *describer) closed(schema object) object {
	if d.strict {
		schema = append(schema, member{"additionalProperties", false})
	}
	return schema
}
