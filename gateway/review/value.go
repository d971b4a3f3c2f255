package review

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
)

// value is one attribute on one side of a plan.
type value struct {
	raw       any // nil is null
	unknown   bool
	sensitive bool
}

// at looks an attribute up by its path, such as "on_soft_limit.reduce_rpm_pct".
func (s side) at(path string) value {
	values, unknown, sensitive := s.values, s.unknown, s.sensitive
	for name := range strings.SplitSeq(path, ".") {
		values, unknown, sensitive = member(values, name), mark(unknown, name), mark(sensitive, name)
	}
	return value{raw: values, unknown: anyTrue(unknown), sensitive: anyTrue(sensitive)}
}

// member is a field of an object, or nil.
func member(from any, name string) any {
	object, _ := from.(map[string]any)
	return object[name]
}

// mark is the mark of a field: true for an object means true for all it holds.
func mark(marks any, name string) any {
	if whole, _ := marks.(bool); whole {
		return true
	}
	return member(marks, name)
}

// anyTrue says whether anything within is marked. A list of which one entry is marked counts whole.
func anyTrue(marks any) bool {
	switch marks := marks.(type) {
	case bool:
		return marks
	case []any:
		return slices.ContainsFunc(marks, anyTrue)
	case map[string]any:
		for _, each := range marks {
			if anyTrue(each) {
				return true
			}
		}
	}
	return false
}

// same says whether two known values are equal; 100 and 100.0 are.
func (v value) same(other value) bool {
	if v.unknown || other.unknown {
		return false
	}
	a, isNumber := v.number()
	b, bothNumbers := other.number()
	if isNumber && bothNumbers {
		return a == b
	}
	return reflect.DeepEqual(v.raw, other.raw) || (v.empty() && other.empty())
}

// number is the value as a number; it is for comparing, not for money.
func (v value) number() (float64, bool) {
	text, ok := v.raw.(json.Number)
	if !ok || v.unknown {
		return 0, false
	}
	number, err := text.Float64()
	return number, err == nil && !math.IsInf(number, 0)
}

// empty says whether the value is null or holds nothing.
func (v value) empty() bool {
	switch raw := v.raw.(type) {
	case nil:
		return !v.unknown
	case []any:
		return len(raw) == 0
	case map[string]any:
		return len(raw) == 0
	default:
		return false
	}
}

func (v value) text() string {
	text, _ := v.raw.(string)
	return text
}

// texts are the entries of a list as text.
func (v value) texts() []string {
	list, _ := v.raw.([]any)
	texts := make([]string, len(list))
	for i, entry := range list {
		switch entry := entry.(type) {
		case string:
			texts[i] = entry
		case json.Number:
			texts[i] = entry.String()
		}
	}
	return texts
}
