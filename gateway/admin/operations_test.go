package admin_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin"
	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
)

// needed are fields that a route wants before it looks at the others, where the description does not say so.
var needed = map[string]string{
	"/key/rotate": `"key":"a"`, "/key/regenerate": `"key":"a"`, "/key/delete": `"keys":["a"]`, "/budget/delete": `"id":"a"`,
	"/model/update": `"model_id":"a"`, "/model/delete": `"id":"a"`,
	"/team/member_add": `"member":{"user_id":"a"}`, "/team/bulk_member_add": `"members":[{"user_id":"a"}]`,
	"/team/member_update": `"user_id":"a"`, "/team/member_delete": `"user_id":"a"`, "/user/update": `"user_id":"a"`,
	"/team/permissions_update": `"team_member_permissions":[]`, "/budget/reset": `"budget_id":"a"`, "/budget/opening": `"budget_id":"a","opening_id":"a","spend":0`, "/usage/bring": `"origin":"a","day":"2026-01-02"`, "/alert/silence": `"until":"2026-01-02T15:04:05Z"`,
}

// The fields that a route describes are exactly those that it reads: each is tried on every route, and a route
// names those that it does not know.
func TestOperations_describeTheFieldsThatAreRead(t *testing.T) {
	g := newGateway(t)
	everything := map[string]bool{}
	for _, operation := range admin.Operations() {
		maps.Copy(everything, described(operation))
	}
	checked := 0
	for _, operation := range admin.Operations() {
		if operation.Method != http.MethodPost || operation.Body == nil {
			continue
		}
		fields, unknown := described(operation), map[string]bool{}
		for chunk := range slices.Chunk(slices.Sorted(maps.Keys(everything)), 30) {
			got := g.post(strings.ReplaceAll(operation.Path, "{key}", "a")+"?strict=true", attempt(operation, chunk))
			_, list, found := strings.Cut(got.text, "unknown fields, refused because of strict=true: ")
			if got.status != http.StatusBadRequest || !found {
				t.Errorf("%s: %s; what does it want first?", operation.Pattern(), got.text)
				break
			}
			list, _, _ = strings.Cut(list, `"`)
			for name := range strings.SplitSeq(list, ", ") {
				unknown[name] = true
			}
		}
		if len(unknown) == 0 {
			continue
		}
		checked++
		for name := range everything {
			if inPath := strings.Contains(operation.Path, "{"+name+"}"); fields[name] == unknown[name] && !inPath {
				t.Errorf("%s: field %s is described: %v, unknown: %v", operation.Pattern(), name, fields[name], unknown[name])
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d routes were checked", checked)
	}
}

// described are the fields of an operation's body.
func described(operation openapi.Operation) map[string]bool {
	names := map[string]bool{}
	if operation.Body == nil {
		return names
	}
	for _, field := range openapi.Fields(reflect.TypeOf(operation.Body)) {
		names[field.Name] = true
	}
	return names
}

// attempt is a body with what the operation requires, the fields given as null, and one that nobody knows.
func attempt(operation openapi.Operation, names []string) string {
	body := map[string]json.RawMessage{"surplus": json.RawMessage("1")}
	for _, name := range names {
		body[name] = json.RawMessage("null")
	}
	for _, field := range openapi.Fields(reflect.TypeOf(operation.Body)) {
		if field.Tag.Get("required") != "" {
			body[field.Name] = sample(field.Type)
		}
	}
	var more map[string]json.RawMessage
	if json.Unmarshal([]byte("{"+needed[operation.Path]+"}"), &more) == nil {
		maps.Copy(body, more)
	}
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func sample(t reflect.Type) json.RawMessage {
	switch {
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		return json.RawMessage(`[{}]`)
	case t.Kind() == reflect.Slice:
		return json.RawMessage(`["a"]`)
	default:
		return json.RawMessage(`"a"`)
	}
}
