package console

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// noun is a kind of object that can be made and changed here.
type noun struct {
	Name string
	// IDField names it in the body of an update; NewID says that its id may be chosen when it is made.
	IDField      string
	NewID        bool
	create, edit string
	Fields       []field
	// actions are changes without a form, by name.
	actions map[string]action
}

// action is a change of one object without fields.
type action struct {
	Label, route string
	body         func(id string) map[string]any
	// destructive ones ask for the object's name.
	destructive bool
}

// field is one input of a form.
type field struct {
	Name, Label, Help string
	Kind              fieldKind
	// OnlyNew fields are for making an object.
	OnlyNew bool
	Choices []string
}

type fieldKind string

const (
	asText   fieldKind = "text"
	asWhole  fieldKind = "whole"
	asMoney  fieldKind = "money"
	asNumber fieldKind = "number"
	asFlag   fieldKind = "flag"
	asList   fieldKind = "list"
	asShares fieldKind = "shares"
)

var budgetFields = []field{
	{Name: "max_budget", Label: "Cap in USD", Kind: asMoney, Help: "Nothing is no cap; 0 refuses everything that costs."},
	{Name: "budget_duration", Label: "Period", Kind: asText, Help: "Such as 1d, 7d, 30d, 1mo, 3mo; nothing never resets."},
	{Name: "soft_budget", Label: "Warn at, in USD", Kind: asMoney},
	{Name: "soft_threshold_pct", Label: "Or warn at a share of the cap", Kind: asNumber, Help: "Between 0 and 1, such as 0.8."},
	{Name: "hard_cap", Label: "Refuse calls at the cap", Kind: asFlag},
}

var rateFields = []field{
	{Name: "rpm_limit", Label: "Requests a minute", Kind: asWhole},
	{Name: "tpm_limit", Label: "Tokens a minute", Kind: asWhole},
	{Name: "max_parallel_requests", Label: "Calls at once", Kind: asWhole},
}

var nouns = map[string]noun{
	"team": {
		Name: "team", IDField: "team_id", NewID: true, create: "/team/new", edit: "/team/update",
		Fields: slices.Concat([]field{{Name: "team_alias", Label: "Name", Kind: asText}}, budgetFields, rateFields, []field{
			{Name: "models", Label: "Models", Kind: asList, Help: "With commas between them; nothing is every model."},
			{Name: "budget_id", Label: "Takes the terms of the budget", Kind: asText, Help: "In place of a cap of its own."},
		}),
		actions: map[string]action{
			"block":   {Label: "Block", route: "/team/block", body: named("team_id")},
			"unblock": {Label: "Unblock", route: "/team/unblock", body: named("team_id")},
			"delete":  {Label: "Delete", route: "/team/delete", body: listed("team_ids"), destructive: true},
		},
	},
	"key": {
		Name: "key", IDField: "key", create: "/key/generate", edit: "/key/update",
		Fields: slices.Concat([]field{
			{Name: "key_alias", Label: "Name", Kind: asText},
			{Name: "team_id", Label: "Team", Kind: asText, OnlyNew: true},
			{Name: "user_id", Label: "User", Kind: asText, OnlyNew: true},
			{Name: "duration", Label: "Lives for", Kind: asText, OnlyNew: true, Help: "Such as 30d; nothing is for ever."},
		}, budgetFields, rateFields, []field{{Name: "models", Label: "Models", Kind: asList, Help: "With commas between them; nothing is all of the team's."}}),
		actions: map[string]action{
			"block":   {Label: "Block", route: "/key/block", body: named("key")},
			"unblock": {Label: "Unblock", route: "/key/unblock", body: named("key")},
			"rotate": {Label: "New secret, the old one works for a day", route: "/key/rotate", body: func(id string) map[string]any {
				return map[string]any{"key": id, "grace_period": "24h"}
			}},
			"delete": {Label: "Delete", route: "/key/delete", body: listed("keys"), destructive: true},
		},
	},
	"budget": {
		Name: "budget", IDField: "budget_id", NewID: true, create: "/budget/new", edit: "/budget/update",
		Fields: slices.Concat(budgetFields, rateFields[:2], []field{
			{Name: "alert_thresholds", Label: "Tell at shares of the cap", Kind: asShares, Help: "Such as 0.5, 0.8."},
			{Name: "team_ids", Label: "A pot for the teams", Kind: asList, Help: "With commas. Without teams, keys, models or everything, these are terms that teams and keys can take."},
			{Name: "key_ids", Label: "A pot for the keys", Kind: asList},
			{Name: "models", Label: "A pot for the models", Kind: asList},
			{Name: "everything", Label: "A pot over everything", Kind: asFlag},
		}),
		actions: map[string]action{"delete": {Label: "Delete", route: "/budget/delete", body: named("budget_id"), destructive: true}},
	},
}

