package tokens

import (
	"unicode/utf8"
)

// scanPiece bounds the tokens of a piece that is no token and that there was no time to tokenize.
func scanPiece(piece string) int64 {
	length := int64(len(piece))
	var bound int64
	switch classOf(piece) {
	case words, parts:
		if !pronounceable(piece) {
			return length
		}
		bound = 1 + (length+1)/3
	case alphabet: // two bytes a letter
		bound = 1 + (length+3)/6
	case ideographs, hangul:
		runes := int64(utf8.RuneCountInString(piece))
		bound = 1 + runes
	case digits:
		bound = 1 + (length+2)/3
	case marks:
		bound = 1 + length/2
	case space:
		bound = repeats(piece)
	default:
		return length
	}
	return min(bound, length)
}

// pronounceable tells words and names in code from letters at random: they have vowels and seldom
// change between small and capital letters.
func pronounceable(piece string) bool {
	vowels, changes, small := 0, 0, false
	for i := range len(piece) {
		c := piece[i]
		lower := 'a' <= c && c <= 'z'
		if small && 'A' <= c && c <= 'Z' {
			changes++
		}
		small = lower
		switch c | 0x20 {
		case 'a', 'e', 'i', 'o', 'u', 'y':
			vowels++
		}
		if c >= utf8.RuneSelf {
			vowels++
		}
	}
	return 5*vowels >= len(piece) && 4*changes <= len(piece)
}

// repeats counts runs of one character, a token for every eight of them: vocabularies have tokens
// for such runs, but not for the same lengths.
func repeats(piece string) int64 {
	const run = 8
	var tokens, length int64
	for i := range len(piece) {
		if i > 0 && piece[i] == piece[i-1] && length < run {
			length++
			continue
		}
		tokens++
		length = 1
	}
	return tokens
}

// dense counts a piece in bytes, but for what all vocabularies know: the lines and corners of tables and drawings, of which each
// is two tokens at most, and a line of them half as many.
func dense(piece string) (tokens int64) {
	var last rune
	var repeated int64
	for _, r := range piece {
		if r == last {
			repeated++
		} else {
			repeated = 0
		}
		last = r
		switch {
		case (r == '─' || r == '═') && repeated > 0:
			tokens += repeated % 2
		case r == '─' || r == '═':
			tokens += 2
		case isCorner(r):
			tokens += 2
		default:
			tokens += int64(utf8.RuneLen(r))
		}
	}
	return tokens
}

// isCorner: those that no public vocabulary makes three tokens of.
func isCorner(r rune) bool {
	switch r {
	case '│', '║', '┌', '┐', '└', '┘', '├', '┬', '┴', '╔', '╗', '╚', '╝':
		return true
	}
	return false
}

// shortestEncoded is the length from which a run of letters and digits is looked at.
const shortestEncoded = 24

// leadingRun is the run of base64's characters at the start of a text, and whether it looks like
// base64 or hexadecimal digits.
func leadingRun(text string) (end int, encoded bool) {
	changes, last := 0, byte(0)
	for ; end < len(text); end++ {
		kind := encodingKind(text[end])
		if kind == 0 {
			break
		}
		joint := kind == '+' || last == '+' || last == 0 || last == 'A' && kind == 'a' // names in code are joined so
		if kind != last && !joint {
			changes++
		}
		last = kind
	}
	return end, end >= shortestEncoded && 10*changes >= 3*end
}

// encodingKind is the kind of a character of base64, 0 for any other.
func encodingKind(c byte) byte {
	switch {
	case 'a' <= c && c <= 'z':
		return 'a'
	case 'A' <= c && c <= 'Z':
		return 'A'
	case '0' <= c && c <= '9':
		return '0'
	case c == '+', c == '/', c == '-', c == '_', c == '=':
		return '+'
	default:
		return 0
	}
}
