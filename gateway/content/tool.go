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
	w.offered()
}

// offered reads a tool that is an object. Where it says something twice, in two spellings, only a server knows which of them it
// reads: each is taken for what would cost the most.
func (w *walk) offered() {
	tool := Tool{Path: w.where()}
	var named, typed bool
	var first string
	var hosted, unknown []string
	var uses, tokens limit
	w.members(func(raw []byte) {
		name := foldInto(&w.name, raw)
		if first == "" {
			first = head(raw)
		}
		switch string(name) {
		case "type":
			if kind := w.string(); kind != "" {
				tool.Type, typed = either(tool.Type, kind, "of several types"), true
			}
		case "function", "name":
			named = true
			w.skip()
		case "maxuses":
			uses.take(w.number())
		case "maxcontenttokens":
			tokens.take(w.number())
		case "searchcontextsize":
			tool.ContextSize = either(tool.ContextSize, w.string(), "of several sizes")
		case "environment":
			tool.Environment = either(tool.Environment, w.typeOf(), "of several kinds")
		case "tools", "functiondeclarations":
			named = true
			w.tools()
		default:
			switch {
			case isHostedMember(string(name)):
				hosted = append(hosted, head(raw))
			case !describesFunction(string(name)) && w.holdsObject():
				unknown = append(unknown, unquotedKind(raw))
			}
			w.skip()
		}
	})
	tool.MaxUses, tool.MaxContentTokens = uses.most, tokens.most
	if isOneOf(tool.Type, "", "function", "custom", "namespace") { // of what a provider runs, they are options
		hosted = append(hosted, unknown...)
	}
	for _, kind := range hosted {
		if Fold(kind) != Fold(tool.Type) { // else it holds the options of what the type says
			w.found.Tools = append(w.found.Tools, Tool{Type: kind, Path: tool.Path})
		}
	}
	if !typed && !named && len(hosted) == 0 {
		tool.Type = first
	}
	if isOneOf(tool.Type, "", "function", "custom", "namespace") {
		return
	}
	w.found.Tools = append(w.found.Tools, tool)
}

// holdsObject says whether the value that follows is an object or a list of them, as what a tool is set up with is.
func (w *walk) holdsObject() bool {
	list, is := bytes.CutPrefix(w.data[w.at:], []byte{'['})
	return w.is('{') || is && bytes.HasPrefix(bytes.TrimLeft(list, " \t\r\n"), []byte{'{'})
}

// either is what a member says that was met before, or contradiction if that was something else.
func either(before, now, contradiction string) string {
	if before == "" || before == now {
		return now
	}
	return contradiction
}

// limit is the loosest of the limits that a tool names; 0 is none.
type limit struct {
	most  int64
	given bool
}

func (l *limit) take(most int64) {
	switch {
	case !l.given:
		l.most = most
	case l.most == 0 || most == 0:
		l.most = 0
	default:
		l.most = max(l.most, most)
	}
	l.given = true
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
	kind := ""
	w.members(func(raw []byte) {
		if string(foldInto(&w.name, raw)) == "type" {
			kind = either(kind, w.string(), "of several kinds")
			return
		}
		w.skip()
	})
	return cmp(kind, "unknown")
}
