package token

import "strings"

// Claims are what a token says, as JSON has it.
type Claims map[string]any

// Text returns a claim that is a text, "" when it is not there or something else.
func (c Claims) Text(name string) string {
	text, _ := c.find(name).(string)
	return text
}

// Texts returns a claim that is a text or a list of texts, without empty ones.
func (c Claims) Texts(name string) []string {
	var texts []string
	switch value := c.find(name).(type) {
	case string:
		texts = append(texts, value)
	case []any:
		for _, item := range value {
			if text, ok := item.(string); ok {
				texts = append(texts, text)
			}
		}
	}
	var kept []string
	for _, text := range texts {
		if text != "" {
			kept = append(kept, text)
		}
	}
	return kept
}

// find looks for a claim of that name, which may hold dots itself, and else follows the dots into objects:
// some providers say "realm_access.roles".
func (c Claims) find(name string) any {
	if value, found := c[name]; found {
		return value
	}
	outer, inner, dotted := strings.Cut(name, ".")
	if !dotted {
		return nil
	}
	object, ok := c[outer].(map[string]any)
	if !ok {
		return nil
	}
	return Claims(object).find(inner)
}
