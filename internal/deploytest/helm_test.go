package deploytest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// The chart's values have a place in its schema and the other way round, and the rules and the dashboard that it brings are
// those of examples/observability.
func TestHelm_valuesAndSchemaAgree(t *testing.T) {
	var values map[string]any
	if err := yaml.Unmarshal([]byte(readExample(t, "helm/bursar/values.yaml")), &values); err != nil {
		t.Fatal(err)
	}
	var schema node
	if err := json.Unmarshal([]byte(readExample(t, "helm/bursar/values.schema.json")), &schema); err != nil {
		t.Fatal(err)
	}
	compareValues(t, "", values, schema)
	for own, other := range map[string]string{"rules.yml": "observability/rules/bursar.yml", "dashboard.json": "observability/grafana/bursar.json"} {
		linked, err := filepath.EvalSymlinks(example("helm/bursar/files/" + own))
		if err != nil || linked != filepath.Clean(example(other)) {
			t.Errorf("%s is %s, %v", own, linked, err)
		}
	}
	templates, err := os.ReadDir(example("helm/bursar/templates"))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, file := range templates {
		text.WriteString(readExample(t, "helm/bursar/templates/"+file.Name()))
	}
	for name := range values {
		if !strings.Contains(text.String(), ".Values."+name) {
			t.Errorf("no template reads %s", name)
		}
	}
}

// node is a part of a JSON schema.
type node struct {
	Type                 any             `json:"type"`
	Properties           map[string]any  `json:"properties"`
	AdditionalProperties json.RawMessage `json:"additionalProperties"`
}

func compareValues(t *testing.T, path string, values map[string]any, schema node) {
	t.Helper()
	if string(schema.AdditionalProperties) != "false" {
		return // anything may stand there
	}
	for name, value := range values {
		described, known := schema.Properties[name]
		if !known {
			t.Errorf("the schema does not have %s%s", path, name)
			continue
		}
		if inner, isMap := value.(map[string]any); isMap {
			var below node
			data, _ := json.Marshal(described)
			if err := json.Unmarshal(data, &below); err != nil {
				t.Fatal(err)
			}
			compareValues(t, path+name+".", inner, below)
		}
	}
	for name := range schema.Properties {
		if _, known := values[name]; !known && name != "global" {
			t.Errorf("the values do not have %s%s", path, name)
		}
	}
}
