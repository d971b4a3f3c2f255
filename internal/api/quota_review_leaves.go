package api

import (
	"bytes"
	"encoding/json"
	"iter"
	"maps"
	"math/big"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FieldPath is the path of a field within the object at another path, "" for the outermost:
//
//	webhook.secret
//	model_rpm_limit["gpt-4.1"]
//
// A name that holds a dot is quoted, so that no path reads as another one, and none that goes on is taken for one that ended.
func FieldPath(within, name string) string {
	switch {
	case strings.ContainsAny(name, ".[]\"\\") || name == "":
		return within + "[" + strconv.Quote(name) + "]"
	case within == "":
		return name
	default:
		return within + "." + name
	}
}

// contains says whether a path is another one, or lies in it.
func contains(outer, path string) bool {
	rest, ok := strings.CutPrefix(path, outer)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// within says whether a path is one of those, or lies in one. Of a secret, what the gateway tells of it counts with it.
func within(paths []string, path string) bool {
	return slices.ContainsFunc(paths, func(open string) bool {
		return contains(open, path) || slices.Contains(secretPaths, open) && (path == open+"_fingerprint" || path == "has_"+open)
	})
}

// around are the paths of the objects that a path lies in.
func around(path string) iter.Seq[string] {
	return func(yield func(string) bool) {
		quoted := false
		for i := 1; i < len(path); i++ {
			switch {
			case quoted && path[i] == '\\':
				i++
			case path[i] == '"':
				quoted = !quoted
			case !quoted && (path[i] == '.' || path[i] == '['):
				if !yield(path[:i]) {
					return
				}
			}
		}
	}
}

// leaves are the values of an object that hold no others, by path. A list is one value.
type leaves map[string]any

func leavesOf(object json.RawMessage) leaves {
	found := leaves{}
	if isNull(object) {
		return found
	}
	var plain map[string]any
	decoder := json.NewDecoder(bytes.NewReader(object))
	decoder.UseNumber()
	if decoder.Decode(&plain) == nil {
		found.add("", plain)
	}
	return found
}

func (l leaves) add(within string, object map[string]any) {
	for name, value := range object {
		path := FieldPath(within, name)
		if inner, ok := value.(map[string]any); ok && len(inner) > 0 {
			l.add(path, inner)
			continue
		}
		l[path] = value
	}
}

func (l leaves) at(path string) any { return l[path] }

// known says whether the object says anything of a path, be it by an object around it that is null.
func (l leaves) known(path string) bool {
	if _, known := l[path]; known {
		return true
	}
	for outer := range around(path) {
		if _, known := l[outer]; known {
			return true
		}
	}
	return false
}

func pathsOf(all ...leaves) []string {
	paths := map[string]bool{}
	for _, each := range all {
		for path := range each {
			paths[path] = true
		}
	}
	return slices.Sorted(maps.Keys(paths))
}

// emptyMatters are the lists that mean something else when they are empty than when there is none: no permission, and
// those that everybody has.
var emptyMatters = []string{"team_member_permissions"}

// sameLeaf says whether two values of a field mean the same: 100 and 100.0, two ways to write a moment, none and nothing.
func sameLeaf(path string, a, b any) bool {
	if isEmpty(a) && isEmpty(b) {
		return !slices.Contains(emptyMatters, path) || (a == nil) == (b == nil)
	}
	return sameValue(a, b)
}

func sameValue(a, b any) bool {
	switch first := a.(type) {
	case json.Number:
		second, ok := b.(json.Number)
		if !ok {
			return false
		}
		x, okX := exactly(first)
		y, okY := exactly(second)
		return okX && okY && x.Cmp(y) == 0
	case string:
		second, ok := b.(string)
		return ok && (first == second || sameMoment(first, second))
	case []any:
		second, ok := b.([]any)
		return ok && slices.EqualFunc(first, second, sameValue)
	case map[string]any:
		second, ok := b.(map[string]any)
		return ok && maps.EqualFunc(first, second, sameValue)
	default:
		return reflect.DeepEqual(a, b)
	}
}

func sameMoment(a, b string) bool {
	first, errA := time.Parse(time.RFC3339, a)
	second, errB := time.Parse(time.RFC3339, b)
	return errA == nil && errB == nil && first.Equal(second)
}

// isEmpty says whether a value is none, or holds nothing.
func isEmpty(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case string:
		return value == ""
	case []any:
		return len(value) == 0
	case map[string]any:
		return len(value) == 0
	default:
		return false
	}
}

// isZero says whether a value is what a field has that nobody sets.
func isZero(value any) bool {
	if number, isNumber := value.(json.Number); isNumber {
		exact, ok := exactly(number)
		return ok && exact.Sign() == 0
	}
	return isEmpty(value) || value == false
}

// Numbers beyond these are no quota's, and 1e999999 would fill the memory.
const (
	longestNumber   = 64
	largestExponent = 64
)

// exactly is the value of a number, false for one that is no quota's.
func exactly(number json.Number) (*big.Rat, bool) {
	text := strings.ToLower(number.String())
	if len(text) > longestNumber {
		return nil, false
	}
	if _, exponent, found := strings.Cut(text, "e"); found {
		if n, err := strconv.Atoi(exponent); err != nil || n > largestExponent || n < -largestExponent {
			return nil, false
		}
	}
	return new(big.Rat).SetString(text)
}

// userinfo is what an address has before its host when it carries a user or password.
var userinfo = regexp.MustCompile(`://[^\s/?#]*@`)

// HoldsUserinfo says whether a value is, or holds, an address with a user or password in it.
func HoldsUserinfo(value any) bool {
	switch value := value.(type) {
	case string:
		return userinfo.MatchString(value)
	case []any:
		return slices.ContainsFunc(value, HoldsUserinfo)
	case map[string]any:
		for _, each := range value {
			if HoldsUserinfo(each) {
				return true
			}
		}
	}
	return false
}
