package upstream

import (
	"encoding/json"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// chatRequest is what a chat completion can say that Anthropic understands too.
type chatRequest struct {
	Messages    []chatMessage   `json:"messages"`
	Tools       []chatTool      `json:"tools"`
	ToolChoice  json.RawMessage `json:"tool_choice"`
	Parallel    *bool           `json:"parallel_tool_calls"`
	Stop        json.RawMessage `json:"stop"`
	Temperature *float64        `json:"temperature"`
	TopP        json.RawMessage `json:"top_p"`
	TopK        json.RawMessage `json:"top_k"`
	User        string          `json:"user"`
	Format      *chatFormat     `json:"response_format"`
	Effort      string          `json:"reasoning_effort"`
	// Thinking is Anthropic's own, as LiteLLM's clients send it.
	Thinking json.RawMessage `json:"thinking"`

	N          *int64          `json:"n"`
	Logprobs   bool            `json:"logprobs"`
	Functions  json.RawMessage `json:"functions"`
	Audio      json.RawMessage `json:"audio"`
	WebSearch  json.RawMessage `json:"web_search_options"`
	LiveSearch json.RawMessage `json:"search_parameters"`
	Plugins    json.RawMessage `json:"plugins"`
	Prediction json.RawMessage `json:"prediction"`
}

type chatTool struct {
	Type     string `json:"type"`
	Function struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Parameters  json.RawMessage `json:"parameters"`
	} `json:"function"`
	CacheControl json.RawMessage `json:"cache_control"`
}

type chatFormat struct {
	Type       string `json:"type"`
	JSONSchema struct {
		Schema json.RawMessage `json:"schema"`
	} `json:"json_schema"`
}

// messagesRequest is a request in Anthropic's words.
type messagesRequest struct {
	Model         string            `json:"model"`
	MaxTokens     int64             `json:"max_tokens"`
	System        []messagesBlock   `json:"system,omitempty"`
	Messages      []messagesMessage `json:"messages"`
	Tools         []messagesTool    `json:"tools,omitempty"`
	ToolChoice    *messagesChoice   `json:"tool_choice,omitempty"`
	StopSequences []string          `json:"stop_sequences,omitempty"`
	Temperature   *float64          `json:"temperature,omitempty"`
	TopP          json.RawMessage   `json:"top_p,omitempty"`
	TopK          json.RawMessage   `json:"top_k,omitempty"`
	Metadata      map[string]string `json:"metadata,omitempty"`
	Thinking      json.RawMessage   `json:"thinking,omitempty"`
	OutputConfig  map[string]any    `json:"output_config,omitempty"`
	Stream        bool              `json:"stream,omitempty"`
}

type messagesTool struct {
	Name         string          `json:"name"`
	Description  string          `json:"description,omitempty"`
	InputSchema  json.RawMessage `json:"input_schema"`
	CacheControl json.RawMessage `json:"cache_control,omitempty"`
}

type messagesChoice struct {
	Type            string `json:"type"`
	Name            string `json:"name,omitempty"`
	DisableParallel bool   `json:"disable_parallel_tool_use,omitempty"`
}

// chatToMessages words a chat completion for Anthropic. What Anthropic has no word for is refused where
// the answer would not be what was asked for, and left out where it only steers.
func chatToMessages(d Deployment, call Call) ([]byte, error) {
	var chat chatRequest
	if err := json.Unmarshal(call.Body, &chat); err != nil {
		return nil, api.Errorf(api.Invalid, "the request cannot be worded for Anthropic's API: a field is of the wrong kind").WithCause(err)
	}
	if err := chat.checkServed(); err != nil {
		return nil, err
	}
	request := messagesRequest{
		Model: d.UpstreamModel, MaxTokens: call.OutputCap, Stream: call.Stream,
		TopP: chat.TopP, TopK: chat.TopK, Temperature: chat.Temperature,
		StopSequences: stopSequences(chat.Stop), Thinking: chat.thinking(call.OutputCap),
	}
	if request.Temperature != nil && *request.Temperature > 1 {
		request.Temperature = new(1.0) // the most that Anthropic has; OpenAI goes to 2
	}
	if chat.User != "" {
		request.Metadata = map[string]string{"user_id": chat.User}
	}
	if chat.Format != nil && chat.Format.Type == "json_schema" {
		request.OutputConfig = map[string]any{"format": map[string]any{"type": "json_schema", "schema": chat.Format.JSONSchema.Schema}}
	}
	if err := request.setTools(chat); err != nil {
		return nil, err
	}
	if err := request.setMessages(chat.Messages); err != nil {
		return nil, err
	}
	return json.Marshal(request)
}

