package openapi_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/gateway/openapi"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

type inner struct {
	Shadowed string `json:"shadowed"`
	Kept     *int64 `json:"kept,omitempty"`
}

type sample struct {
	inner
	Shadowed []inner         `json:"shadowed"`
	Amount   *money.Nano     `json:"amount"`
	At       time.Time       `json:"at" required:"true"`
	Names    api.StringList  `json:"names"`
	Plain    []string        `json:"plain"`
	Word     string          `json:"word" enum:"a,b"`
	Any      json.RawMessage `json:"any"`
	Cap      bool            `json:"cap" default:"true"`
	Hidden   string          `json:"-"`
}

// schemas describes one operation and returns the components.
func schemas(t *testing.T, operation openapi.Operation) map[string]json.RawMessage {
	t.Helper()
	document, err := openapi.Document(openapi.Info{Title: "T"}, []openapi.Operation{operation})
	if err != nil {
		t.Fatal(err)
	}
	var read struct {
		Components struct {
			Schemas map[string]json.RawMessage `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(document, &read); err != nil {
		t.Fatal(err)
	}
	return read.Components.Schemas
}

func compact(t *testing.T, text json.RawMessage) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestDocument_answers(t *testing.T) {
	got := schemas(t, openapi.Operation{Method: "GET", Path: "/x", Answer: sample{}})
	want := `{"type":"object","properties":{
		"kept":{"type":["integer","null"]},
		"shadowed":{"type":"array","items":{"$ref":"#/components/schemas/Inner"}},
		"amount":{"type":["number","null"],"description":"An amount in USD, exact to nine decimals."},
		"at":{"type":"string","format":"date-time"},
		"names":{"type":"array","items":{"type":"string"}},
		"plain":{"type":["array","null"],"items":{"type":"string"}},
		"word":{"type":"string","enum":["a","b"]},
		"any":{"type":["object","array","string","number","boolean","null"]},
		"cap":{"type":"boolean"}
	},"required":["shadowed","amount","at","names","plain","word","any","cap"]}`
	if diff := cmp.Diff(compact(t, json.RawMessage(want)), compact(t, got["Sample"])); diff != "" {
		t.Error(diff)
	}
}

func TestDocument_requests(t *testing.T) {
	got := schemas(t, openapi.Operation{Method: "POST", Path: "/x", Body: sample{}})
	want := `{"type":"object","properties":{
		"kept":{"type":["integer","null"]},
		"shadowed":{"type":["array","null"],"items":{"$ref":"#/components/schemas/InnerRequest"}},
		"amount":{"type":["number","null"],"description":"An amount in USD, exact to nine decimals."},
		"at":{"type":"string","format":"date-time"},
		"names":{"type":["array","null"],"items":{"type":"string"}},
		"plain":{"type":["array","null"],"items":{"type":"string"}},
		"word":{"type":["string","null"],"enum":["a","b",null]},
		"any":{"type":["object","array","string","number","boolean","null"]},
		"cap":{"type":["boolean","null"],"default":true}
	},"required":["at"]}`
	if diff := cmp.Diff(compact(t, json.RawMessage(want)), compact(t, got["SampleRequest"])); diff != "" {
		t.Error(diff)
	}
}

func TestDocument_saysWhatTheSourceSays(t *testing.T) {
	team := string(schemas(t, openapi.Operation{Method: "GET", Path: "/x", Answer: api.Team{}})["Team"])
	for _, want := range []string{
		"Team is a group of keys that shares limits and a budget.", "`budget_id` names a budget whose terms the team takes",
		"as a share of `max_budget`", "Null is unlimited",
	} {
		if !strings.Contains(team, want) {
			t.Errorf("lacks %q: %s", want, team)
		}
	}
}

func TestDocument_refuses(t *testing.T) {
	one := openapi.Operation{Method: "GET", Path: "/x"}
	if _, err := openapi.Document(openapi.Info{}, []openapi.Operation{one, one}); err == nil {
		t.Error("a route is described twice")
	}
	one.Answer = make(chan int)
	if _, err := openapi.Document(openapi.Info{}, []openapi.Operation{one}); err == nil {
		t.Error("a channel is described")
	}
}

func TestDocument_twoTypesOfOneName(t *testing.T) {
	type sample struct {
		Other string `json:"other"`
	}
	got := schemas(t, openapi.Operation{Method: "GET", Path: "/x", Answer: openapi.Either{outer(), sample{}}})
	if len(got) != 3+2 || !strings.Contains(string(got["Openapi_testSample"]), "other") {
		t.Errorf("%d schemas: %s", len(got), got["Openapi_testSample"])
	}
}

func outer() any { return sample{} }

func TestDocument_codesByStatus(t *testing.T) {
	document, err := openapi.Document(openapi.Info{}, []openapi.Operation{{
		Method: "POST", Path: "/x/{id}", Body: inner{}, Revised: true, Errors: []api.Code{api.AlreadyExists},
	}})
	if err != nil {
		t.Fatal(err)
	}
	var read struct {
		Paths map[string]map[string]struct {
			Parameters []struct {
				Name string `json:"name"`
				Ref  string `json:"$ref"`
			} `json:"parameters"`
			Responses map[string]struct {
				Types []string `json:"x-error-types"`
			} `json:"responses"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(document, &read); err != nil {
		t.Fatal(err)
	}
	got := read.Paths["/x/{id}"]["post"]
	want := []string{string(api.AlreadyExists), string(api.Invalid)}
	if diff := cmp.Diff(want, got.Responses["400"].Types); diff != "" {
		t.Error(diff)
	}
	if len(got.Responses) != 12 || got.Parameters[0].Name != "id" || got.Parameters[1].Ref != "#/components/parameters/If-Match" {
		t.Errorf("%+v", got)
	}
}
