package app_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
)

// guideRow is a row such as: | `POST /team/new` | superset | … |.
var guideRow = regexp.MustCompile("(?m)^\\| `([A-Z]+ /[^`]*)` \\| ([a-z ]+) \\|")

// The guide says of every route of these nouns whether it is there, and it is right.
func TestLiteLLMGuide_isTrue(t *testing.T) {
	text, err := os.ReadFile("../../templates/guides/litellm-compatibility.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, row := range guideRow.FindAllStringSubmatch(string(text), -1) {
		if said[row[1]] != "" {
			t.Errorf("%s is there twice", row[1])
		}
		said[row[1]] = row[2]
	}
	if len(said) < 60 {
		t.Fatalf("the guide has %d routes", len(said))
	}
	there := map[string]bool{}
	for _, operation := range app.Operations() {
		there[operation.Pattern()] = true
	}
	for route, answer := range said {
		switch answer {
		case "same", "superset", "different", "ours":
			if !there[route] {
				t.Errorf("the guide calls %s %q, and it is not there", route, answer)
			}
		case "not there":
			if there[route] {
				t.Errorf("the guide says that %s is not there, and it is", route)
			}
		default:
			t.Errorf("%s is %q, which the guide does not explain", route, answer)
		}
	}
	for route := range there {
		_, path, _ := strings.Cut(route, " ")
		for _, noun := range []string{"/team/", "/v2/team/", "/key/", "/v2/key/", "/budget/", "/user/", "/model/", "/spend/", "/global/"} {
			if strings.HasPrefix(path, noun) && said[route] == "" {
				t.Errorf("the guide says nothing of %s", route)
			}
		}
	}
}
