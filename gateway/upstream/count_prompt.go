package upstream

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/tidwall/gjson"
)

// counted are the members of a request that a provider counts by, and uncounted those that are not part of the
// prompt and that it refuses there. A request that has any other is not counted: what it adds is not known.
var (
	counted   = []string{"model", "messages", "system", "tools", "tool_choice", "thinking"}
	uncounted = map[string]bool{
		"max_tokens": true, "stream": true, "temperature": true, "top_p": true, "top_k": true, "stop_sequences": true,
		"metadata": true, "service_tier": true, "inference_geo": true, "speed": true,
	}
)

// CountsPrompts says whether a provider tells how many tokens a prompt has.
func (d Deployment) CountsPrompts() bool { return d.Provider == anthropicProvider }

// maxCount bounds the answer, which is one number.
const maxCount = 16 << 10

// CountPrompt asks a provider how many tokens the call's prompt has, about. It costs nothing. The error says why the
// provider did not tell; it is no sign that the call itself would fail.
func (c *Client) CountPrompt(ctx context.Context, d Deployment, call Call) (int64, error) {
	body, err := promptOf(d, call)
	if err != nil {
		return 0, err
	}
	response, err := c.Send(ctx, d, Call{Wire: Messages, Path: PathCountTokens, Body: body, Header: call.Header})
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxCount))
	if err != nil {
		return 0, fmt.Errorf("read a count of %s: %w", d.Host(), err)
	}
	tokens := gjson.GetBytes(answer, "input_tokens")
	if response.StatusCode != http.StatusOK || tokens.Type != gjson.Number || tokens.Int() <= 0 {
		return 0, fmt.Errorf("%s does not count: status %d", d.Host(), response.StatusCode)
	}
	return tokens.Int(), nil
}

// promptOf is what of a call is its prompt, in the provider's words.
func promptOf(d Deployment, call Call) ([]byte, error) {
	body := call.Body
	switch call.Path {
	case PathMessages:
	case pathChat:
		translated, err := chatToMessages(d, call)
		if err != nil {
			return nil, err
		}
		body = translated
	default:
		return nil, unserved(call, "Anthropic's API")
	}
	var request map[string]json.RawMessage
	if err := json.Unmarshal(body, &request); err != nil {
		return nil, fmt.Errorf("read the request: %w", err)
	}
	prompt := map[string]json.RawMessage{}
	for _, name := range counted {
		if value, given := request[name]; given {
			prompt[name] = value
			delete(request, name)
		}
	}
	for name := range request {
		if !uncounted[name] {
			return nil, fmt.Errorf("what %.64q adds to the prompt is not known", name)
		}
	}
	return json.Marshal(prompt)
}
