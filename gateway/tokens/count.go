// Package tokens counts the tokens of prompts and completions.
//
// It promises that a bound is never below what the vendors count, and that bodies of any kind
// are counted in bounded time. It must never know of prices, teams, limits or HTTP: it is
// arithmetic on the text of a request.
package tokens

const (
	// maxTokenized is how many bytes of one prompt are tokenized, 10 to 80 ms of work.
	// The rest counts by its length.
	maxTokenized = 64 << 10
	// What OpenAI adds for a message, for its name, and to start the answer.
	tokensPerMessage = 3
	tokensPerMember  = 1
	tokensPerAnswer  = 3
)

// CountTokens is a tight upper bound of a request's prompt tokens, for a second try where
// [InputTokensBound] was too much. It is never more than that bound. For OpenAI's models the
// text is tokenized, up to 64 KB of it; for others, and beyond, every byte of text counts as a
// token, which still saves the JSON around it. The first call loads a vocabulary.
func CountTokens(model string, body []byte) int64 {
	count := promptCount{model: model, left: maxTokenized, bytesPerToken: 1}
	if encoding, known := encodingOf(model); known {
		count.codec = vocabularies[encoding]()
	}
	count.request(body)
	if count.toolset {
		count.tokens += tokensPerToolset
	}
	return min(tokensPerRequest+count.tokens, InputTokensBound(model, body))
}

// EstimateTokens is the likeliest number of prompt tokens, to book a request by whose upstream
// reported no usage. For OpenAI's models and a prompt of text it is exact, as [CountText] is;
// pictures, sound and files are booked at what they cost at most.
func EstimateTokens(model string, body []byte) int64 {
	codec, known := codecOf(model)
	count := promptCount{model: model, codec: codec, left: maxTokenized, bytesPerToken: 4}
	count.request(body)
	if !known {
		count.tokens += quarter(count.tokens)
	}
	return min(tokensPerAnswer+count.tokens, InputTokensBound(model, body))
}

// CountText is how many tokens a completion has, for streams that end without usage.
// It is exact for OpenAI's models; for others it is their count and a quarter more, never
// above the number of bytes.
func CountText(model, text string) int64 {
	codec, known := codecOf(model)
	tokens := tokenize(codec, text)
	if !known {
		tokens = min(tokens+quarter(tokens), int64(len(text)))
	}
	return tokens
}

// quarter is how many more tokens than OpenAI's other vendors may make of a text.
func quarter(tokens int64) int64 { return (tokens + 3) / 4 }
