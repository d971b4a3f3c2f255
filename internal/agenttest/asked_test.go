//go:build agents

package agenttest_test

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

// tooled says whether a call offers tools. Agents that ask for a title offer none.
func tooled(asked testenv.Asked) bool {
	body := gjson.ParseBytes(asked.Body)
	return body.Get("tools.0").Exists() || body.Get(`input.#(type=="additional_tools")`).Exists()
}

// results counts what tools have brought in a conversation.
func results(asked testenv.Asked) (count int) {
	body := gjson.ParseBytes(asked.Body)
	for _, message := range append(body.Get("messages").Array(), body.Get("input").Array()...) {
		if message.Get("role").String() == "tool" || strings.HasSuffix(message.Get("type").String(), "_call_output") {
			count++
		}
		count += len(message.Get(`content.#(type=="tool_result")#`).Array())
	}
	return count
}

// titling says whether a call asks for a session's title.
func titling(asked testenv.Asked) bool {
	return strings.Contains(string(asked.Body), "Generate a title")
}

// compacting says whether a call asks for a summary of the conversation, which takes its place from then on.
func compacting(asked testenv.Asked) bool {
	body := gjson.ParseBytes(asked.Body)
	last := body.Get("messages.@reverse.0.content").String()
	return body.Get("input.@reverse.0.type").String() == "compaction_trigger" || strings.Contains(last, "summary")
}

// searching says whether a call lets the provider search the web.
func searching(asked testenv.Asked) bool {
	return strings.HasPrefix(gjson.GetBytes(asked.Body, "tools.0.type").String(), "web_search")
}
