package testenv

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

const (
	liteLLMVersion = "1.81.9"
	// liteLLMRetries is how often the OpenAI client that LiteLLM calls with tries again.
	liteLLMRetries = 2
)

// spokenByOpenAIClient are the providers that LiteLLM calls with OpenAI's client.
var spokenByOpenAIClient = map[string]bool{"openai": true, "hosted_vllm": true, "litellm_proxy": true, "openai_like": true}

// forward sends a call on to the deployment that the model has, as OpenAI's client does, and counts what it costs.
func (l *LiteLLM) forward(path string) func(http.ResponseWriter, *http.Request, liteLLMKey) {
	return func(w http.ResponseWriter, r *http.Request, key liteLLMKey) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUpstreamBody))
		if err != nil || !gjson.ValidBytes(body) {
			liteLLMError(w, http.StatusBadRequest, "invalid_request_error", "Invalid JSON payload")
			return
		}
		model, ok := l.model(w, body, key)
		if !ok {
			return
		}
		provider, name, found := strings.Cut(model.Params.Model, "/")
		if !found || !spokenByOpenAIClient[provider] {
			liteLLMError(w, http.StatusBadRequest, "invalid_request_error", "litellm.BadRequestError: LLM Provider NOT provided. Pass in the LLM provider you are trying to call. You passed model="+model.Params.Model)
			return
		}
		if model.Params.APIKey == "" {
			liteLLMError(w, http.StatusInternalServerError, "auth_error", "litellm.AuthenticationError: AuthenticationError: OpenAIException - The api_key client option must be set")
			return
		}
		call := liteLLMCall{proxy: l, w: w, model: model, key: key, told: gjson.GetBytes(body, "stream_options.include_usage").Bool()}
		sent, err := sentBody(body, name)
		if err != nil {
			liteLLMError(w, http.StatusInternalServerError, "internal_server_error", err.Error())
			return
		}
		response, err := call.send(r.Context(), strings.TrimRight(model.Params.APIBase, "/")+path, sent)
		if err != nil {
			liteLLMError(w, http.StatusInternalServerError, "None", "litellm.InternalServerError: InternalServerError: OpenAIException - Connection error.")
			return
		}
		defer func() { _ = response.Body.Close() }()
		call.answer(response)
	}
}

// sentBody is what reaches the provider: the model by the name it has there, nothing that is LiteLLM's own, and the
// usage of streams asked for, without which nothing could be counted.
func sentBody(body []byte, name string) ([]byte, error) {
	fields := map[string]any{"model": name}
	if gjson.GetBytes(body, "stream").Bool() {
		fields["stream_options.include_usage"] = true
	}
	var err error
	for field, value := range fields {
		if body, err = sjson.SetBytes(body, field, value); err != nil {
			return nil, fmt.Errorf("make the provider's request: %w", err)
		}
	}
	for _, own := range []string{"metadata", "tags", "num_retries", "fallbacks", "litellm_metadata", "cache"} {
		if body, err = sjson.DeleteBytes(body, own); err != nil {
			return nil, fmt.Errorf("make the provider's request: %w", err)
		}
	}
	return body, nil
}

// liteLLMCall is a call on its way through the proxy.
type liteLLMCall struct {
	proxy *LiteLLM
	w     http.ResponseWriter
	model liteLLMModel
	key   liteLLMKey
	// told says whether the client wants to know the usage of a stream.
	told bool
}

// send does what OpenAI's client does: it tries again after what may pass.
func (c *liteLLMCall) send(ctx context.Context, address string, body []byte) (*http.Response, error) {
	for attempt := 0; ; attempt++ {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
		if err != nil {
			return nil, fmt.Errorf("call the provider: %w", err)
		}
		request.Header.Set("Authorization", "Bearer "+c.model.Params.APIKey)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("User-Agent", "OpenAI/Python 1.99.5")
		request.Header.Set("X-Stainless-Lang", "python")
		request.Header.Set("X-Stainless-Retry-Count", strconv.Itoa(attempt))
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return nil, fmt.Errorf("call the provider: %w", err)
		}
		again := response.StatusCode == http.StatusRequestTimeout || response.StatusCode == http.StatusConflict || response.StatusCode == http.StatusTooManyRequests || response.StatusCode >= 500
		switch response.Header.Get("X-Should-Retry") { // which the client obeys before all else
		case "true":
			again = true
		case "false":
			again = false
		}
		if !again || attempt == liteLLMRetries {
			return response, nil
		}
		_ = response.Body.Close()
	}
}

// exceptions are LiteLLM's names of what a status of a provider means.
var exceptions = map[int]string{400: "BadRequestError", 401: "AuthenticationError", 403: "PermissionDeniedError", 404: "NotFoundError", 429: "RateLimitError", 500: "InternalServerError", 503: "ServiceUnavailableError"}

