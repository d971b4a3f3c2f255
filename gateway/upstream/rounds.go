package upstream

import "github.com/tidwall/gjson"

// iterations is what Anthropic reports of the iterations of one answer. The usage beside them leaves out those that
// only sum up the conversation; all of them are billed.
type iterations struct {
	answers, summaries messagesCounts
	// largest is the prompt of the one that read most.
	largest int64
	// given: there are any; senseless: one of them is less than nothing.
	given, senseless bool
}

// readIterations reads a list that replaces the one before it.
func readIterations(list gjson.Result) iterations {
	var all iterations
	list.ForEach(func(_, iteration gjson.Result) bool {
		var one messagesCounts
		iteration.ForEach(func(name, value gjson.Result) bool {
			one.note(name.Str, value)
			return true
		})
		all.given = true
		all.senseless = all.senseless || !one.sensible()
		all.largest = max(all.largest, one.prompt())
		if iteration.Get("type").Str == "compaction" {
			all.summaries = all.summaries.plus(one)
		} else {
			all.answers = all.answers.plus(one)
		}
		return true
	})
	return all
}

// within joins the iterations with what stands beside them, which leaves out summaries. A list of summaries alone
// comes beside the answer; one that has the answer is all of it, unless more stands beside it.
func (i iterations) within(beside messagesCounts) (all messagesCounts, largest int64) {
	switch listed := i.answers.plus(i.summaries); {
	case !i.given:
		return beside, 0
	case i.answers == (messagesCounts{}):
		return beside.plus(i.summaries), max(i.largest, beside.prompt())
	case listed.prompt() < beside.prompt():
		beside.output = max(beside.output, listed.output)
		return beside, max(i.largest, beside.prompt()-listed.prompt())
	default:
		listed.output = max(beside.output, listed.output)
		return listed, i.largest
	}
}

func (c messagesCounts) plus(other messagesCounts) messagesCounts {
	written := max(c.written, c.hour+c.minutes) + max(other.written, other.hour+other.minutes)
	return messagesCounts{
		input: c.input + other.input, output: c.output + other.output, read: c.read + other.read,
		written: written, minutes: c.minutes + other.minutes, hour: c.hour + other.hour,
	}
}

// Rounds says how often a provider went on by itself for a whole answer, and how often to search the web.
func Rounds(answer []byte) (rounds, searches int64) {
	for list, read := range map[string]func(gjson.Result) (int64, int64){"content": blockRounds, "output": itemRounds} {
		gjson.GetBytes(answer, list).ForEach(func(_, part gjson.Result) bool {
			more, searched := read(part)
			rounds, searches = rounds+more, searches+searched
			return true
		})
	}
	return rounds, searches
}

// blockRounds says whether a content block of Anthropic's means that the provider goes on by itself.
func blockRounds(block gjson.Result) (rounds, searches int64) {
	switch block.Get("type").Str {
	case "server_tool_use", "mcp_tool_use", "compaction":
		rounds = 1
	}
	if block.Get("name").Str == "web_search" {
		searches = rounds
	}
	return rounds, searches
}

// itemRounds is the same for an item of a response.
func itemRounds(item gjson.Result) (rounds, searches int64) {
	switch item.Get("type").Str {
	case "web_search_call":
		return 1, 1
	case "file_search_call", "code_interpreter_call", "mcp_call", "image_generation_call", "compaction":
		return 1, 0
	default:
		return 0, 0
	}
}
