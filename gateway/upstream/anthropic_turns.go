package upstream

import (
	"encoding/json"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// chatMessage is one message of a chat.
type chatMessage struct {
	Role       string          `json:"role"`
	Content    json.RawMessage `json:"content"`
	ToolCallID string          `json:"tool_call_id"`
	ToolCalls  []struct {
		ID       string `json:"id"`
		Function struct {
			Name      string `json:"name"`
			Arguments string `json:"arguments"`
		} `json:"function"`
	} `json:"tool_calls"`
	// ThinkingBlocks are what the model thought, as an earlier answer brought them.
	ThinkingBlocks []json.RawMessage `json:"thinking_blocks"`
	CacheControl   json.RawMessage   `json:"cache_control"`
}

// chatPart is one part of a message's content.
type chatPart struct {
	Type     string          `json:"type"`
	Text     string          `json:"text"`
	Refusal  string          `json:"refusal"`
	ImageURL json.RawMessage `json:"image_url"`
	File     struct {
		Data string `json:"file_data"`
		Name string `json:"filename"`
	} `json:"file"`
	CacheControl json.RawMessage `json:"cache_control"`
}

// messagesMessage is one turn in Anthropic's words.
type messagesMessage struct {
	Role    string `json:"role"`
	Content []any  `json:"content"`
}

// messagesBlock is one content block in Anthropic's words.
type messagesBlock struct {
	Type         string          `json:"type"`
	Text         string          `json:"text,omitempty"`
	Source       *messagesSource `json:"source,omitempty"`
	Title        string          `json:"title,omitempty"`
	ID           string          `json:"id,omitempty"`
	Name         string          `json:"name,omitempty"`
	Input        json.RawMessage `json:"input,omitempty"`
	ToolUseID    string          `json:"tool_use_id,omitempty"`
	Content      []messagesBlock `json:"content,omitempty"`
	CacheControl json.RawMessage `json:"cache_control,omitempty"`
}

type messagesSource struct {
	Type      string `json:"type"`
	MediaType string `json:"media_type,omitempty"`
	Data      string `json:"data,omitempty"`
	URL       string `json:"url,omitempty"`
}

// setMessages words the conversation: instructions go apart, and what tools returned is the user's turn.
func (m *messagesRequest) setMessages(messages []chatMessage) error {
	for _, message := range messages {
		blocks, err := messageBlocks(message)
		if err != nil {
			return err
		}
		switch message.Role {
		case "system", "developer":
			m.System = append(m.System, blocks...)
		case "user":
			m.turn("user", toAny(blocks))
		case "tool":
			result := messagesBlock{Type: "tool_result", ToolUseID: message.ToolCallID, Content: blocks, CacheControl: message.CacheControl}
			m.turn("user", []any{result})
		case "assistant":
			turn, err := assistantTurn(message, blocks)
			if err != nil {
				return err
			}
			m.turn("assistant", turn)
		default:
			return api.FieldErrorf("messages", "has a message of role %q, which the model's provider does not know", message.Role)
		}
	}
	return nil
}

// turn adds blocks to the running turn of the role, or begins one: all results of parallel tool calls
// have to stand in one.
func (m *messagesRequest) turn(role string, blocks []any) {
	if len(blocks) == 0 {
		return
	}
	if last := len(m.Messages) - 1; last >= 0 && m.Messages[last].Role == role {
		m.Messages[last].Content = append(m.Messages[last].Content, blocks...)
		return
	}
	m.Messages = append(m.Messages, messagesMessage{Role: role, Content: blocks})
}

func toAny(blocks []messagesBlock) []any {
	list := make([]any, len(blocks))
	for i, block := range blocks {
		list[i] = block
	}
	return list
}

// assistantTurn is what the model thought, said and called, in this order.
func assistantTurn(message chatMessage, said []messagesBlock) ([]any, error) {
	var turn []any
	for _, thought := range message.ThinkingBlocks {
		turn = append(turn, thought)
	}
	turn = append(turn, toAny(said)...)
	for _, call := range message.ToolCalls {
		input := json.RawMessage(strings.TrimSpace(call.Function.Arguments))
		if len(input) == 0 {
			input = json.RawMessage("{}")
		}
		if !json.Valid(input) || input[0] != '{' {
			return nil, api.FieldErrorf("messages", "has a tool call whose arguments are not a JSON object")
		}
		turn = append(turn, messagesBlock{Type: "tool_use", ID: call.ID, Name: call.Function.Name, Input: input})
	}
	return turn, nil
}

// messageBlocks reads a message's content, a text or a list of parts. Empty texts are left out:
// Anthropic refuses them.
func messageBlocks(message chatMessage) ([]messagesBlock, error) {
	var text string
	if !isGiven(message.Content) {
		return nil, nil
	}
	if json.Unmarshal(message.Content, &text) == nil {
		if text == "" {
			return nil, nil
		}
		cache := message.CacheControl
		if message.Role == "tool" {
			cache = nil // it stands on the result
		}
		return []messagesBlock{{Type: "text", Text: text, CacheControl: cache}}, nil
	}
	var parts []chatPart
	if json.Unmarshal(message.Content, &parts) != nil {
		return nil, api.FieldErrorf("messages", "has a message whose content is neither a text nor a list of parts")
	}
	var blocks []messagesBlock
	for _, part := range parts {
		block, err := part.block()
		if err != nil {
			return nil, err
		}
		if block.Type == "text" && block.Text == "" {
			continue
		}
		blocks = append(blocks, block)
	}
	return blocks, nil
}

func (p chatPart) block() (messagesBlock, error) {
	block := messagesBlock{Type: "text", CacheControl: p.CacheControl}
	switch p.Type {
	case "text":
		block.Text = p.Text
	case "refusal":
		block.Text = p.Refusal
	case "image_url":
		block.Type, block.Source = "image", imageSource(p.ImageURL)
	case "file":
		block.Type, block.Title, block.Source = "document", p.File.Name, dataSource(p.File.Data)
	default:
		return block, api.FieldErrorf("messages", "has a part of type %q, which the model's provider does not take", p.Type)
	}
	if block.Type != "text" && block.Source == nil {
		return block, api.FieldErrorf("messages", "has a part of type %q without an address or data that the model's provider could read", p.Type)
	}
	return block, nil
}

// imageSource reads {"url": …} or the address alone.
func imageSource(raw json.RawMessage) *messagesSource {
	var nested struct {
		URL string `json:"url"`
	}
	if json.Unmarshal(raw, &nested) != nil && json.Unmarshal(raw, &nested.URL) != nil {
		return nil
	}
	if strings.HasPrefix(nested.URL, "https://") || strings.HasPrefix(nested.URL, "http://") {
		return &messagesSource{Type: "url", URL: nested.URL}
	}
	return dataSource(nested.URL)
}

// dataSource reads a data URL in base64.
func dataSource(address string) *messagesSource {
	rest, isData := strings.CutPrefix(address, "data:")
	mediaType, data, isBase64 := strings.Cut(rest, ";base64,")
	if !isData || !isBase64 {
		return nil
	}
	return &messagesSource{Type: "base64", MediaType: mediaType, Data: data}
}
