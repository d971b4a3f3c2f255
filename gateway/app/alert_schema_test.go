package app_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// Every event has a schema in the description of the API.
func TestAlertSchemas_ofEveryEvent(t *testing.T) {
	var kinds []string
	for _, kind := range api.AlertKinds {
		kinds = append(kinds, kind.Event)
		eventSchema(t, kind.Event)
	}
	if want := append(slices.Clone(api.Events), api.EventTest); !slices.Equal(kinds, want) {
		t.Errorf("described are %q, want %q", kinds, want)
	}
}

// strictSchemas compiles the description, where no object has more fields than are described.
var strictSchemas = sync.OnceValues(func() (*jsonschema.Compiler, error) {
	text, err := app.StrictDescription()
	if err != nil {
		return nil, err
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	return compiler, compiler.AddResource("mem:///openapi.json", document)
})

// compiling is held by the one that compiles.
var compiling sync.Mutex

func eventSchema(t *testing.T, event string) *jsonschema.Schema {
	t.Helper()
	compiling.Lock()
	defer compiling.Unlock()
	compiler, err := strictSchemas()
	if err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("mem:///openapi.json#/components/schemas/" + app.EventSchema(event))
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// checkSchemas wants each message that a webhook took to be of the form that is described of its event.
func checkSchemas(t *testing.T, receiver *testenv.Webhook) {
	t.Helper()
	for _, delivery := range receiver.Deliveries() {
		var message struct{ Type string }
		if err := json.Unmarshal(delivery.Body, &message); err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(delivery.Body))
		if err != nil {
			t.Fatal(err)
		}
		if err := eventSchema(t, message.Type).Validate(value); err != nil {
			t.Errorf("%v\n%s", err, delivery.Body)
		}
	}
}
