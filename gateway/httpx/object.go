package httpx

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	// maxDepth is how deep objects and lists of a request may nest.
	maxDepth = 64
	// maxNames is how many field names a request may have in all, and maxOwnNames how many one object of it: some
	// fifty times what long conversations have. A name takes as long as a hundred characters of text do.
	maxNames    = 100_000
	maxOwnNames = 10_000
)

// What is wrong with the shape of a request.
var (
	errNUL      = errors.New("has a NUL character in a text")
	errDeep     = fmt.Errorf("nests deeper than %d levels", maxDepth)
	errOwnNames = api.Errorf(api.Invalid, "the request body has an object of more than %d field names; send less at once", maxOwnNames)
)

func tooManyNames(most int) error {
	return api.Errorf(api.Invalid, "the request body has more than %d field names; send less at once", most)
}

func twiceGiven(name string) error {
	return fmt.Errorf("gives %s twice in one object", quoteShort(name))
}

// Object is a JSON object whose values are not decoded yet.
type Object = map[string]json.RawMessage

// ParseObject reads one JSON object. Its errors are [api.Invalid] and say where: for an empty body,
// invalid UTF-8, anything but a single object, nesting deeper than 64, more than 100,000 names or 10,000 in one object, a name given
// twice in one object, and a NUL character in a text (PostgreSQL could not keep it).
func ParseObject(data []byte) (Object, error) {
	return ParseObjectOf(data, maxNames)
}

// ParseObjectOf is [ParseObject] for a request that may have so many names, where more are known to be needed.
func ParseObjectOf(data []byte, mostNames int) (Object, error) {
	object, err := scanObject(data, max(mostNames, maxNames))
	switch {
	case err == nil:
		return object, nil
	case !errors.Is(err, errScan):
		return nil, err
	default:
		return parseObject(data)
	}
}

// parseObject is [ParseObject] for texts that may be at fault: it says what is wrong and where.
func parseObject(data []byte) (Object, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, api.Errorf(api.Invalid, "the request body is empty; send a JSON object")
	}
	if offset := invalidUTF8(data); offset >= 0 {
		return nil, api.Errorf(api.Invalid, "the request body is not valid UTF-8 at byte %d", offset)
	}
	if bytes.TrimLeft(data, " \t\r\n")[0] == '{' {
		if err := checkSyntax(data); err != nil {
			return nil, err
		}
	}
	if err := checkShape(data); err != nil {
		return nil, err
	}
	var object Object
	if err := json.Unmarshal(data, &object); err != nil {
		return nil, syntaxError(err, data)
	}
	return object, nil
}

// invalidUTF8 returns the offset of the first byte that is not UTF-8, -1 when all of it is.
func invalidUTF8(data []byte) int {
	for offset := 0; offset < len(data); {
		r, size := utf8.DecodeRune(data[offset:])
		if r == utf8.RuneError && size == 1 {
			return offset
		}
		offset += size
	}
	return -1
}

// level is an object or list that the scan is inside of.
type level struct {
	// names are those seen in an object; nil in a list.
	names     map[string]bool
	wantsName bool
}

// checkSyntax finds what is no JSON, which takes a fraction of the time that going through the tokens does.
func checkSyntax(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(new(json.RawMessage)); err != nil {
		return syntaxError(err, data)
	}
	return checkEnd(data, decoder.InputOffset())
}

func checkEnd(data []byte, end int64) error {
	if rest := bytes.TrimSpace(data[end:]); len(rest) > 0 {
		return api.Errorf(api.Invalid, "the request body goes on after its JSON object, at byte %d", len(data)-len(rest))
	}
	return nil
}

// checkShape goes through the tokens without recursion, so that neither depth nor repetition
// reaches a decoder that would mind.
func checkShape(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var open []level
	for first := true; first || len(open) > 0; first = false {
		token, err := decoder.Token()
		if err != nil {
			return syntaxError(err, data)
		}
		if first && token != json.Delim('{') {
			return api.Errorf(api.Invalid, "the request body must be a JSON object, not %s", kindOf(token))
		}
		if open, err = step(open, token); err != nil {
			return placed(err, decoder.InputOffset())
		}
	}
	return checkEnd(data, decoder.InputOffset())
}

// step takes one token and returns the levels that are open after it.
func step(open []level, token json.Token) ([]level, error) {
	if text, ok := token.(string); ok && strings.ContainsRune(text, 0) {
		return nil, errNUL
	}
	switch token {
	case json.Delim('}'), json.Delim(']'):
		return valueDone(open[:len(open)-1]), nil
	case json.Delim('{'), json.Delim('['):
		if len(open) == maxDepth {
			return nil, errDeep
		}
		if token == json.Delim('[') {
			return append(open, level{}), nil
		}
		return append(open, level{names: map[string]bool{}, wantsName: true}), nil
	}
	top := &open[len(open)-1]
	if name, ok := token.(string); ok && top.wantsName {
		return open, top.enter(name)
	}
	return valueDone(open), nil
}

// enter notes the name of an object's next value.
func (l *level) enter(name string) error {
	if l.names[name] {
		return twiceGiven(name)
	}
	l.names[name], l.wantsName = true, false
	return nil
}

// valueDone makes an object on top expect a name again.
func valueDone(open []level) []level {
	if len(open) > 0 {
		top := &open[len(open)-1]
		top.wantsName = top.names != nil
	}
	return open
}

func placed(err error, offset int64) error {
	return api.Errorf(api.Invalid, "the request body %s, at byte %d", err, offset)
}

// syntaxError says where the JSON is broken without repeating what stands there.
func syntaxError(err error, data []byte) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return api.Errorf(api.Invalid, "the request body is not valid JSON: it ends too early, at byte %d", len(data))
	}
	// A decoder counts from its last token; the whole text has to be gone through for the place.
	if syntax, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(data, new(json.RawMessage))); ok {
		return api.Errorf(api.Invalid, "the request body is not valid JSON at byte %d", syntax.Offset-1)
	}
	return api.Errorf(api.Invalid, "the request body is not valid JSON").WithCause(err)
}

func kindOf(token json.Token) string {
	switch token.(type) {
	case json.Delim:
		return "a list"
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case bool:
		return "true or false"
	default:
		return "null"
	}
}

// quoteShort repeats a name of the caller's, but not a whole page of it.
func quoteShort(name string) string {
	const most = 64
	if utf8.RuneCountInString(name) > most {
		name = string([]rune(name)[:most]) + "…"
	}
	return fmt.Sprintf("%q", name)
}
