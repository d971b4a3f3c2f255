// Package modelname says what a name of a model stands for: itself, or, when it ends with a star, every
// name that begins with what comes before the star.
//
// It promises that everything that compares names of models, in lists, limits, pots and deployments,
// means the same by a pattern. It must never know of teams, keys or deployments.
package modelname

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// star ends a pattern.
const star = "*"

// Check says what is wrong with a name or pattern; nil is nothing.
func Check(name string) error {
	before, found := strings.CutSuffix(name, star)
	switch {
	case strings.TrimSpace(name) == "":
		return errors.New("is empty; it must be a name such as gpt-4.1, or a pattern such as acme/*")
	case strings.Contains(before, star) && found:
		return fmt.Errorf("%q holds more than one *; a pattern has one, at its end, such as acme/*", name)
	case strings.Contains(before, star):
		return fmt.Errorf("%q holds a * that is not at its end; a pattern has one, at its end, such as acme/*", name)
	}
	return nil
}

// IsPattern says whether the name stands for others. A path is a route that is passed on and never a pattern.
func IsPattern(name string) bool {
	return strings.HasSuffix(name, star) && !strings.HasPrefix(name, "/")
}

// Rest is what the star of the pattern stands for in a name that a client asks for; false when the
// pattern does not match. The star may stand for nothing, as in gpt-4.1* for gpt-4.1, unless a slash comes before
// it, and never for what no model is called by.
func Rest(pattern, name string) (rest string, matches bool) {
	if !IsPattern(pattern) || strings.HasPrefix(name, "/") {
		return "", false
	}
	before := pattern[:len(pattern)-len(star)]
	rest, matches = strings.CutPrefix(name, before)
	empty := rest == "" && (before == "" || strings.HasSuffix(before, "/"))
	if !matches || empty || strings.ContainsFunc(name, strange) || climbs(name) {
		return "", false
	}
	return rest, true
}

// climbs says whether a name has a step of a path that leads elsewhere: some providers have the name in their addresses.
func climbs(name string) bool {
	return slices.ContainsFunc(strings.Split(name, "/"), func(step string) bool { return step == "." || step == ".." })
}

// strange are characters that no name of a model has; the star would make a pattern of the name.
func strange(r rune) bool { return r <= ' ' || r > '~' || r == '*' }

// Fill puts what the star of a pattern stood for in place of the star of another; a name without one stays.
func Fill(pattern, rest string) string {
	if before, found := strings.CutSuffix(pattern, star); found {
		return before + rest
	}
	return pattern
}

// Upstream is what a provider is asked for when an operator says no more than the deployment's name:
// the name as it is, but for acme/* what comes after the slash, because acme names the provider.
func Upstream(name string) string {
	if IsPattern(name) && strings.HasSuffix(name, "/*") {
		return star
	}
	return name
}

// Grants says whether an entry of a list of allowed models stands for the name. It minds upper and lower
// case: what is allowed is what is written.
func Grants(entry, name string) bool {
	if entry == name {
		return !IsPattern(entry)
	}
	_, matches := Rest(entry, name)
	return matches
}

// Binds says whether an entry of a limit or pot stands for the name. It does not mind upper and lower case,
// as some providers do not: another spelling is no way around a limit.
func Binds(entry, name string) bool {
	before, pattern := strings.CutSuffix(entry, star)
	if !pattern || strings.HasPrefix(entry, "/") {
		return strings.EqualFold(entry, name)
	}
	return len(name) >= len(before) && strings.EqualFold(before, name[:len(before)])
}

// Covers says whether every name that an entry grants is granted by another entry.
func Covers(wider, entry string) bool {
	if wider == entry {
		return true
	}
	if !IsPattern(entry) {
		return Grants(wider, entry)
	}
	return IsPattern(wider) && strings.HasPrefix(entry, wider[:len(wider)-len(star)])
}

// Meets says whether some name may be granted by both entries.
func Meets(a, b string) bool { return Covers(a, b) || Covers(b, a) }

// Names are all that one model is called by.
type Names struct {
	// Name is the real one, by which calls are counted and recorded.
	Name string
	// Aliases are other names that clients may ask for it by.
	Aliases []string
	// Groups are the access groups that it belongs to.
	Groups []string
}

// GrantedBy says whether an entry of a list of allowed models stands for the model when it is asked for
// by one of its names.
func (n *Names) GrantedBy(entry, asked string) bool {
	return Grants(entry, n.Name) || asked != n.Name && Grants(entry, asked) || slices.Contains(n.Groups, entry)
}

// BoundBy says whether an entry of a limit or pot stands for the model, by whatever name it is asked for.
func (n *Names) BoundBy(entry string) bool {
	named := func(name string) bool { return Binds(entry, name) }
	return named(n.Name) || slices.ContainsFunc(n.Aliases, named) || slices.Contains(n.Groups, entry)
}
