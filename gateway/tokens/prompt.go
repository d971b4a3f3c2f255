package tokens

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"
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
	audioCharsPerToken = 16
	tokensPerAudio     = 64
	// tokensPerFile is for what cannot be weighed from here, such as a file that the vendor holds.
	tokensPerFile = 65_536
	// bytesPerBadByte: what is not UTF-8 reaches the model as U+FFFD, which has three bytes.
	bytesPerBadByte = 3
)

// InputTokensBound is an upper bound of the prompt tokens of a chat or embedding request, from
// its body as received. It is cheap and loose: tokenizers that fall back to bytes never make
// more tokens of a text than it has bytes, and the JSON around each message or tool is longer
// than what a vendor puts in its place. So every byte of the body counts as a token, except the
// data of pictures and sound, which are weighed by constants.
//
// It does not trust the body: repeated or escaped member names are counted, not skipped.
// A body that is not JSON gets some bound without meaning.
func InputTokensBound(model string, body []byte) int64 {
	extras := weighExtras(model, body)
	text := int64(len(body)) - extras.data
	if !utf8.Valid(body) {
		text *= bytesPerBadByte
	}
	return tokensPerRequest + text + extras.tokens
}

// extras are what a prompt holds beside text.
type extras struct {
	// data is the length of those parts of the body that tokens stand for.
	data   int64
	tokens int64
}

func weighExtras(model string, body []byte) extras {
	var sum extras
	if bytes.Count(body, []byte("[")) <= 1 {
		return sum // the list of messages is the only one: no parts, no tools
	}
	toolset := false
	gjson.ParseBytes(body).ForEach(func(key, value gjson.Result) bool {
		switch memberName(key) {
		case "tools", "functions":
			toolset = true
		case "messages", "input":
			eachMember(value, func(name string, content gjson.Result) {
				if name == "content" {
					sum.add(weighParts(model, content))
				}
			})
		}
		return true
	})
	if toolset {
		sum.tokens += tokensPerToolset
	}
	return sum
}

func (e *extras) add(other extras) {
	e.data += other.data
	e.tokens += other.tokens
}

// memberName folds case, because some servers do.
func memberName(key gjson.Result) string { return strings.ToLower(key.String()) }

// eachMember visits the members of every object in a list.
func eachMember(list gjson.Result, visit func(name string, value gjson.Result)) {
	if !list.IsArray() {
		return
	}
	list.ForEach(func(_, object gjson.Result) bool {
		if object.IsObject() {
			object.ForEach(func(name, value gjson.Result) bool {
				visit(memberName(name), value)
				return true
			})
		}
		return true
	})
}

func weighParts(model string, content gjson.Result) extras {
	var sum extras
	eachMember(content, func(name string, value gjson.Result) {
		part, _ := weighPart(model, name, value)
		sum.add(part)
	})
	return sum
}

// weighPart weighs one member of a content part by its name, as a vendor might read it.
// The type that the part claims to have is not asked. Other members are text: media is false.
func weighPart(model, name string, value gjson.Result) (weight extras, media bool) {
	switch name {
	case "image_url", "image", "source":
		return extras{data: imageData(value), tokens: imageTokens(model)}, true
	case "file_id", "file_url":
		return extras{tokens: tokensPerFile}, true
	case "input_audio", "audio", "audio_url":
		data := dataLength(value.Get("data"))
		return extras{data: data, tokens: tokensPerAudio + data/audioCharsPerToken}, true
	case "file", "input_file", "document", "video", "video_url":
		return extras{tokens: tokensPerFile}, true
	default:
		return extras{}, false
	}
}

func imageTokens(model string) int64 {
	if strings.Contains(model, "gpt-4o-mini") {
		return tokensPerImageMini
	}
	return tokensPerImage
}

// imageData is the length of a data URL that no vendor reads as text; 0 for any other URL.
func imageData(image gjson.Result) int64 {
	url := image
	if image.IsObject() {
		url = image.Get("url")
	}
	if strings.HasPrefix(image.Get("media_type").Str, "image/") { // Anthropic's
		return dataLength(image.Get("data"))
	}
	if !strings.HasPrefix(url.Str, "data:image/") {
		return 0
	}
	return dataLength(url)
}

func dataLength(text gjson.Result) int64 {
	if text.Type != gjson.String {
		return 0
	}
	return int64(len(text.Raw))
}