func (c *liteLLMCall) answer(response *http.Response) {
	for name, values := range response.Header { // what the provider said stays readable
		c.w.Header().Set("llm_provider-"+strings.ToLower(name), values[0])
	}
	if response.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(response.Body)
		exception := exceptions[response.StatusCode]
		if exception == "" {
			exception = "APIError"
		}
		liteLLMError(c.w, response.StatusCode, "None", fmt.Sprintf("litellm.%s: %s: OpenAIException - %s. Received Model Group=%s\nAvailable Model Group Fallbacks=None",
			exception, exception, gjson.GetBytes(said, "error.message").String(), c.model.Name))
		return
	}
	head := c.w.Header()
	head.Set("X-Litellm-Call-Id", "call-"+strconv.Itoa(c.proxy.Calls()+1))
	head.Set("X-Litellm-Model-Id", "model-of-"+c.model.Name)
	head.Set("X-Litellm-Model-Group", c.model.Name)
	head.Set("X-Litellm-Model-Api-Base", c.model.Params.APIBase)
	head.Set("X-Litellm-Version", liteLLMVersion)
	head.Set("X-Litellm-Attempted-Retries", "0")
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		c.stream(response.Body)
		return
	}
	body, err := io.ReadAll(response.Body)
	if err == nil {
		body, err = sjson.SetBytes(body, "model", c.model.Name)
	}
	if err != nil {
		liteLLMError(c.w, http.StatusInternalServerError, "None", "litellm.APIError: "+err.Error())
		return
	}
	cost, spent := c.count(gjson.GetBytes(body, "usage"))
	head.Set("X-Litellm-Response-Cost", strconv.FormatFloat(cost, 'g', -1, 64))
	head.Set("X-Litellm-Key-Spend", strconv.FormatFloat(spent, 'g', -1, 64))
	head.Set("Content-Type", "application/json")
	_, _ = c.w.Write(body)
}

// stream passes events on, under the model's own name; those of the usage only to who asked for it.
func (c *liteLLMCall) stream(body io.Reader) {
	c.w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	control := http.NewResponseController(c.w)
	lines := bufio.NewScanner(body)
	for lines.Scan() {
		data, found := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
		if !found {
			continue
		}
		if usage := gjson.GetBytes(data, "usage"); usage.IsObject() {
			c.count(usage)
			if !c.told {
				continue
			}
		}
		if json.Valid(data) {
			data, _ = sjson.SetBytes(data, "model", c.model.Name)
		}
		if _, err := fmt.Fprintf(c.w, "data: %s\n\n", data); err != nil {
			return
		}
		_ = control.Flush()
	}
}

// liteLLMUse is what a key used since it was last written.
type liteLLMUse struct {
	model              string
	spend              float64
	prompt, completion int64
	calls              int
}

// count adds up what a call costs, and returns it with what the key has spent.
func (c *liteLLMCall) count(usage gjson.Result) (cost, spent float64) {
	prompt, completion := usage.Get("prompt_tokens").Int(), usage.Get("completion_tokens").Int()
	cost = float64(prompt)*c.model.Params.Input + float64(completion)*c.model.Params.Output
	l := c.proxy
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	use := l.unwritten[c.key.token]
	use.model, use.spend, use.prompt, use.completion, use.calls = c.model.Name, use.spend+cost, use.prompt+prompt, use.completion+completion, use.calls+1
	l.unwritten[c.key.token] = use
	return cost, c.key.spend.Float64 + cost
}

// Write writes what keys have spent to the database: to the key, its team, its user and member, and the sums of the day.
// LiteLLM does so about once a minute (proxy_batch_write_at), not with the call.
func (l *LiteLLM) Write(ctx context.Context) error {
	l.mu.Lock()
	unwritten := l.unwritten
	l.unwritten = map[string]liteLLMUse{}
	l.mu.Unlock()
	for token, use := range unwritten {
		if token == "" {
			continue
		}
		if _, err := l.db.ExecContext(ctx, `WITH k AS (UPDATE "LiteLLM_VerificationToken" SET spend = spend + $2 WHERE token = $1 RETURNING team_id, user_id),
			t AS (UPDATE "LiteLLM_TeamTable" t SET spend = t.spend + $2 FROM k WHERE t.team_id = k.team_id),
			u AS (UPDATE "LiteLLM_UserTable" u SET spend = u.spend + $2 FROM k WHERE u.user_id = k.user_id)
			UPDATE "LiteLLM_TeamMembership" m SET spend = m.spend + $2 FROM k WHERE m.team_id = k.team_id AND m.user_id = k.user_id`, token, use.spend); err != nil {
			return fmt.Errorf("write what a key has spent: %w", err)
		}
	}
	return nil
}
