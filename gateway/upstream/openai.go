package upstream

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/tidwall/gjson"
)

const openAIHost = "api.openai.com"

// openAI speaks OpenAI's API to OpenAI and to everything compatible with it.
type openAI struct{}

func (openAI) request(ctx context.Context, d Deployment, call Call) (*http.Request, error) {
	if hostOf(d.BaseURL) == openAIHost && (call.Path == PathMessages || call.Path == PathCountTokens) {
		return nil, unserved(call, "OpenAI's API")
	}
	body, err := call.rewritten(d)
	if err != nil {
		return nil, err
	}
	request, err := newRequest(ctx, call, d.BaseURL+call.Path, body)
	if err != nil {
		return nil, err
	}
	if d.APIKey != "" {
		request.Header.Set("Authorization", "Bearer "+d.APIKey)
	}
	return request, nil
}

func (openAI) answer(_ Call, response *http.Response) *http.Response { return response }

// newRequest makes a request with what all dialects send.
func newRequest(ctx context.Context, call Call, address string, body []byte) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, call.method(), address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if len(body) > 0 {
		request.Header.Set("Content-Type", call.contentType())
	}
	request.Header.Set("User-Agent", "bursar")
	return request, nil
}

// ParseUsage reads the usage object of a chat completion or of a stream's chunk.
// It reports false when there is none or when it makes no sense.
func ParseUsage(data []byte) (Usage, bool) {
	usage := gjson.GetBytes(data, "usage")
	if !usage.IsObject() {
		return Usage{}, false
	}
	parsed := Usage{
		PromptTokens:     usage.Get("prompt_tokens").Int(),
		CachedTokens:     usage.Get("prompt_tokens_details.cached_tokens").Int(),
		CompletionTokens: usage.Get("completion_tokens").Int(),
		ReasoningTokens:  usage.Get("completion_tokens_details.reasoning_tokens").Int(),
		AudioInTokens:    usage.Get("prompt_tokens_details.audio_tokens").Int(),
		AudioOutTokens:   usage.Get("completion_tokens_details.audio_tokens").Int(),
	}
	return parsed, parsed.plausible()
}

const maxPlausibleTokens = 1 << 40

func (u Usage) plausible() bool {
	for _, n := range []int64{
		u.PromptTokens, u.CachedTokens, u.CacheWriteTokens, u.CacheWrite1hTokens,
		u.CompletionTokens, u.ReasoningTokens, u.AudioInTokens, u.AudioOutTokens,
	} {
		if n < 0 || n > maxPlausibleTokens {
			return false
		}
	}
	return u.CachedTokens+u.AudioInTokens <= u.PromptTokens && u.ReasoningTokens+u.AudioOutTokens <= u.CompletionTokens &&
		u.PromptTokens+u.CompletionTokens > 0
}

func hostOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return strings.TrimPrefix(address, "https://")
	}
	return parsed.Host
}
