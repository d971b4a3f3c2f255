package tokens

import (
	"unicode"
	"unicode/utf8"
)

// maxChunk is how many bytes are tokenized at once. The tokenizer's time grows with the square
// of a run of mixed white space: 64 KB of it at once take five seconds, in chunks 80 ms.
const maxChunk = 1 << 10

// kinds of ASCII characters, as the patterns tell them apart by which vocabularies split text.
const (
	asciiMark = iota
	asciiLetter
	asciiDigit
	asciiBlank // space and tab
	asciiBreak // the ends of lines
)

var asciiKinds = func() (kinds [utf8.RuneSelf]byte) {
	for c := range kinds {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
			kinds[c] = asciiLetter
		case '0' <= c && c <= '9':
			kinds[c] = asciiDigit
		case c == ' ', c == '\t':
			kinds[c] = asciiBlank
		case '\n' <= c && c <= '\r':
			kinds[c] = asciiBreak
		}
	}
	return kinds
}()

// pieceEnd finds the end of the first piece of a text: words and what stands between them. Pieces
// end only where every known vocabulary starts a new token, so that their counts add up to the
// count of the whole. Clean is false where there is no such place within a chunk, and the text is
// cut between two characters: that may cost a token.
func pieceEnd(text string) (end int, clean bool) {
	for i := 1; i < min(len(text), maxChunk); i++ {
		if startsPiece(text, i) {
			return i, true
		}
	}
	if len(text) <= maxChunk {
		return len(text), true
	}
	for end = maxChunk; end > maxChunk-utf8.UTFMax && !utf8.RuneStart(text[end]); end-- {
	}
	return end, false
}

// startsPiece says whether a token surely starts at a place within the text.
func startsPiece(text string, at int) bool {
	before, here := text[at-1], text[at]
	if before >= utf8.RuneSelf || here >= utf8.RuneSelf {
		return startsBesideUnicode(text, at)
	}
	next := asciiKinds[here]
	switch asciiKinds[before] {
	case asciiLetter: // a word may end in 's
		return next != asciiLetter && here != '\''
	case asciiDigit:
		return next != asciiDigit
	case asciiMark: // takes the ends of lines along, and may belong to the word after it
		return next == asciiBlank || next == asciiDigit
	case asciiBlank: // the last of several belongs to what follows
		return here == ' ' && at+1 < len(text) && isInk(text[at+1])
	default:
		return startsLine(text, at)
	}
}

func isInk(c byte) bool { return c < utf8.RuneSelf && asciiKinds[c] < asciiBlank }

// startsLine: the ends of lines belong together, with all white space between them.
func startsLine(text string, at int) bool {
	if text[at] == '/' || asciiKinds[text[at]] == asciiBreak || text[at-1] != '\n' {
		return false
	}
	for ; at < len(text) && text[at] < utf8.RuneSelf; at++ {
		if kind := asciiKinds[text[at]]; kind != asciiBlank {
			return kind != asciiBreak
		}
	}
	return false
}

// startsBesideUnicode knows only the places that are common in other scripts.
func startsBesideUnicode(text string, at int) bool {
	here := text[at]
	if text[at-1] < utf8.RuneSelf || !utf8.RuneStart(here) {
		return false
	}
	last, _ := utf8.DecodeLastRuneInString(text[max(0, at-utf8.UTFMax):at])
	if here >= utf8.RuneSelf {
		return unicode.IsLetter(last) && isIdeographicStop(text[at:])
	}
	if here == ' ' {
		return !unicode.IsSpace(last)
	}
	return unicode.IsLetter(last) && asciiKinds[here] != asciiLetter && here != '\''
}

// isIdeographicStop recognises the marks between the clauses of Chinese and Japanese.
func isIdeographicStop(text string) bool {
	if len(text) < 3 {
		return false
	}
	switch text[:3] {
	case "、", "。", "，", "！", "？", "：", "；", "（", "）", "「", "」", "《", "》":
		return true
	}
	return false
}
