package provider_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// refusal is a configuration that the plan refuses with an error that matches says.
type refusal struct {
	config string
	says   *regexp.Regexp
}

var declares = regexp.MustCompile(`(?m)^(resource|data|ephemeral) "(\w+)" "(\w+)"|^(output) "(\w+)"`)

// apart gives what the configuration declares names that nobody else has.
func apart(config, suffix string) string {
	for _, found := range declares.FindAllStringSubmatch(config, -1) {
		if found[4] != "" {
			config = strings.ReplaceAll(config, found[0], `output "`+found[5]+suffix+`"`)
			continue
		}
		name := found[2] + "." + found[3]
		config = strings.ReplaceAll(config, found[0], fmt.Sprintf("%s %q %q", found[1], found[2], found[3]+suffix))
		config = regexp.MustCompile(`\b`+regexp.QuoteMeta(name)+`\b`).ReplaceAllString(config, name+suffix)
	}
	return config
}

// refuses makes one plan of all the configurations behind the provider's, and holds Terraform to an error within each. It tells
// all mistakes of a kind at once: those of reading and those of planning come when there are none of validation, so what was
// not refused yet is planned again without the rest.
func refuses(t *testing.T, provider string, refusals ...refusal) {
	t.Helper()
	a := newAcceptance(t)
	for open := refusals; len(open) > 0; {
		text, starts := provider+"\n", []int(nil)
		for i, r := range open {
			starts = append(starts, strings.Count(text, "\n")+1)
			text += strings.TrimRight(apart(r.config, fmt.Sprintf("_%d", i)), "\n") + "\n"
		}
		if err := a.write(text); err != nil {
			t.Fatal(err)
		}
		said, err := a.terraform("plan", "-json")
		if exitCode(err) != 1 {
			t.Fatalf("nothing is refused of:\n%s\n%v", text, err)
		}
		errors := errorsBelow(t, said, starts)
		var left []refusal
		for i, r := range open {
			switch {
			case len(errors[i]) == 0:
				left = append(left, r)
			case !r.says.MatchString(strings.Join(errors[i], "\n")):
				t.Errorf("want %s of\n%s\ngot: %s", r.says, r.config, strings.Join(errors[i], "\n"))
			}
		}
		if len(left) == len(open) {
			t.Fatalf("errors stand elsewhere:\n%s\n%s", text, said)
		}
		open = left
	}
}

// errorsBelow returns the errors of a plan as people read them, by the last of the starts that they are not above.
func errorsBelow(t *testing.T, said string, starts []int) map[int][]string {
	t.Helper()
	errors := map[int][]string{}
	for line := range strings.Lines(said) {
		var message struct {
			Diagnostic struct {
				Severity, Summary, Detail string
				Range                     struct{ Start struct{ Line int } }
				Snippet                   struct{ Code string }
			}
		}
		if err := json.Unmarshal([]byte(line), &message); err != nil {
			t.Fatalf("%s: %s", err, line)
		}
		d := message.Diagnostic
		if d.Severity != "error" {
			continue
		}
		at := -1
		for i, start := range starts {
			if d.Range.Start.Line >= start {
				at = i
			}
		}
		errors[at] = append(errors[at], fmt.Sprintf("Error: %s\n%s\n\n%s\n", d.Summary, d.Snippet.Code, d.Detail))
	}
	return errors
}
