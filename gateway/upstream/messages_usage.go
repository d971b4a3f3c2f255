package upstream

import "github.com/tidwall/gjson"

// messagesReport gathers what Anthropic's usage objects say, in one answer or over a stream.
type messagesReport struct {
	input, output, read, written int64
	minutes, hour                int64 // what was written, apart by how long it is kept
	searches                     int64
	service                      string
}

// take reads one usage object over those before it: what it leaves out or says is null still holds,
// and so does the prompt where a later object says only zeros of it. It reports false when there is
// no object.
func (r *messagesReport) take(usage gjson.Result) bool {
	if !usage.IsObject() {
		return false
	}
	before := *r
	usage.ForEach(func(name, value gjson.Result) bool {
		if value.Type == gjson.Null {
			return true
		}
		switch name.Str {
		case "input_tokens":
			r.input = count(value)
		case "output_tokens":
			r.output = count(value)
		case "cache_read_input_tokens":
			r.read = count(value)
		case "cache_creation_input_tokens":
			r.written = count(value)
		case "cache_creation":
			value.ForEach(r.kept)
		case "server_tool_use":
			if searches := value.Get("web_search_requests"); searches.Type != gjson.Null {
				r.searches = count(searches)
			}
		case "service_tier":
			if named := service(value); named != "" {
				r.service = named
			}
		}
		return true
	})
	if r.input == 0 && r.read == 0 && r.written == 0 {
		r.input, r.read, r.written = before.input, before.read, before.written
	}
	return true
}

// kept reads how long what was written is kept. A zero replaces no count: whatever was told of the
// dearer hour stays.
func (r *messagesReport) kept(name, value gjson.Result) bool {
	tokens := count(value)
	if tokens == 0 {
		return true
	}
	switch name.Str {
	case "ephemeral_5m_input_tokens":
		r.minutes = tokens
	case "ephemeral_1h_input_tokens":
		r.hour = tokens
	}
	return true
}

// usage is all of it; false is that it makes no sense.
func (r *messagesReport) usage() (Usage, bool) {
	if min(r.read, r.written, r.input, r.hour, r.minutes) < 0 {
		return Usage{}, false
	}
	written := max(r.written, r.hour+r.minutes)
	parsed := Usage{
		PromptTokens:       r.input + r.read + written,
		CachedTokens:       r.read,
		CacheWriteTokens:   written - r.hour,
		CacheWrite1hTokens: r.hour,
		CompletionTokens:   r.output,
		Searches:           r.searches,
		Service:            r.service,
	}
	return parsed, parsed.plausible()
}
