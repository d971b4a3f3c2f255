package tokens

import (
	"strings"
	"unicode/utf8"

	"github.com/bursarhq/terraform-provider-bursar/gateway/content"
)

// What a prompt costs beyond its text. Each is the most that one of the catalogue's vendors
// has documented, so that it serves as an upper bound.
const (
	// tokensPerRequest covers what a vendor wraps around every conversation.
	tokensPerRequest = 64
	// tokensPerToolset covers the instructions added when a request offers tools.
	tokensPerToolset = 1_024
	// tokensPerImage covers a picture at full detail: 10,000 patches of GPT-5.4 and later is
	// the most, Claude takes up to 4,784 tokens and Gemini about 4,100.
	tokensPerImage = 10_240
	// tokensPerImageMini is for gpt-4o-mini, which counts 33 times as many at a lower price:
	// 2,833 and eight tiles of 5,667.
	tokensPerImageMini = 48_384
	// audioCharsPerToken: speech at 6 kbit/s, hardly intelligible, is 1,000 base64 characters
	// a second; Gemini counts 32 tokens a second and OpenAI 10.
	audioCharsPerToken   = 16
	audioTokensPerSecond = 32
	tokensPerAudio       = 64
	// bytesPerBadByte: what is not UTF-8 reaches the model as U+FFFD, which has three bytes.
	bytesPerBadByte = 3
)

// BoundOf is an upper bound of the prompt tokens of a chat or embedding request, from
// its body as received and what was found in it. It is cheap and loose: tokenizers that fall back to bytes never make
// more tokens of a text than it has bytes, and the JSON around each message or tool is longer
// than what a vendor puts in its place. So every byte of the body counts as a token, except the
// data of pictures and sound, which are weighed by constants.
//
// What cannot be weighed from here, such as a file that the vendor holds, is not in it: see
// [content.Found.Unweighed].
//
// It does not trust the body: repeated or escaped member names are counted, not skipped.
// A body that is not JSON gets some bound without meaning.
func BoundOf(model string, body []byte, found *content.Found) int64 {
	text := int64(len(body)) - found.DataLength()
	if !utf8.Valid(body) {
		text *= bytesPerBadByte
	}
	return tokensPerRequest + text + mediaTokens(model, found)
}

// mediaTokens is what the parts of a prompt are at most that are not text.
func mediaTokens(model string, found *content.Found) int64 {
	tokens := found.Pictures * imageTokens(model)
	tokens += found.Sounds*tokensPerAudio + found.SoundSeconds*audioTokensPerSecond + found.SoundBytes/audioCharsPerToken
	if found.Toolset {
		tokens += tokensPerToolset
	}
	return tokens
}

func imageTokens(model string) int64 {
	if strings.Contains(model, "gpt-4o-mini") {
		return tokensPerImageMini
	}
	return tokensPerImage
}
