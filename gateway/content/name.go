package content

import (
	"slices"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// Fold writes a member's name as the most lenient servers compare it: without upper and lower case, with the three
// letters beyond ASCII that fold into it, and without the marks between words, so that maxTokens, Max-Tokens and
// max_token\u017f are all maxtokens.
func Fold(name string) string {
	folded := make([]byte, 0, len(name))
	for _, r := range name {
		if r = foldRune(r); r >= 0 {
			folded = utf8.AppendRune(folded, r)
		}
	}
	return string(folded)
}

// foldRune is -1 for what is left out.
func foldRune(r rune) rune {
	switch {
	case 'A' <= r && r <= 'Z':
		return r + 'a' - 'A'
	case r == '_', r == '-':
		return -1
	case r == '\u017f': // long s
		return 's'
	case r == '\u212a': // the sign of Kelvin
		return 'k'
	case r == '\u0131', r == '\u0130': // Turkish i
		return 'i'
	default:
		return r
	}
}

// longestName is more than any name has that says something here.
const longestName = 48

// foldInto folds the name between a string's quotes into a buffer. Names that are too long say nothing.
func foldInto(buffer *[longestName]byte, raw []byte) []byte {
	n := 0
	for i := range len(raw) {
		c := raw[i]
		switch {
		case c == '\\' || c >= utf8.RuneSelf:
			return append(buffer[:0], Fold(unquoted(raw))...)
		case c == '_' || c == '-':
			continue
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		if n == len(buffer) {
			return nil
		}
		buffer[n] = c
		n++
	}
	return buffer[:n]
}

// unquoted is the text between a string's quotes.
func unquoted(raw []byte) string {
	if slices.Contains(raw, '\\') {
		quoted := append(append([]byte{'"'}, raw...), '"')
		return gjson.ParseBytes(quoted).Str
	}
	return string(raw)
}

// longestHead is how much of a string tells what it is.
const longestHead = 96

// head is the beginning of the text between a string's quotes.
func head(raw []byte) string {
	if len(raw) <= longestHead {
		return unquoted(raw)
	}
	if slices.Contains(raw[:longestHead], '\\') {
		return unquoted(raw)
	}
	return string(raw[:longestHead])
}
