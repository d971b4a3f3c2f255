package upstream

import (
	"github.com/tidwall/gjson"

	"github.com/bursarhq/terraform-provider-bursar/internal/money"
)

// messagesReport gathers what Anthropic's usage objects say, in one answer or over a stream.
type messagesReport struct {
	messagesCounts
	iterations iterations
	searches   int64
	service    string
	cost       money.Nano
}

// messagesCounts are the tokens that one usage object tells of. Cached input stands beside the rest.
type messagesCounts struct {
	input, output, read, written int64
	minutes, hour                int64 // what was written, apart by how long it is kept
}

// take reads one usage object over those before it: what it leaves out or says is null still holds,
// and so does the prompt where a later object says only zeros of it. It reports false when there is
// no object.
func (r *messagesReport) take(usage gjson.Result) bool {
	if !usage.IsObject() {
		return false
	}
	before := r.messagesCounts
	if cost := reportedCost(usage); cost > 0 {
		r.cost = cost
	}
	usage.ForEach(func(name, value gjson.Result) bool {
		if value.Type == gjson.Null {
			return true
		}
		switch name.Str {
		case "iterations":
			r.iterations = readIterations(value)
		case "server_tool_use":
			if searches := value.Get("web_search_requests"); searches.Type != gjson.Null {
				r.searches = count(searches)
			}
		case "service_tier":
			if named := service(value); named != "" {
				r.service = named
			}
		default:
			r.note(name.Str, value)
		}
		return true
	})
	if r.input == 0 && r.read == 0 && r.written == 0 {
		r.input, r.read, r.written = before.input, before.read, before.written
	}
	return true
}

// note reads one count.
func (c *messagesCounts) note(name string, value gjson.Result) {
	switch name {
	case "input_tokens":
		c.input = count(value)
	case "output_tokens":
		c.output = count(value)
	case "cache_read_input_tokens":
		c.read = count(value)
	case "cache_creation_input_tokens":
		c.written = count(value)
	case "cache_creation":
		value.ForEach(c.kept)
	}
}

// kept reads how long what was written is kept. A zero replaces no count: whatever was told of the
// dearer hour stays.
func (c *messagesCounts) kept(name, value gjson.Result) bool {
	tokens := count(value)
	if tokens == 0 {
		return true
	}
	switch name.Str {
	case "ephemeral_5m_input_tokens":
		c.minutes = tokens
	case "ephemeral_1h_input_tokens":
		c.hour = tokens
	}
	return true
}

// sensible: none of them is less than nothing.
func (c *messagesCounts) sensible() bool {
	return min(c.read, c.written, c.input, c.output, c.hour, c.minutes) >= 0
}

// prompt is all that was read.
func (c *messagesCounts) prompt() int64 { return c.input + c.read + max(c.written, c.hour+c.minutes) }

// usage is all of it; false is that it makes no sense.
func (r *messagesReport) usage() (Usage, bool) {
	if !r.sensible() || r.iterations.senseless {
		return Usage{}, false
	}
	all, largest := r.iterations.within(r.messagesCounts)
	written := max(all.written, all.hour+all.minutes)
	parsed := Usage{
		PromptTokens:       all.input + all.read + written,
		CachedTokens:       all.read,
		CacheWriteTokens:   written - all.hour,
		CacheWrite1hTokens: all.hour,
		LargestPrompt:      largest,
		CompletionTokens:   all.output,
		Searches:           r.searches,
		Service:            r.service,
		Cost:               r.cost,
	}
	return parsed, parsed.plausible()
}
