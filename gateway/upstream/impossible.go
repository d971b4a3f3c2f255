package upstream

import (
	"bytes"
	"strings"

	"github.com/tidwall/gjson"
)

var usageMember = []byte(`"usage"`)

// Impossible says whether an answer, or a stream's event, reports a usage that cannot be: less than nothing, or more
// than any request uses. A usage that is merely not there is not impossible.
func Impossible(data []byte) bool {
	if !hasUsage(data) || !gjson.ValidBytes(data) {
		return false
	}
	for _, place := range []string{"usage", "response.usage", "message.usage"} {
		if usage := gjson.GetBytes(data, place); usage.IsObject() && hasImpossible(usage) {
			return true
		}
	}
	return false
}

// hasUsage looks for an object of that name, which few events of a stream have.
func hasUsage(data []byte) bool {
	for {
		_, after, found := bytes.Cut(data, usageMember)
		if !found {
			return false
		}
		if value := bytes.TrimLeft(after, ": \t\r\n"); len(value) > 0 && value[0] == '{' {
			return true
		}
		data = after
	}
}

func hasImpossible(usage gjson.Result) bool {
	found := false
	usage.ForEach(func(name, value gjson.Result) bool {
		switch {
		case value.IsObject() || value.IsArray():
			found = hasImpossible(value)
		case value.Type == gjson.Number && isCount(name.Str):
			found = !(value.Num >= 0 && value.Num <= maxPlausible)
		}
		return !found
	})
	return found
}

// isCount: some servers put times and amounts of money beside the counts.
func isCount(name string) bool {
	return strings.Contains(name, "tokens") || strings.Contains(name, "requests") || name == "seconds"
}
