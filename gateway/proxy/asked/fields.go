package asked

import (
	"bytes"
	"encoding/json"
	"strconv"

	"github.com/bursarhq/terraform-provider-bursar/gateway/httpx"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// field is a member of a request and where its value goes.
type field struct {
	name   string
	target any
	// kind is what the value must be, for people.
	kind string
}

// Kinds of fields, as they are told to people.
const (
	isString = "a string"
	isList   = "a list"
	isBool   = "true or false"
	isObject = "an object"
	isWhole  = "a whole number"
)

// parseFields reads the fields that are given and says which is of the wrong kind.
func parseFields(object httpx.Object, fields ...field) error {
	for _, field := range fields {
		raw, given := object[field.name]
		if given && !readPlain(raw, field.target) && json.Unmarshal(raw, field.target) != nil {
			return api.FieldErrorf(field.name, "must be %s", field.kind)
		}
	}
	return nil
}

// readPlain reads the values that nearly all requests have; others are left to encoding/json.
func readPlain(raw json.RawMessage, target any) bool {
	switch target := target.(type) {
	case *string:
		if len(raw) < 2 || raw[0] != '"' || bytes.IndexByte(raw, '\\') >= 0 {
			return false
		}
		*target = string(raw[1 : len(raw)-1])
		return true
	case *bool:
		*target = string(raw) == "true"
		return *target || string(raw) == "false"
	case **int64:
		n, err := strconv.ParseInt(string(raw), 10, 64)
		if err == nil {
			*target = &n
		}
		return err == nil
	case *filled:
		*target = len(raw) > 2 && raw[0] == '[' && len(bytes.TrimSpace(raw[1:len(raw)-1])) > 0
		return len(raw) > 1 && raw[0] == '['
	default:
		return false
	}
}

// filled says whether a list has anything in it. What it is, is the upstream's to judge.
type filled bool

// UnmarshalJSON takes a list, or null for an empty one.
func (f *filled) UnmarshalJSON(raw []byte) error {
	var list []json.RawMessage
	err := json.Unmarshal(raw, &list)
	*f = len(list) > 0
	return err
}
