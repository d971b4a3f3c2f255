package httpx_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

func TestParseObject(t *testing.T) {
	for text, want := range map[string]httpx.Object{
		`{}`:                     {},
		" {\"a\" : 1}\n":         {"a": json.RawMessage("1")},
		`{"a":null,"b":"","":2}`: {"a": json.RawMessage("null"), "b": json.RawMessage(`""`), "": json.RawMessage("2")},
		`{"a":{"x":1},"b":[{"x":1},{"x":2}],"x":1}`: {
			"a": json.RawMessage(`{"x":1}`), "b": json.RawMessage(`[{"x":1},{"x":2}]`), "x": json.RawMessage("1"),
		},
		`{"a":"{\"a\":1,\"a\":2}"}`: {"a": json.RawMessage(`"{\"a\":1,\"a\":2}"`)},
		`{"a":` + nest(63) + `}`:    {"a": json.RawMessage(nest(63))},
	} {
		got, err := httpx.ParseObject([]byte(text))
		if err != nil {
			t.Errorf("ParseObject(%s): %v", text, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ParseObject(%s): %s", text, diff)
		}
	}
}

func TestParseObject_refuses(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", "the request body is empty; send a JSON object"},
		{" \n\t", "the request body is empty; send a JSON object"},
		{"[]", "must be a JSON object, not a list"},
		{`"text"`, "must be a JSON object, not a string"},
		{"12", "must be a JSON object, not a number"},
		{"true", "must be a JSON object, not true or false"},
		{"null", "must be a JSON object, not null"},
		{"team_id=x", "is not valid JSON at byte 1"},
		{`{"a":1`, "is not valid JSON: it ends too early, at byte 6"},
		{`{"a":1,}`, "is not valid JSON at byte 7"},
		{`{"a" 1}`, "is not valid JSON at byte 5"},
		{`{'a':1}`, "is not valid JSON at byte 1"},
		{`{"a":[1,2],"b":NaN}`, "is not valid JSON at byte 15"},
		{`{"a":1} {"b":2}`, "goes on after its JSON object, at byte 8"},
		{`{"a":1}]`, "goes on after its JSON object, at byte 7"},
		{`{"a":1,"b":2,"a":3}`, `gives "a" twice in one object, at byte 16`},
		{`{"a":1,"\u0061":3}`, `gives "a" twice in one object`},
		{`{"a":[{"b":{"c":1,"c":2}}]}`, `gives "c" twice in one object`},
		{"{\"a\":\"\xff\"}", "is not valid UTF-8 at byte 6"},
		{"{\"\xc3\":1}", "is not valid UTF-8 at byte 2"},
		{`{"a":"x\u0000y"}`, "has a NUL character in a text, at byte 15"},
		{`{"x\u0000":1}`, "has a NUL character in a text"},
		{`{"a":` + nest(64) + `}`, "nests deeper than 64 levels, at byte"},
		{strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000), "nests deeper than 64 levels, at byte"},
		{`{"a":` + strings.Repeat("[", 5_000_000), "nests deeper than 64 levels, at byte"},
	} {
		_, err := httpx.ParseObject([]byte(test.text))
		if api.CodeOf(err) != api.Invalid || !strings.Contains(err.Error(), test.want) {
			t.Errorf("ParseObject(%.60q) = %v, want %q", test.text, err, test.want)
		}
	}
}

func nest(levels int) string {
	return strings.Repeat("[", levels) + strings.Repeat("]", levels)
}

func FuzzParseObject(f *testing.F) {
	for _, seed := range []string{
		`{"team_id":"x","max_budget":1.5,"metadata":{"a":[1,{"b":null}]}}`, `{"a":1,"a":2}`, `{"a":"\ud800"}`, "[[[", "",
		`{"a":{}}{`, "{\"\xff\":1}", `{"a":tru`, `{"a":"\u0000"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		object, err := httpx.ParseObject(data)
		if err != nil {
			if api.CodeOf(err) != api.Invalid {
				t.Fatalf("ParseObject(%q): %v is not an error of the caller's", data, err)
			}
			return
		}
		if !json.Valid(data) {
			t.Fatalf("ParseObject(%q) took what is not JSON", data)
		}
		written, err := json.Marshal(object)
		if err != nil {
			t.Fatalf("ParseObject(%q) gave what cannot be written: %v", data, err)
		}
		again, err := httpx.ParseObject(written)
		if err != nil || len(again) != len(object) {
			t.Fatalf("ParseObject(%q) does not read again what it read: %v", data, err)
		}
	})
}
