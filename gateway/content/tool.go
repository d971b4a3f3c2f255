package content

import (
	"bytes"
	"strconv"
)

// tools goes through what stands in a member named tools: what the client's own functions look like is text, what
// else there is is noted, in lists within lists too.
func (w *walk) tools() {
	w.space()
	w.found.Toolset = true
	switch {
	case w.is('['):
		w.at++
		if !w.enter() {
			return
		}
		defer w.leave()
		for n := 0; ; n++ {
			w.space()
			switch {
			case w.at >= len(w.data):
				return
			case w.is(']'):
				w.at++
				return
			}
			w.path[w.depth-1] = step{index: n}
			w.tool()
			w.space()
			if w.is(',') {
				w.at++
			}
		}
	default:
		w.tool()
	}
}

// tool reads one tool.
func (w *walk) tool() {
	switch {
	case w.is('['):
		w.tools()
		return
	case w.is('"'): // some servers know their tools by name
		name := head(w.text())
		w.found.Tools = append(w.found.Tools, Tool{Type: name, Path: w.where()})
		return
	case !w.is('{'):
		at := w.at
		if w.skip(); w.at == at {
			w.at++ // no JSON
		}
		return
	}
	tool := Tool{Path: w.where()}
	var named, typed bool
	var first string
	w.members(func(raw []byte) {
		name := foldInto(&w.name, raw)
		if first == "" {
			first = head(raw)
		}
		switch string(name) {
		case "type":
			if kind := w.string(); kind != "" && !isOneOf(tool.Type, "", kind) {
				tool.Type = "of several types" // only a server that reads one of them knows which
			} else if kind != "" {
				tool.Type, typed = kind, true
			}
		case "function", "name":
			named = true
			w.skip()
		case "maxuses":
			tool.MaxUses = w.number()
		case "maxcontenttokens":
			tool.MaxContentTokens = w.number()
		case "searchcontextsize":
			tool.ContextSize = w.string()
		case "environment":
			tool.Environment = w.typeOf()
		case "tools", "functiondeclarations":
			named = true
			w.tools()
		default:
			w.skip()
		}
	})
	if !typed && !named {
		tool.Type = first
	}
	if isOneOf(tool.Type, "", "function", "custom", "namespace") {
		return
	}
	w.found.Tools = append(w.found.Tools, tool)
}

// string reads a value that should be one.
func (w *walk) string() string {
	w.space()
	if !w.is('"') {
		w.skip()
		return ""
	}
	return unquotedKind(w.text())
}

func (w *walk) number() int64 {
	w.space()
	start := w.at
	w.skip()
	number, _ := strconv.ParseInt(string(bytes.TrimSpace(w.data[start:min(w.at, len(w.data))])), 10, 64)
	return max(number, 0)
}

// typeOf reads the type of an object; of anything else it is its text.
func (w *walk) typeOf() string {
	w.space()
	if !w.is('{') {
		return w.string()
	}
	kind := "unknown"
	w.members(func(raw []byte) {
		if string(foldInto(&w.name, raw)) == "type" {
			kind = w.string()
			return
		}
		w.skip()
	})
	return kind
}
