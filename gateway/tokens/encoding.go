package tokens

import (
	"hash/maphash"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/tiktoken-go/tokenizer"
)

// vocabulary is a public one, with a set of its tokens: most words are a token, and looking one up
// takes a tenth of the time that tokenizing it takes.
type vocabulary struct {
	encoding tokenizer.Encoding
	codec    tokenizer.Codec
	seed     maphash.Seed
	words    map[uint64]struct{}
}

// vocabularies are loaded on first use: each takes some 25 MB of memory and 200 ms.
var vocabularies = map[tokenizer.Encoding]func() *vocabulary{
	tokenizer.O200kBase:  loadOnce(tokenizer.O200kBase),
	tokenizer.Cl100kBase: loadOnce(tokenizer.Cl100kBase),
}

// maxWord is the length of the longest token that is looked up.
const maxWord = 32

func loadOnce(encoding tokenizer.Encoding) func() *vocabulary {
	return sync.OnceValue(func() *vocabulary {
		codec, err := tokenizer.Get(encoding)
		if err != nil {
			panic("load the vocabulary " + string(encoding) + ": " + err.Error()) // it is in the binary
		}
		loaded := &vocabulary{encoding: encoding, codec: codec, seed: maphash.MakeSeed(), words: make(map[uint64]struct{}, 1<<18)}
		loaded.addWords()
		return loaded
	})
}

// addWords asks for tokens by number; the numbers have gaps only at their end, where special tokens stand.
// Some tokens are never met, because text is split within them before it is looked up.
func (v *vocabulary) addWords() {
	for id := uint(0); ; id++ {
		token, err := v.codec.Decode([]uint{id})
		if err != nil {
			return
		}
		if len(token) <= maxWord && isWhole(token) {
			v.words[maphash.String(v.seed, token)] = struct{}{}
		}
	}
}

// isWhole is false for tokens that text may be split within, and for many that it is not.
func isWhole(token string) bool {
	letters, unicodes := false, false
	for i := range len(token) {
		switch c := token[i]; {
		case c == '\'', c == 0x7f, c == '\n', c == '\r':
			return false
		case c >= utf8.RuneSelf:
			unicodes = true
		case asciiKinds[c] == asciiLetter:
			letters = true
		}
	}
	return !letters || !unicodes
}

// isToken says whether a piece of text is one token.
func (v *vocabulary) isToken(piece string) bool {
	if len(piece) > maxWord {
		return false
	}
	_, found := v.words[maphash.String(v.seed, piece)]
	return found
}

// tokenize counts one piece; one token per byte where the tokenizer refuses.
func (v *vocabulary) tokenize(piece string) int64 {
	tokens, err := v.codec.Count(piece)
	if err != nil {
		return int64(len(piece))
	}
	return int64(tokens)
}

// encodings by the start of a model's name; the first match wins.
var encodings = []struct {
	prefix   string
	encoding tokenizer.Encoding
}{
	{"gpt-4o", tokenizer.O200kBase},
	{"gpt-4.1", tokenizer.O200kBase},
	{"gpt-5", tokenizer.O200kBase},
	{"gpt-audio", tokenizer.O200kBase},
	{"gpt-oss", tokenizer.O200kBase},
	{"chatgpt-4o", tokenizer.O200kBase},
	{"o1", tokenizer.O200kBase},
	{"o3", tokenizer.O200kBase},
	{"o4", tokenizer.O200kBase},
	{"gpt-4", tokenizer.Cl100kBase},
	{"gpt-3.5", tokenizer.Cl100kBase},
	{"gpt-35", tokenizer.Cl100kBase},
	{"text-embedding-", tokenizer.Cl100kBase},
}

// encodingOf says how a model tokenizes; false if its vocabulary is not public.
func encodingOf(model string) (tokenizer.Encoding, bool) {
	name := model[strings.LastIndexByte(model, '/')+1:]
	for _, known := range encodings {
		if strings.HasPrefix(name, known.prefix) {
			return known.encoding, true
		}
	}
	return "", false
}

// vocabularyOf is a model's vocabulary, or that of OpenAI's newer models for one whose own is not public.
func vocabularyOf(model string) *vocabulary {
	encoding, known := encodingOf(model)
	if !known {
		encoding = tokenizer.O200kBase
	}
	return vocabularies[encoding]()
}
