package testenv

import (
	"cmp"
	"fmt"
)

// toolArguments are the arguments of every tool call that the fake model makes.
const toolArguments = `{"city":"Paris","days":2}`

// toolCall is one call of a tool that the request offered.
type toolCall struct{ id, name string }

// toolCalls are the calls that the request asks for, all of the first tool that it offers.
func (c *call) toolCalls(name string) []toolCall {
	if name == "" {
		return nil
	}
	times := c.behaviour.ToolCalls
	if c.behaviour.Tool != "" {
		times = max(1, times)
	}
	calls := make([]toolCall, times)
	for i := range calls {
		calls[i] = toolCall{id: fmt.Sprintf("call_%d", i), name: name}
		if c.behaviour.Tool != "" { // agents tell the calls of a conversation apart
			calls[i].id = fmt.Sprintf("call_%d_%d", c.record.At.UnixNano(), i)
		}
	}
	return calls
}

// arguments are those of every call.
func (c *call) arguments() string { return cmp.Or(c.behaviour.Arguments, toolArguments) }

// chatToolCalls are the calls as a chat's message holds them; in a stream's delta with their index.
func (c *call) chatToolCalls(answer completion, indexed bool) []any {
	var calls []any
	for i, call := range c.toolCalls(answer.tool) {
		entry := map[string]any{
			"id": call.id, "type": "function", "function": map[string]any{"name": call.name, "arguments": c.arguments()},
		}
		if indexed {
			entry["index"] = i
		}
		calls = append(calls, entry)
	}
	return calls
}