// checkServed refuses what would change the answer's meaning if it were left out.
func (r *chatRequest) checkServed() error {
	switch {
	case r.N != nil && *r.N > 1:
		return api.FieldErrorf("n", "must be 1: the model's provider gives one choice")
	case r.Logprobs:
		return api.FieldErrorf("logprobs", "is not served: the model's provider does not tell them")
	case len(r.Functions) > 0:
		return api.FieldErrorf("functions", "is not served by the model's provider; use tools")
	case isGiven(r.Audio):
		return api.FieldErrorf("audio", "is not served by the model's provider")
	case isGiven(r.WebSearch):
		return api.FieldErrorf("web_search_options", "is not served by the model's provider")
	case isGiven(r.LiveSearch):
		return api.FieldErrorf("search_parameters", "is not served by the model's provider")
	case isGiven(r.Plugins):
		return api.FieldErrorf("plugins", "is not served by the model's provider")
	case r.Format != nil && r.Format.Type != "text" && r.Format.Type != "json_schema":
		return api.FieldErrorf("response_format", "must be text or json_schema: the model's provider has no %q", r.Format.Type)
	default:
		return nil
	}
}

func isGiven(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// stopSequences reads a text or a list of them.
func stopSequences(raw json.RawMessage) []string {
	var one string
	if json.Unmarshal(raw, &one) == nil && one != "" {
		return []string{one}
	}
	var list []string
	_ = json.Unmarshal(raw, &list)
	return list
}

// thinkingBudgets are the tokens for thinking by reasoning_effort, as LiteLLM has them.
var thinkingBudgets = map[string]int64{"minimal": 1024, "low": 1024, "medium": 2048, "high": 4096, "xhigh": 8192}

const leastThinking = 1024

// thinking turns reasoning_effort into a budget, which must leave room for the answer.
func (r *chatRequest) thinking(outputCap int64) json.RawMessage {
	if isGiven(r.Thinking) {
		return r.Thinking
	}
	budget := min(thinkingBudgets[strings.ToLower(r.Effort)], outputCap-1)
	if budget < leastThinking {
		return nil
	}
	data, _ := json.Marshal(map[string]any{"type": "enabled", "budget_tokens": budget}) // a text and a number
	return data
}

// setTools words the tools and which of them to use.
func (m *messagesRequest) setTools(chat chatRequest) error {
	for _, tool := range chat.Tools {
		if tool.Type != "function" && tool.Type != "" {
			return api.FieldErrorf("tools", "must be functions: the model's provider has no tool of type %q", tool.Type)
		}
		schema := tool.Function.Parameters
		if !isGiven(schema) {
			schema = json.RawMessage(`{"type":"object","properties":{}}`)
		}
		m.Tools = append(m.Tools, messagesTool{
			Name: tool.Function.Name, Description: tool.Function.Description, InputSchema: schema, CacheControl: tool.CacheControl,
		})
	}
	m.ToolChoice = toolChoice(chat.ToolChoice)
	if len(m.Tools) > 0 && chat.Parallel != nil && !*chat.Parallel {
		if m.ToolChoice == nil {
			m.ToolChoice = &messagesChoice{Type: "auto"}
		}
		m.ToolChoice.DisableParallel = m.ToolChoice.Type != "none"
	}
	return nil
}

func toolChoice(raw json.RawMessage) *messagesChoice {
	var word string
	if json.Unmarshal(raw, &word) == nil {
		if kind, known := map[string]string{"auto": "auto", "none": "none", "required": "any"}[word]; known {
			return &messagesChoice{Type: kind}
		}
		return nil
	}
	var named struct {
		Function struct {
			Name string `json:"name"`
		} `json:"function"`
	}
	if json.Unmarshal(raw, &named) != nil || named.Function.Name == "" {
		return nil
	}
	return &messagesChoice{Type: "tool", Name: named.Function.Name}
}
