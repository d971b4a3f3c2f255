package export

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// hard are texts that break what writes configuration by pasting.
var hard = []string{
	"", "plain", `a "b"`, `\`, "${a}", "%{if b}", "$${c}", "%%{d}", "$", "%", "${", "line\nline\r\n\t", "\u0001\u007f\u0085\u2028\ufeff", "e\u0301", "日本 🙂", "<<EOT\nx\nEOT\n", "# //", "for", "null",
}

func evaluated(t *testing.T, text string) cty.Value {
	t.Helper()
	expression, diags := hclsyntax.ParseExpression([]byte(text), "x.tf", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%s\n%s", diags, text)
	}
	value, diags := expression.Value(nil)
	if diags.HasErrors() {
		t.Fatalf("%s\n%s", diags, text)
	}
	return value
}

func FuzzQuoted_readsBackAsTheText(f *testing.F) {
	for _, text := range hard {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return // the gateway takes no such text
		}
		if got := evaluated(t, quoted(text)); !got.RawEquals(cty.StringVal(text)) {
			t.Errorf("%q is written as %s and read as %#v", text, quoted(text), got)
		}
	})
}

func FuzzFromJSON_readsBackAsTheValue(f *testing.F) {
	for _, text := range []string{
		`{"for": 1, "null": null, "a b": [1, 2.5, {"x": "${y}"}], "é": -1e300}`, `[]`, `{}`, `"a\nb"`, `-0`, `12345678901234567890.123`, `1E+5`, `true`, `{"": ""}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !json.Valid([]byte(text)) || !utf8.ValidString(text) || strings.Contains(text, `\u`) {
			return // escapes may make half of a character
		}
		implied, err := ctyjson.ImpliedType([]byte(text))
		if err != nil {
			return // a number that Terraform cannot hold, or a name twice
		}
		want, err := ctyjson.Unmarshal([]byte(text), implied)
		if err != nil {
			t.Fatal(err)
		}
		if got := evaluated(t, fromJSON([]byte(text))); !got.RawEquals(want) {
			t.Errorf("%s is written as %s and read as %#v, want %#v", text, fromJSON([]byte(text)), got, want)
		}
	})
}

func FuzzNamed_givesEachAnAddressOfItsOwn(f *testing.F) {
	f.Add("a b,a-b,a_b_2,A.B,4x,日本,/,_,for,team,teams,team_2")
	f.Add(strings.Join(hard, ","))
	f.Fuzz(func(t *testing.T, ids string) {
		if !utf8.ValidString(ids) {
			return
		}
		var objects []object
		seen := map[string]bool{}
		for id := range strings.SplitSeq(ids, ",") {
			if !seen[id] {
				seen[id] = true
				team := api.NewTeam(id)
				team.Blocked = len(id)%2 == 0 // two shapes
				objects = append(objects, (&estate{}).teamObject(team))
			}
		}
		resources := grouped(objects)
		known := named(resources)
		names, addresses, count := map[string]bool{}, map[string]bool{}, 0
		for _, r := range resources {
			if !hclsyntax.ValidIdentifier(r.name) || names[r.name] {
				t.Errorf("%q is no name, or taken", r.name)
			}
			names[r.name] = true
			count += len(r.objects)
		}
		for _, address := range known {
			addresses[address] = true
		}
		if count != len(objects) || len(addresses) != len(objects) {
			t.Errorf("%d objects have %d addresses in %d places", len(objects), len(addresses), count)
		}
	})
}
