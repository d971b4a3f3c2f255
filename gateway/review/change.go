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
		return d.words()
	}
	if words := d.limitWords(); words != "" {
		return words
	}
	found := d.loosening()
	switch {
	case found.why != "":
		return found.why + o.raisedTo(d)
	case found.share > 0:
		return signed(found.share*100) + " a month"
	}
	_, wasList := d.old.raw.([]any)
	if _, isList := d.new.raw.([]any); isList || wasList {
		return d.moved()
	}
	return d.words()
}

// words are what is said of a change that has no number.
func (d difference) words() string {
	if d.attribute.tells != nil {
		return d.attribute.tells(d)
	}
	if d.attribute.says != "" {
		return d.attribute.says
	}
	return "changes"
}

func (d difference) loosening() loosening {
	if d.attribute.loosens == nil {
		return loosening{}
	}
	return d.attribute.loosens(d)
}

// limitWords compares numbers, and limits that come or go.
func (d difference) limitWords() string {
	before, hadNumber := d.old.number()
	after, hasNumber := d.new.number()
	switch {
	case d.attribute.ordinal:
		return ""
	case hadNumber && hasNumber && before == 0:
		return "was 0"
	case hadNumber && hasNumber:
		return signed((after-before)/before*100) + d.moreMoney()
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
func (d difference) moved() string {
	before, after := d.old.texts(), d.new.texts()
	added, removed := missingIn(before, after), missingIn(after, before)
	switch {
	case added == 0 && removed == 0:
		return "reordered"
	case removed == 0:
		return fmt.Sprintf("+%d", added)
	case added == 0:
		return fmt.Sprintf("-%d", removed)
	default:
		return fmt.Sprintf("+%d, -%d", added, removed)
	}
}

// missingIn counts the entries of a list that the other one does not have.
func missingIn(other, list []string) int {
	n := 0
	for _, entry := range list {
		if !slices.Contains(other, entry) {
			n++
		}
	}
	return n
}

// moreMoney is by how much an amount of money changes, beside the percentage.
func (d difference) moreMoney() string {
	before, errBefore := amountOf(d.old)
	after, errAfter := amountOf(d.new)
	switch {
	case !d.attribute.limit || !d.attribute.money || errBefore != nil || errAfter != nil:
		return ""
	case after > before:
		return " (" + usd(after-before) + " more)"
	default:
		return " (" + usd(before-after) + " less)"
	}
}

// reason is why a change needs approval. One without a difference is about the whole resource or action.
type reason struct {
	address    string
	difference difference
	why        string
}

func (r reason) String() string {
	name := r.difference.attribute.path
	if r.difference.model != "" {
		name += " " + r.difference.model
	}
	return oneLine(strings.TrimSpace(r.address+": "+name) + " " + r.why)
}

func (r reason) remark() remark {
	if r.difference.attribute.path == "" {
		return remark{address: code(r.address), text: r.why}
	}
	return remark{address: code(r.address), text: r.difference.label() + " " + r.why}
}

// exceeds lists the changes of a resource that go beyond the policy.
func exceeds(o object, maxIncreasePct float64) []reason {
	var reasons []reason
	if why := o.loosenedWhole(); why != "" {
		reasons = []reason{{address: o.address, why: why}}
	}
	if o.action != updated && o.action != replaced {
		return reasons
	}
	for _, d := range o.differences() {
		if why := d.exceeds(maxIncreasePct); why != "" {
			reasons = append(reasons, reason{o.address, d, why})
		}
	}
	return reasons
}

func (d difference) exceeds(maxIncreasePct float64) string {
	found := d.loosening()
	switch {
	case found.why != "":
		return found.why
	case found.share*100 <= maxIncreasePct:
		return ""
	case strings.HasSuffix(d.attribute.path, "usd"):
		return "falls so far that money buys more than " + percent(maxIncreasePct) + " more"
	case strings.HasSuffix(d.attribute.path, "budget_duration"):
		return "gives more than " + percent(maxIncreasePct) + " more a month"
	default:
		return "grows by more than " + percent(maxIncreasePct)
	}
}