func named(name string) func(string) map[string]any {
	return func(id string) map[string]any { return map[string]any{name: id} }
}

func listed(name string) func(string) map[string]any {
	return func(id string) map[string]any { return map[string]any{name: []string{id}} }
}

// takes says whether a change by the route is one of the noun's.
func (n noun) takes(route string) bool {
	if route == n.create || route == n.edit {
		return true
	}
	for _, action := range n.actions {
		if action.route == route {
			return true
		}
	}
	return false
}

// values are what a form shows of an object.
func (n noun) values(object any) (map[string]string, error) {
	data, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("show a %s: %w", n.Name, err)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("show a %s: %w", n.Name, err)
	}
	values := map[string]string{}
	for _, field := range n.Fields {
		values[field.Name] = field.text(raw[field.Name])
	}
	return values, nil
}

// text is a JSON value as it stands in an input.
func (f field) text(raw json.RawMessage) string {
	text := string(raw)
	switch {
	case text == "" || text == "null":
		return ""
	case f.Kind == asText:
		var value string
		_ = json.Unmarshal(raw, &value) // what is no text is shown as nothing
		return value
	case f.Kind == asList:
		var list []string
		_ = json.Unmarshal(raw, &list)
		return strings.Join(list, ", ")
	case f.Kind == asShares:
		return strings.ReplaceAll(strings.Trim(text, "[]"), ",", ", ")
	default:
		return text
	}
}

// body is what a form asks for: all that is filled in of a new object, or what differs from how it was.
func (n noun) body(form url.Values, before map[string]string) (map[string]any, error) {
	body := map[string]any{}
	for _, field := range n.Fields {
		text := strings.TrimSpace(form.Get(field.Name))
		if field.Kind == asFlag {
			text = strconv.FormatBool(text != "")
		}
		switch {
		case before == nil && (text == "" || field.Kind == asFlag && text == "false" && field.Name == "everything"):
			continue
		case before != nil && (field.OnlyNew || text == before[field.Name]):
			continue
		case field.Kind == asFlag && before != nil && before[field.Name] == "" && text == "false":
			continue
		}
		value, err := field.value(text)
		if err != nil {
			return nil, err
		}
		body[field.Name] = value
	}
	return body, nil
}

// value is what an input says, as JSON has it.
func (f field) value(text string) (any, error) {
	if text == "" {
		if f.Kind == asList && f.Name == "models" {
			return []string{}, nil
		}
		return nil, nil //nolint:nilnil // null clears the field
	}
	switch f.Kind {
	case asWhole:
		n, err := strconv.ParseInt(strings.ReplaceAll(text, ",", ""), 10, 64)
		if err != nil {
			return nil, api.FieldErrorf(f.Name, "%q is not a whole number", text)
		}
		return n, nil
	case asMoney:
		amount, err := money.Parse(strings.ReplaceAll(strings.TrimPrefix(text, "$"), ",", ""))
		if err != nil {
			return nil, api.FieldErrorf(f.Name, "%q is not an amount in US dollars such as 250 or 0.5", text)
		}
		return amount, nil
	case asNumber:
		return number(f.Name, text)
	case asFlag:
		return text == "true", nil
	case asList:
		return splitList(text), nil
	case asShares:
		shares := []json.Number{}
		for _, one := range splitList(text) {
			share, err := number(f.Name, one)
			if err != nil {
				return nil, err
			}
			shares = append(shares, share)
		}
		return shares, nil
	default:
		return text, nil
	}
}

func number(name, text string) (json.Number, error) {
	if _, err := strconv.ParseFloat(text, 64); err != nil {
		return "", api.FieldErrorf(name, "%q is not a number such as 0.8", text)
	}
	return json.Number(text), nil
}

func splitList(text string) []string {
	list := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '\n' })
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return slices.DeleteFunc(list, func(one string) bool { return one == "" })
}
