package tokens

import (
	"time"
	"unicode"
	"unicode/utf8"
)

// class is a kind of text that vocabularies agree on: what one makes of it says what another may.
type class int

const (
	words      class = iota // of Latin letters, a token each in the vocabulary
	parts                   // of Latin letters, in several tokens: rare, long and compound words, names in code
	alphabet                // Cyrillic and Greek
	ideographs              // Chinese and Japanese
	hangul                  // Korean
	digits                  // counted in digits
	marks                   // punctuation
	space                   // white space that stands by itself
	rare                    // everything else, counted in bytes: no vocabulary makes more of it
	classes
)

// shape is what a text consists of: the vocabulary's tokens by class, except where the class says otherwise.
type shape struct {
	by [classes]int64
	// exact is the vocabulary's own count of all of it.
	exact int64
	// scanned is how many bytes were weighed and not tokenized.
	scanned int64
}

// longestWord is the length from which letters are no word of any language.
const longestWord = 64

// maxTokenizing is how long one prompt may be tokenized; what is then left is weighed by its bytes.
const maxTokenizing = 40 * time.Millisecond

// longestPiece is more than a piece takes; where it seems to take longer, others had the processor meanwhile.
const longestPiece = 2 * time.Millisecond

// measure tells what texts consist of, in bounded time.
type measure struct {
	vocabulary *vocabulary
	seen       map[string]int64
	// left is how much time there still is to tokenize.
	left time.Duration
	// leftEncoded is how much of it data in letters may take: half. Beyond, its bytes say enough: it is no text, and a
	// megabyte of it is more than any model takes.
	leftEncoded time.Duration
	total       shape
	// memory is what was measured before of the owner's texts; nil remembers nothing.
	memory *Memory
	owner  string
}

func newMeasure(v *vocabulary, budget time.Duration) *measure {
	return &measure{vocabulary: v, seen: make(map[string]int64), left: budget, leftEncoded: budget / 2}
}

// measure measures a text without looking whether it is remembered.
func (m *measure) measure(text string) {
	looked := 0 // how much is known to hold no encoded run at its start
	for text != "" {
		if looked <= 0 {
			run, encoded := leadingRun(text)
			if encoded {
				m.encoded(text[:run])
				text = text[run:]
				continue
			}
			looked = run
		}
		end, clean := pieceEnd(text)
		m.piece(text[:end], clean)
		text, looked = text[end:], looked-end
	}
}

// encoded counts a run that looks like data: what another vocabulary makes of it is anybody's guess. Its pieces hardly ever
// come again and are not kept.
func (m *measure) encoded(run string) {
	m.total.by[rare] += int64(len(run))
	for run != "" {
		if m.left <= 0 || m.leftEncoded <= 0 {
			m.total.exact += int64(len(run))
			m.total.scanned += int64(len(run))
			return
		}
		end, clean := pieceEnd(run)
		began := m.left
		m.total.exact += unclean(m.tokenize(run[:end]), end, clean)
		m.leftEncoded -= began - m.left
		run = run[end:]
	}
}

func (m *measure) piece(piece string, clean bool) {
	tokens, scanned := m.vocabularyCount(piece, clean)
	m.total.exact += tokens
	if scanned {
		m.total.scanned += int64(len(piece))
	}
	class := classOf(piece)
	switch class {
	case words:
		switch {
		case len(piece) > longestWord:
			class, tokens = rare, int64(len(piece))
		case tokens > 1:
			class = parts
		}
	case digits:
		tokens = int64(len(piece))
	case rare:
		tokens = dense(piece)
	case space, marks:
		tokens = max(tokens, repeats(piece))
	}
	m.total.by[class] += tokens
}

func (m *measure) vocabularyCount(piece string, clean bool) (tokens int64, scanned bool) {
	tokens, scanned = m.count(piece)
	return unclean(tokens, len(piece), clean), scanned
}

// unclean adds the token that a cut between two characters may cost.
func unclean(tokens int64, length int, clean bool) int64 {
	if clean {
		return tokens
	}
	return min(tokens+1, int64(length))
}

// count is the vocabulary's count of a piece, or a bound of it when time is up.
func (m *measure) count(piece string) (tokens int64, scanned bool) {
	if m.vocabulary.isToken(piece) {
		return 1, false
	}
	if tokens, seen := m.seen[piece]; seen {
		return tokens, false
	}
	if m.left <= 0 {
		return scanPiece(piece), true
	}
	tokens = m.tokenize(piece)
	m.seen[piece] = tokens
	return tokens, false
}

// tokenize counts a piece and takes its time from what is left.
func (m *measure) tokenize(piece string) int64 {
	began := time.Now()
	tokens := m.vocabulary.tokenize(piece)
	m.left -= min(time.Since(began), longestPiece)
	return tokens
}

// classOf tells the class of a piece: that of its dearest character.
func classOf(piece string) class {
	found := space
	for i := 0; i < len(piece); {
		if c := piece[i]; c < utf8.RuneSelf {
			found = dearer(found, asciiClasses[asciiKinds[c]])
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(piece[i:])
		found = dearer(found, classOfRune(r))
		i += size
	}
	return found
}

var asciiClasses = [...]class{asciiMark: marks, asciiLetter: words, asciiDigit: digits, asciiBlank: space, asciiBreak: space}

// dearness ranks the classes by what a character of theirs costs beside one of another.
var dearness = [classes]int{space: 0, marks: 1, digits: 2, words: 3, parts: 3, alphabet: 4, ideographs: 5, hangul: 6, rare: 7}

func dearer(a, b class) class {
	if dearness[b] > dearness[a] {
		return b
	}
	return a
}

func classOfRune(r rune) class {
	switch {
	case r < 0x250 && unicode.IsLetter(r):
		return words
	case unicode.In(r, unicode.Cyrillic, unicode.Greek):
		return alphabet
	case 0x3040 <= r && r <= 0x30ff, unicode.Is(unicode.Han, r): // kana, with the marks that belong to them
		return ideographs
	case unicode.Is(unicode.Hangul, r):
		return hangul
	case r < 0x250, 0x2010 <= r && r <= 0x2027, 0x3000 <= r && r <= 0x301f, 0xff00 <= r && r <= 0xff60:
		return marks
	default:
		return rare
	}
}
