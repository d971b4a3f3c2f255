package upstream

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

const openAIHost = "api.openai.com"

func newOpenAIRequest(ctx context.Context, d Deployment, path string, body []byte) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.BaseURL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "bursar")
	if d.APIKey != "" {
		request.Header.Set("Authorization", "Bearer "+d.APIKey)
	}
	return request, nil
}

// Rewrite changes in a chat completion body what the gateway answers for, and nothing else:
// the model's name, the output cap, and the request for usage on streams.
func Rewrite(body []byte, d Deployment, outputCap int64, stream bool) ([]byte, error) {
	body, err := sjson.SetBytes(body, "model", d.UpstreamModel)
	if err != nil {
		return nil, fmt.Errorf("set model: %w", err)
	}
	for _, field := range capFields(body, d) {
		if body, err = sjson.SetBytes(body, field, outputCap); err != nil {
			return nil, fmt.Errorf("set %s: %w", field, err)
		}
	}
	if stream && !gjson.GetBytes(body, "stream_options.include_usage").Bool() {
		if body, err = sjson.SetBytes(body, "stream_options.include_usage", true); err != nil {
			return nil, fmt.Errorf("set stream_options: %w", err)
		}
	}
	return body, nil
}

// capFields returns the fields that carry the output cap: those the client used,
// else the one that the provider reads. OpenAI's newer models refuse max_tokens,
// many compatible servers know nothing else.
func capFields(body []byte, d Deployment) []string {
	var used []string
	for _, field := range []string{"max_completion_tokens", "max_tokens"} {
		if value := gjson.GetBytes(body, field); value.Exists() && value.Type != gjson.Null {
			used = append(used, field)
		}
	}
	if len(used) > 0 {
		return used
	}
	if hostOf(d.BaseURL) == openAIHost {
		return []string{"max_completion_tokens"}
	}
	return []string{"max_tokens"}
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
		u.PromptTokens, u.CachedTokens, u.CompletionTokens, u.ReasoningTokens, u.AudioInTokens, u.AudioOutTokens,
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
