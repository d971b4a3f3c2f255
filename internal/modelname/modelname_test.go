package modelname_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/bursarhq/terraform-provider-bursar/internal/modelname"
)

func TestCheck(t *testing.T) {
	for name, problem := range map[string]string{
		"gpt-4.1": "", "acme/*": "", "claude-*": "", "*": "",
		"": "is empty", " ": "is empty", "acme/**": "more than one", "*x*": "more than one",
		"a*b": "not at its end", "*-mini": "not at its end",
	} {
		err := modelname.Check(name)
		if (err == nil) != (problem == "") || err != nil && !strings.Contains(err.Error(), problem) {
			t.Errorf("Check(%q) = %v, want %q", name, err, problem)
		}
	}
}

func TestGrantsAndBinds(t *testing.T) {
	for _, c := range []struct {
		entry, name   string
		grants, binds bool
	}{
		{"gpt-4.1", "gpt-4.1", true, true},
		{"gpt-4.1", "GPT-4.1", false, true},
		{"gpt-4*", "gpt-4.1", true, true},
		{"gpt-4*", "GPT-4.1", false, true},
		{"gpt-4*", "gpt-4*", false, true},
		{"gpt-4*", "gpt-4", true, true},
		{"acme/*", "acme/", false, true},
		{"gpt-4*", "gpt-3", false, false},
		{"*", "/v1/rerank", false, true},
		{"*", "gpt 4", false, true},
		{"/v1/rerank/*", "/v1/rerank/*", true, true},
		{"acme/*", "acme/small", true, true},
		{"acme/*", "acmesmall", false, false},
	} {
		if got := modelname.Grants(c.entry, c.name); got != c.grants {
			t.Errorf("Grants(%q, %q) = %v", c.entry, c.name, got)
		}
		if got := modelname.Binds(c.entry, c.name); got != c.binds {
			t.Errorf("Binds(%q, %q) = %v", c.entry, c.name, got)
		}
	}
}

func TestWhatIsPassedOn(t *testing.T) {
	for _, c := range []struct{ name, upstream, asked, passed string }{
		{"acme/*", "", "acme/small", "small"},
		{"claude-*", "", "claude-sonnet-4-5", "claude-sonnet-4-5"},
		{"*", "", "gpt-4.1", "gpt-4.1"},
		{"acme/*", "acme/*", "acme/small", "acme/small"},
		{"acme/*", "fixed", "acme/small", "fixed"},
	} {
		upstream := c.upstream
		if upstream == "" {
			upstream = modelname.Upstream(c.name)
		}
		rest, matches := modelname.Rest(c.name, c.asked)
		if got := modelname.Fill(upstream, rest); !matches || got != c.passed {
			t.Errorf("%s to %q: %q is asked for as %q, want %q", c.name, c.upstream, c.asked, got, c.passed)
		}
	}
}

// What may be used is never outside what a limit with the same entry binds, and a wider list grants it too.
func TestAGrantIsAlwaysBound(t *testing.T) {
	entries, names := rapid.StringMatching(`[aA]?[bB/]?\*?`), rapid.StringMatching(`[aA]?[bB/]?[aA*]?`)
	rapid.Check(t, func(rt *rapid.T) {
		entry, wider, name := entries.Draw(rt, "entry"), entries.Draw(rt, "wider"), names.Draw(rt, "name")
		if !modelname.Grants(entry, name) {
			return
		}
		if !modelname.Binds(entry, name) {
			rt.Fatalf("%q grants %q and does not bind it", entry, name)
		}
		if modelname.Covers(wider, entry) && !modelname.Grants(wider, name) {
			rt.Fatalf("%q covers %q and does not grant %q", wider, entry, name)
		}
	})
}
