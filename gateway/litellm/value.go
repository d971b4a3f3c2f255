package litellm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// LiteLLM's rows come as JSON, from its API or its database, and are not always of one mind: JSON columns hold JSON in
// strings, numbers stand in quotes, times have a zone or none. These types take all of it.

// Numbers beyond these stand for "as much as you like" in grown databases, and are read as these.
const (
	mostUSD  = 9e6
	mostRate = 1 << 52
)

// object is a JSON object, also one in a string. Anything else is none.
type object map[string]json.RawMessage

func (o *object) UnmarshalJSON(data []byte) error {
	data = unquoted(data)
	var fields map[string]json.RawMessage
	if json.Unmarshal(data, &fields) == nil {
		*o = fields
	}
	return nil
}

// unquoted is the JSON in a JSON string, or what was given.
func unquoted(data []byte) []byte {
	var text string
	if json.Unmarshal(data, &text) == nil {
		return []byte(text)
	}
	return data
}

// text is a field of an object as text, "" when it is none.
func (o object) text(name string) string {
	var text string
	_ = json.Unmarshal(o[name], &text)
	return text
}

// saysNothing tells what is absent or empty, or off, from a setting.
func saysNothing(data json.RawMessage) bool {
	switch strings.Join(strings.Fields(string(unquoted(data))), "") {
	case "", "null", "{}", "[]", "false", "0", "{null}":
		return true
	}
	return false
}

// list is a list of texts, also one in a string.
type list []string

func (l *list) UnmarshalJSON(data []byte) error {
	var texts []string
	if json.Unmarshal(unquoted(data), &texts) == nil {
		*l = texts
	}
	return nil
}

// amount is a sum of money; nil is none. LiteLLM keeps floating point numbers.
type amount struct{ *money.Nano }

func (a *amount) UnmarshalJSON(data []byte) error {
	text := strings.Trim(string(data), `"`)
	if text == "null" || text == "" {
		return nil
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return fmt.Errorf("%q is no amount", text)
	}
	if math.IsNaN(number) {
		return nil
	}
	number = min(max(number, -mostUSD), mostUSD)
	nano, err := money.Parse(strconv.FormatFloat(number, 'f', 9, 64))
	if err != nil {
		return fmt.Errorf("%s is no amount: %w", text, err)
	}
	a.Nano = &nano
	return nil
}

// usd is the amount, 0 for none.
func (a amount) usd() money.Nano {
	if a.Nano == nil {
		return 0
	}
	return *a.Nano
}

// count is a whole number, also one in quotes or with a fraction of zero; nil is none.
type count struct{ *int64 }

func (c *count) UnmarshalJSON(data []byte) error {
	text := strings.Trim(string(data), `"`)
	if text == "null" || text == "" {
		return nil
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(number) {
		return fmt.Errorf("%q is no number", text)
	}
	whole := int64(min(max(number, -mostRate), mostRate))
	c.int64 = &whole
	return nil
}

// moment is a time; one without a zone is UTC, as LiteLLM's columns are.
type moment struct{ *time.Time }

func (m *moment) UnmarshalJSON(data []byte) error {
	text := string(bytes.Trim(data, `"`))
	if text == "null" || text == "" || strings.HasSuffix(text, "infinity") {
		return nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00"} {
		if at, err := time.Parse(layout, text); err == nil {
			at = at.UTC().Truncate(time.Millisecond)
			m.Time = &at
			return nil
		}
	}
	return fmt.Errorf("%q is no time", text)
}

// given is nil for an empty text.
func given(text *string) *string {
	if text == nil || *text == "" {
		return nil
	}
	return text
}

func timeOrNever(at *time.Time) string {
	if at == nil {
		return "never"
	}
	return at.UTC().Format(time.RFC3339)
}
