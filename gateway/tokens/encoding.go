package tokens

import (
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/tiktoken-go/tokenizer"
)

// maxChunk is how many bytes are tokenized at once. The tokenizer's time grows with the square
// of a run of mixed white space: 64 KB of it at once take five seconds, in chunks 80 ms.
const maxChunk = 1 << 10

// vocabularies are loaded on first use: each takes some 15 MB of memory and 150 ms.
var vocabularies = map[tokenizer.Encoding]func() tokenizer.Codec{
	tokenizer.O200kBase:  loadOnce(tokenizer.O200kBase),
	tokenizer.Cl100kBase: loadOnce(tokenizer.Cl100kBase),
}

func loadOnce(encoding tokenizer.Encoding) func() tokenizer.Codec {
	return sync.OnceValue(func() tokenizer.Codec {
		codec, err := tokenizer.Get(encoding)
		if err != nil {
			panic("load the vocabulary " + string(encoding) + ": " + err.Error()) // it is in the binary
		}
		return codec
	})
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

// codecOf is a model's tokenizer. For a model whose vocabulary is not public it is that of
// OpenAI's newer models, and known is false.
func codecOf(model string) (codec tokenizer.Codec, known bool) {
	encoding, known := encodingOf(model)
	if !known {
		encoding = tokenizer.O200kBase
	}
	return vocabularies[encoding](), known
}

// tokenize counts tokens. Text without a word boundary in a whole chunk, which no language
// written with spaces has, may count a token too many per kilobyte.
func tokenize(codec tokenizer.Codec, text string) int64 {
	var total int64
	for text != "" {
		cut, clean := chunkEnd(text)
		tokens := tokenizeChunk(codec, text[:cut])
		if !clean {
			tokens = min(tokens+1, int64(cut))
		}
		total += tokens
		text = text[cut:]
	}
	return total
}

// tokenizeChunk counts one token per byte where the tokenizer refuses.
func tokenizeChunk(codec tokenizer.Codec, text string) int64 {
	tokens, err := codec.Count(text)
	if err != nil {
		return int64(len(text))
	}
	return int64(tokens)
}

// chunkEnd finds where to cut so that the parts have as many tokens as the whole: before a
// space between two letters, where every vocabulary starts a new token. Clean is false if there
// is no such place and the text is cut between two characters.
func chunkEnd(text string) (cut int, clean bool) {
	if len(text) <= maxChunk {
		return len(text), true
	}
	for i := maxChunk - 1; i > maxChunk/2; i-- {
		if text[i] == ' ' && isLetter(text[i-1]) && isLetter(text[i+1]) {
			return i, true
		}
	}
	for cut = maxChunk; cut > maxChunk-utf8.UTFMax && !utf8.RuneStart(text[cut]); cut-- {
	}
	return cut, false
}

func isLetter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
