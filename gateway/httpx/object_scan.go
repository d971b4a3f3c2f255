package httpx

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"unicode/utf8"
)

// maxCompared is how many names of one object the scan compares with each other; more are looked up.
const maxCompared = 32

// errScan stands for whatever is wrong that the scan has no words for.
var errScan = errors.New("is at fault")

// scanObject reads one JSON object of at most so many names in a single pass. It does not say what is wrong: [ParseObject] then looks again,
// slower, and finds the words for it. It exists because bodies of the data path pass here whole.
func scanObject(data []byte, mostNames int) (Object, error) {
	if !utf8.Valid(data) {
		return nil, errScan
	}
	s := scan{data: data, object: Object{}, mostNames: mostNames}
	s.space()
	ok := s.is('{') && s.value()
	s.space()
	switch {
	case s.fault != nil:
		return nil, s.fault
	case !ok || s.at < len(data):
		return nil, errScan
	default:
		return s.object, nil
	}
}

// scan is a position in a text, and what it is inside of.
type scan struct {
	data   []byte
	at     int
	object Object
	open   [maxDepth]opened
	depth  int
	// names are those of all open objects, the innermost last.
	names [][]byte
	// named is how many names there were in all, mostNames how many there may be.
	named, mostNames int
	// nul: the text that the scan is in has a NUL.
	nul bool
	// fault is what ended the scan, where it has words for it: looking again takes a multiple of the time.
	fault error
}

// opened is an object or a list that the scan is inside of.
type opened struct {
	list bool
	// firstName is where its own names begin.
	firstName int
	// seen are its names when they are many.
	seen map[string]bool
}

func (s *scan) is(c byte) bool { return s.at < len(s.data) && s.data[s.at] == c }

func (s *scan) space() {
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// value passes over one value with all that is inside it, without recursion.
func (s *scan) value() bool {
	topAt := 0
	for {
		if s.depth == 1 && !s.open[0].list {
			topAt = s.at
		}
		switch {
		case s.is('{') || s.is('['):
			entered, ok := s.enter()
			if !ok {
				return false
			}
			if entered {
				continue
			}
		case !s.scalar():
			return false
		}
		more, ok := s.leave(&topAt)
		if !ok || !more {
			return ok
		}
	}
}

// enter goes into an object or list up to its first value; an empty one is passed over and not entered.
func (s *scan) enter() (entered, ok bool) {
	list := s.is('[')
	s.at++
	if s.depth == maxDepth {
		s.fault = placed(errDeep, int64(s.at))
		return false, false
	}
	s.space()
	if s.is('}') && !list || s.is(']') && list {
		s.at++
		return false, true
	}
	s.open[s.depth] = opened{list: list, firstName: len(s.names)}
	s.depth++
	return true, list || s.name()
}

// leave goes on behind a value: to the next one of the same object or list, or out of it as far as it ends.
func (s *scan) leave(topAt *int) (more, ok bool) {
	for s.depth > 0 {
		top := s.open[s.depth-1]
		if s.depth == 1 && !top.list {
			s.object[string(s.names[len(s.names)-1])] = json.RawMessage(s.data[*topAt:s.at:s.at])
		}
		s.space()
		switch {
		case s.is(','):
			s.at++
			s.space()
			return true, top.list || s.name()
		case s.is(']') && top.list, s.is('}') && !top.list:
			s.at++
			s.names = s.names[:top.firstName]
			s.depth--
		default:
			return false, false
		}
	}
	return false, true
}

// name reads an object's next name and its colon, up to the value.
func (s *scan) name() bool {
	start := s.at + 1
	if !s.text() {
		return false
	}
	name := s.data[start : s.at-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		var plain string
		if json.Unmarshal(s.data[start-1:s.at], &plain) != nil {
			return false
		}
		name = []byte(plain)
	}
	s.named++
	switch {
	case s.named > s.mostNames:
		s.fault = tooManyNames(s.mostNames)
	case len(s.names)-s.open[s.depth-1].firstName >= maxOwnNames:
		s.fault = errOwnNames
	case s.twice(name):
		s.fault = placed(twiceGiven(string(name)), int64(s.at))
	}
	if s.fault != nil {
		return false
	}
	s.names = append(s.names, name)
	s.space()
	if !s.is(':') {
		return false
	}
	s.at++
	s.space()
	return true
}

// twice says whether the innermost object has the name already.
func (s *scan) twice(name []byte) bool {
	top := &s.open[s.depth-1]
	own := s.names[top.firstName:]
	if len(own) < maxCompared {
		return slices.ContainsFunc(own, func(other []byte) bool { return bytes.Equal(name, other) })
	}
	if top.seen == nil {
		top.seen = make(map[string]bool, 2*maxCompared)
		for _, other := range own {
			top.seen[string(other)] = true
		}
	}
	if top.seen[string(name)] {
		return true
	}
	top.seen[string(name)] = true
	return false
}

func (s *scan) scalar() bool {
	switch {
	case s.is('"'):
		return s.text()
	case s.is('t'):
		return s.word("true")
	case s.is('f'):
		return s.word("false")
	case s.is('n'):
		return s.word("null")
	default:
		return s.number()
	}
}

func (s *scan) word(word string) bool {
	found := bytes.HasPrefix(s.data[s.at:], []byte(word))
	s.at += len(word)
	return found
}

// text passes over a string. A NUL, escaped, is not taken: it could not be stored.
func (s *scan) text() bool {
	if !s.is('"') {
		return false
	}
	for s.at++; s.at < len(s.data); s.at++ {
		switch c := s.data[s.at]; {
		case c == '"':
			s.at++
			if s.nul {
				s.fault = placed(errNUL, int64(s.at))
			}
			return !s.nul
		case c == '\\':
			if !s.escape() {
				return false
			}
		case c < 0x20:
			return false
		}
	}
	return false
}

// escape passes over what follows a backslash, up to its last character.
func (s *scan) escape() bool {
	s.at++
	if s.at >= len(s.data) {
		return false
	}
	switch s.data[s.at] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		code := s.data[min(s.at+1, len(s.data)):min(s.at+5, len(s.data))]
		s.at += 4
		s.nul = s.nul || string(code) == "0000"
		return len(code) == 4 && hexadecimal(code)
	default:
		return false
	}
}

func hexadecimal(code []byte) bool {
	for _, c := range code {
		if !(c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f') {
			return false
		}
	}
	return true
}

func (s *scan) number() bool {
	if s.is('-') {
		s.at++
	}
	if s.is('0') {
		s.at++
	} else if !s.digits() {
		return false
	}
	if s.is('.') {
		s.at++
		if !s.digits() {
			return false
		}
	}
	if s.is('e') || s.is('E') {
		s.at++
		if s.is('+') || s.is('-') {
			s.at++
		}
		return s.digits()
	}
	return true
}

// digits passes over digits and says whether there was one.
func (s *scan) digits() bool {
	start := s.at
	for s.at < len(s.data) && s.data[s.at] >= '0' && s.data[s.at] <= '9' {
		s.at++
	}
	return s.at > start
}
