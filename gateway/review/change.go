package review

import (
	"fmt"
	"slices"
	"strings"
)

// change says in a few words what a difference is.
func (o object) change(d difference) string {
	if o.action == created {
		return "new " + o.kind.noun
	}
	if d.old.sensitive || d.new.sensitive || d.new.unknown {
		return "changes"
	}
	if words := d.limitWords(); words != "" {
		return words
	}
	if _, list := d.new.raw.([]any); list || d.old.raw != nil {
		if added, removed := d.moved(); added+removed > 0 {
			return fmt.Sprintf("+%d, -%d", added, removed)
		}
	}
	return "changes"
}

// limitWords compares numbers, and limits that come or go.
func (d difference) limitWords() string {
	before, hadNumber := d.old.number()
	after, hasNumber := d.new.number()
	switch {
	case hadNumber && hasNumber && before == 0:
		return "was 0"
	case hadNumber && hasNumber:
		return signed((after - before) / before * 100)
	case d.attribute.limit && d.old.empty():
		return "limit added"
	case d.attribute.limit && d.new.empty():
		return "limit removed"
	default:
		return ""
	}
}

func signed(number float64) string {
	if number > 0 {
		return "+" + percent(number)
	}
	return percent(number)
}

// moved counts the entries that a list gained and lost.
func (d difference) moved() (added, removed int) {
	before, after := d.old.texts(), d.new.texts()
	for _, name := range after {
		if !slices.Contains(before, name) {
			added++
		}
	}
	for _, name := range before {
		if !slices.Contains(after, name) {
			removed++
		}
	}
	return added, removed
}

// exceeds lists, in plain text, the changes of a resource that go beyond the policy.
func exceeds(o object, maxIncreasePct float64) []string {
	if maxIncreasePct <= 0 || (o.action != updated && o.action != replaced) {
		return nil
	}
	var reasons []string
	for _, d := range o.differences() {
		if why := d.exceeds(maxIncreasePct); why != "" {
			reasons = append(reasons, oneLine(strings.Join([]string{o.address, d.attribute.path, d.model, why}, " ")))
		}
	}
	return reasons
}

func (d difference) exceeds(maxIncreasePct float64) string {
	if d.attribute.path == "hard_cap" && d.old.raw != false && d.new.raw != true {
		return "no longer refuses at the cap"
	}
	if !d.attribute.limit || d.old.empty() {
		return ""
	}
	before, _ := d.old.number()
	after, known := d.new.number()
	switch {
	case d.new.unknown || d.new.sensitive:
		return "is not known before it is applied"
	case d.new.empty():
		return "is removed"
	case known && (after-before)*100 > maxIncreasePct*before:
		return "grows by more than " + percent(maxIncreasePct)
	default:
		return ""
	}
}
