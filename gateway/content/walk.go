package content

import (
	"bytes"
	"strconv"
)

// zone says what may stand at a place of a request.
type zone int

const (
	// atTop are the members of the request itself.
	atTop zone = iota
	// elsewhere: a member that is no conversation. What it holds is found, but its data counts as text too.
	elsewhere
	// conversation: what the model is told and what it said.
	conversation
	// inside a part: its parent judges it.
	inside
)

// place is where a value stands.
type place struct {
	zone zone
	// strict: a vendor reads media here, and nothing but media.
	strict bool
	// item: an element of the input of /v1/responses; part: an element of a list that holds parts.
	item, part bool
}

// deepest is how deep a request may nest; what is deeper counts as unknown.
const deepest = 128

// walk goes through a body once. It trusts nothing: what is no JSON ends it.
type walk struct {
	data  []byte
	at    int
	found Found
	path  [deepest]step
	depth int
	name  [longestName]byte
}

// step is one part of a path: a member's name or an element's index.
type step struct {
	name  []byte
	index int
}

func (w *walk) is(c byte) bool { return w.at < len(w.data) && w.data[w.at] == c }

func (w *walk) space() {
	for w.at < len(w.data) {
		switch w.data[w.at] {
		case ' ', '\t', '\n', '\r':
			w.at++
		default:
			return
		}
	}
}

// unweighed notes the first part whose size is not known.
func (w *walk) unweighed(kind string) {
	if w.found.Unweighed == nil {
		w.found.Unweighed = &Part{Path: w.where(), Kind: kind}
	}
}

const longestPath = 160

func (w *walk) where() string {
	var path []byte
	for _, step := range w.path[:w.depth] {
		switch {
		case step.name == nil:
			path = append(strconv.AppendInt(append(path, '['), int64(step.index), 10), ']')
		case len(path) > 0:
			path = append(append(path, '.'), step.name...)
		default:
			path = append(path, step.name...)
		}
		if len(path) > longestPath {
			return string(bytes.ToValidUTF8(path[:longestPath], nil)) + "…"
		}
	}
	return string(path)
}

// stringEnd finds the quote that ends the string whose first quote is before at; -1 when there is none.
func (w *walk) stringEnd(at int) int {
	for {
		quote := bytes.IndexByte(w.data[at:], '"')
		if quote < 0 {
			return -1
		}
		at += quote
		escapes := 0
		for i := at - 1; i >= 0 && w.data[i] == '\\'; i-- {
			escapes++
		}
		if escapes%2 == 0 {
			return at
		}
		at++
	}
}

// text passes over a string and returns what stands between its quotes.
func (w *walk) text() []byte {
	start := w.at + 1
	end := w.stringEnd(start)
	if end < 0 {
		w.at = len(w.data)
		return nil
	}
	w.at = end + 1
	return w.data[start:end]
}

// skip passes over a value that is text for the model, whatever it holds.
func (w *walk) skip() {
	depth := 0
	for w.at < len(w.data) {
		switch w.data[w.at] {
		case '"':
			w.text()
		case '{', '[':
			depth++
			w.at++
		case '}', ']':
			if depth == 0 {
				return
			}
			depth--
			w.at++
		case ',':
			if depth == 0 {
				return
			}
			w.at++
		default:
			w.at++
			continue
		}
		if depth == 0 {
			return
		}
	}
}

// value is what a parent must know of a member.
type value struct {
	kind byte // 's' for a string, 'o' object, 'l' list, 'p' anything else
	// text is a string's, between the quotes, and span its place with them.
	text []byte
	span Span
	// empty is null, false, "", {} and [].
	empty bool
	// count is how many elements a list has.
	count int
	facts facts
}

// kept is a copy that may be kept; few values are.
func (v *value) kept() *value {
	kept := *v
	return &kept
}

func (v *value) isObject() bool { return v.kind == 'o' }

// value goes through one value.
func (w *walk) value(at place) value {
	w.space()
	start := w.at
	switch {
	case w.is('"'):
		text := w.text()
		return value{kind: 's', text: text, span: Span{start, w.at}, empty: len(text) == 0}
	case w.is('{'):
		known := w.object(at)
		return value{kind: 'o', facts: known, empty: known.members == 0}
	case w.is('['):
		count := w.list(at)
		return value{kind: 'l', empty: count == 0, count: count}
	default:
		w.skip()
		raw := bytes.TrimSpace(w.data[start:min(w.at, len(w.data))])
		return value{kind: 'p', text: raw, empty: len(raw) == 0 || raw[0] == 'n' || raw[0] == 'f'}
	}
}

// list goes through the elements of a list and returns how many there are.
func (w *walk) list(at place) int {
	w.at++
	if !w.enter() {
		return 0
	}
	defer w.leave()
	for n := 0; ; n++ {
		w.space()
		switch {
		case w.at >= len(w.data):
			return n
		case w.is(']'):
			w.at++
			return n
		case w.is(',') || w.is('}') || w.is(':'): // no JSON
			w.at++
			continue
		}
		w.path[w.depth-1] = step{index: n}
		w.value(at)
		w.space()
		if w.is(',') {
			w.at++
		}
	}
}

// enter goes one level down; false is too deep, and then everything to the end is unknown.
func (w *walk) enter() bool {
	if w.depth == deepest {
		w.unweighed("nested too deep")
		w.at = len(w.data)
		return false
	}
	w.depth++
	w.path[w.depth-1] = step{}
	return true
}

func (w *walk) leave() { w.depth-- }

// members visits the members of an object, whose value the visit must pass over.
func (w *walk) members(visit func(name []byte)) {
	w.at++
	if !w.enter() {
		return
	}
	defer w.leave()
	for {
		w.space()
		switch {
		case w.at >= len(w.data):
			return
		case w.is('}'):
			w.at++
			return
		case !w.is('"'): // a comma, or no JSON
			w.at++
			continue
		}
		raw := w.text()
		w.space()
		if !w.is(':') {
			continue
		}
		w.at++
		w.space()
		w.path[w.depth-1] = step{name: raw}
		visit(raw)
	}
}
