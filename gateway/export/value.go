package export

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	"golang.org/x/text/unicode/norm"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// quoted is a text as HCL writes it.
func quoted(text string) string {
	return string(hclwrite.TokensForValue(cty.StringVal(text)).Bytes())
}

// listOf is a list on one line.
func listOf(elements []string) string { return "[" + strings.Join(elements, ", ") + "]" }

func quotedList(texts []string) string {
	elements := make([]string, len(texts))
	for i, text := range texts {
		elements[i] = quoted(text)
	}
	return listOf(elements)
}

// plainName is what stands as a key of an object without quotes; HCL reads the words in quotes otherwise there.
var (
	plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	wordsHCL  = []string{"for", "in", "if", "null", "true", "false"}
)

func objectKey(name string) string {
	if plainName.MatchString(name) && !slices.Contains(wordsHCL, name) {
		return name
	}
	return quoted(name)
}

// mapOf is an object with a line for each entry, by name; "{}" for none.
func mapOf(values map[string]string) string {
	if len(values) == 0 {
		return "{}"
	}
	var text strings.Builder
	text.WriteString("{\n")
	for _, name := range slices.Sorted(maps.Keys(values)) {
		composed := norm.NFC.String(name)
		if _, twice := values[composed]; twice && composed != name {
			continue // Terraform composes characters, and would have the name twice
		}
		text.WriteString(objectKey(name) + " = " + values[name] + "\n")
	}
	text.WriteString("}")
	return text.String()
}

// fromJSON writes any JSON value as the HCL value that means the same.
func fromJSON(encoded []byte) string {
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return "null"
	}
	return fromPlain(value)
}

// numeral is a number, or its text when Terraform cannot hold it.
func numeral(text string) string {
	if _, err := cty.ParseNumberVal(text); err != nil {
		return quoted(text)
	}
	return text
}

func fromPlain(value any) string {
	switch v := value.(type) {
	case string:
		return quoted(v)
	case json.Number:
		return numeral(v.String())
	case bool:
		return strconv.FormatBool(v)
	case []any:
		elements := make([]string, len(v))
		for i, element := range v {
			elements[i] = fromPlain(element)
		}
		return listOf(elements)
	case map[string]any:
		values := make(map[string]string, len(v))
		for name, element := range v {
			values[name] = fromPlain(element)
		}
		return mapOf(values)
	default:
		return "null"
	}
}

// The setters below leave out what the object does not have, so that the configuration says no more than it must.

// text leaves out an empty one, too, which is none.
func (o *object) text(name string, value *string) {
	if value != nil && *value != "" {
		o.literal(name, quoted(*value))
	}
}

// flag leaves out what the provider takes anyway.
func (o *object) flag(name string, value, byDefault bool) {
	if value != byDefault {
		o.literal(name, strconv.FormatBool(value))
	}
}

func (o *object) whole(name string, value *int64) {
	if value != nil {
		o.literal(name, strconv.FormatInt(*value, 10))
	}
}

func (o *object) usd(name string, value *money.Nano) {
	if value != nil {
		o.literal(name, value.String())
	}
}

func (o *object) share(name string, value *float64) {
	if value != nil {
		o.literal(name, number(*value))
	}
}

func (o *object) shares(name string, values []float64) {
	elements := make([]string, len(values))
	for i, value := range values {
		elements[i] = number(value)
	}
	if len(values) > 0 {
		o.literal(name, listOf(elements))
	}
}

func (o *object) texts(name string, values []string) {
	if len(values) > 0 {
		o.literal(name, quotedList(values))
	}
}

func (o *object) limits(name string, values map[string]int64) {
	texts := make(map[string]string, len(values))
	for model, limit := range values {
		texts[model] = strconv.FormatInt(limit, 10)
	}
	if len(values) > 0 {
		o.literal(name, mapOf(texts))
	}
}

func (o *object) metadata(values map[string]json.RawMessage) {
	texts := make(map[string]string, len(values))
	for name, value := range values {
		texts[name] = fromJSON(value)
	}
	if len(values) > 0 {
		o.literal("metadata", mapOf(texts))
	}
}

// ids are references to objects of a kind.
func (o *object) ids(name string, kind kind, ids []string) {
	if len(ids) == 0 {
		return
	}
	values := make([]expression, len(ids))
	for i, id := range ids {
		values[i] = refer(kind, id, id)
	}
	o.list(name, values)
}

func (o *object) list(name string, values []expression) {
	o.add(name, func(known addresses) string {
		elements := make([]string, len(values))
		for i, value := range values {
			elements[i] = value(known)
		}
		return listOf(elements)
	})
}

// nothing is a scope that selects nothing, which leaving it out does not say.
func (o *object) nothing(name string, scope []string) {
	if scope != nil && len(scope) == 0 {
		o.literal(name, "[]")
	}
}

func number(value float64) string { return strconv.FormatFloat(value, 'f', -1, 64) }
