package api

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Examples of what is read as a time and as a day, for whoever wrote something else.
const (
	momentExample = "2026-11-29T12:00:00Z"
	dayExample    = "2026-11-30"
)

// NotAMoment says of a field that what was given is no time, and what one looks like.
func NotAMoment(field, given string) *Error {
	return FieldErrorf(field, "is %s, which is no time; write one with its time zone, such as %s", repeated(given), momentExample)
}

// NotADay says of a field that what was given is no day, and what one looks like.
func NotADay(field, given string) *Error {
	return FieldErrorf(field, "is %s, which is no day; write a UTC day such as %s", repeated(given), dayExample)
}

// NeitherDayNorMoment says of a field that what was given is neither a day nor a time, and what they look like.
func NeitherDayNorMoment(field, given string) *Error {
	return FieldErrorf(field, "is %s, which is neither a day nor a time; write a UTC day such as %s, or a time such as %s",
		repeated(given), dayExample, momentExample)
}

// mostShown is how much is repeated of what was given.
const mostShown = 40

// repeated is what was given, as a text in quotes and cut when it is long.
func repeated(given string) string {
	given = strings.Trim(given, `"`)
	if letters := []rune(given); len(letters) > mostShown {
		given = string(letters[:mostShown]) + "…"
	}
	return fmt.Sprintf("%q", given)
}

// isMoment says whether fields of the type hold a time.
func isMoment(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t == reflect.TypeFor[time.Time]()
}
