package policy

import (
	"encoding/json"
	"fmt"
)

// Schema is the JSON schema of a quota-policy.yaml, for editors: what it takes, Read takes, but for expressions that make
// no sense. It is made of the conditions that there are.
func Schema() ([]byte, error) {
	type object = map[string]any
	text := object{"type": "string", "minLength": 1}
	when := object{}
	for name, kind := range conditions {
		switch kind.kind {
		case kindNumber:
			when[name] = object{"type": "number", "minimum": 0}
		case kindFlag:
			when[name] = object{"const": true}
		case kindText:
			when[name] = object{"type": "string", "pattern": `\S`, "description": "An expression in CEL that is true or false, https://cel.dev."}
		}
	}
	not := func(field, then string, outcomes ...Outcome) object {
		return object{"if": object{"properties": object{"then": object{"enum": outcomes}}}, "then": object{"properties": object{field: object{"maxItems": 0}}}, "$comment": then}
	}
	rule := object{
		"type": "object", "additionalProperties": false, "required": []string{"name", "when", "then"},
		"properties": object{
			"name": object{"type": "string", "minLength": 1, "description": "What reviewers read."},
			"when": object{"type": "object", "additionalProperties": false, "minProperties": 1, "maxProperties": 1, "properties": when, "description": "One condition."},
			"then": object{"enum": outcomes, "description": "What comes of it."},
			"by": object{"type": "array", "items": text, "description": "Who approves. \"owners\" stands for the owners in the team's metadata; " +
				"whom the host knows by @name or @group/name is asked to review by --post."},
			"labels": object{"type": "array", "items": object{"type": "string", "pattern": `^[^,]*[^,\s][^,]*$`}, "description": "Labels that --post sets while the rule holds."},
		},
		"allOf": []object{
			not("by", "by is for approval", Pass, Warn),
			not("labels", "labels are for what does not pass", Pass),
		},
	}
	schema, err := json.MarshalIndent(object{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "quota-policy.yaml of bursar review",
		"type": "object", "additionalProperties": false, "required": []string{"rules"},
		"properties": object{"rules": object{"type": "array", "minItems": 1, "items": rule}},
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the schema: %w", err)
	}
	return append(schema, '\n'), nil
}
