package review

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// format writes a known, plain value for people, as Markdown.
type format func(value) string

func dollars(v value) string {
	amount, err := amountOf(v)
	if err != nil {
		text, _ := v.raw.(json.Number)
		return code(text.String())
	}
	return usd(amount)
}

func amountOf(v value) (money.Nano, error) {
	text, _ := v.raw.(json.Number)
	return money.Parse(text.String())
}

// usd is an amount with thousands set apart: "$1,500.00".
func usd(amount money.Nano) string {
	sign, digits := "", strings.TrimPrefix(amount.Dollars(), "$")
	if amount < 0 {
		sign, digits = "-", strings.TrimPrefix(amount.Dollars(), "-$")
	}
	whole, cents, _ := strings.Cut(digits, ".")
	return sign + "$" + thousands(whole) + "." + cents
}

// counted is a format for whole numbers of something: "1 token/min", "15,000 tokens/min".
func counted(one, many string) format {
	return func(v value) string {
		switch text, _ := v.raw.(json.Number); text {
		case "0":
			return "0 " + many + " (refuses everything)"
		case "1":
			return "1 " + one
		default:
			return thousands(text.String()) + " " + many
		}
	}
}

// thousands sets groups of three digits apart; anything but digits is printed as code.
func thousands(digits string) string {
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return code(digits)
	}
	var groups []string
	for len(digits) > 3 {
		groups = append([]string{digits[len(digits)-3:]}, groups...)
		digits = digits[:len(digits)-3]
	}
	return strings.Join(append([]string{digits}, groups...), ",")
}

// share is a fraction as a percentage: "80 %".
func share(v value) string {
	number, ok := v.number()
	if !ok {
		return plain(v)
	}
	return percent(number * 100)
}

// percent prints one decimal at most.
func percent(number float64) string {
	text := strings.TrimSuffix(strconv.FormatFloat(number, 'f', 1, 64), ".0")
	sign := strings.HasPrefix(text, "-")
	whole, fraction, broken := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	text = thousands(whole)
	if broken {
		text += "." + fraction
	}
	if sign && text != "0" {
		text = "-" + text
	}
	return text + " %"
}

func shares(v value) string {
	list, _ := v.raw.([]any)
	texts := make([]string, len(list))
	for i, entry := range list {
		texts[i] = share(value{raw: entry})
	}
	return strings.Join(texts, ", ")
}

// choice is a format for booleans.
func choice(yes, no string) format {
	return func(v value) string {
		if on, _ := v.raw.(bool); on {
			return yes
		}
		return no
	}
}

const maxListed = 8

// names lists the entries, or counts them when there are many.
func names(v value) string {
	texts := v.texts()
	if len(texts) > maxListed {
		return strconv.Itoa(len(texts)) + " names"
	}
	for i, text := range texts {
		texts[i] = code(text)
	}
	return strings.Join(texts, ", ")
}

// mapping lists names with their values.
func mapping(v value) string {
	object, _ := v.raw.(map[string]any)
	texts := make([]string, 0, len(object))
	for _, name := range slices.Sorted(maps.Keys(object)) {
		texts = append(texts, code(fmt.Sprintf("%s: %v", name, object[name])))
	}
	return listed(texts)
}

// userinfo is what an address has before its host when it carries a user or password. Gateway and provider refuse those, a
// plan of another provider may hold one.
var userinfo = regexp.MustCompile(`://[^\s/?#]*@`)

// plain prints text and numbers as they are.
func plain(v value) string {
	switch raw := v.raw.(type) {
	case string:
		return code(raw)
	case json.Number:
		return code(raw.String())
	default:
		return "(not a plain value)"
	}
}

// show writes any value: sensitive and unknown ones are named, never printed.
func (a attribute) show(v value) string {
	switch {
	case v.sensitive:
		return "(sensitive)"
	case v.unknown:
		return "(known after apply)"
	case v.empty():
		return a.none
	default:
		return a.format(v)
	}
}
