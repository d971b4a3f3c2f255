package tokens

// leastBlock is how long the blocks are, at least, in which text is remembered.
const leastBlock = 4 << 10

// blockEnd finds where a block ends: at the first place from which on the count does not depend on what was before. Runs
// that look like data are never cut, nor is text without such a place.
func blockEnd(text string) int {
	for i := leastBlock; i < len(text); i++ {
		if encodingKind(text[i]) == 0 && startsPiece(text, i) {
			return i
		}
	}
	return len(text)
}

// text measures a text block by block; what was measured before is remembered.
func (m *measure) text(text string) {
	for text != "" {
		end := blockEnd(text)
		m.block(text[:end])
		text = text[end:]
	}
}

func (m *measure) block(text string) {
	if m.memory == nil || len(text) < leastBlock/8 { // hashing and keeping is not worth it
		m.measure(text)
		return
	}
	name := m.memory.hash(m.owner, m.vocabulary.encoding, text)
	if known, found := m.memory.find(name); found {
		m.total.add(&known)
		return
	}
	before := m.total
	m.total = shape{}
	m.measure(text)
	if m.total.scanned == 0 {
		m.memory.add(name, m.total)
	}
	m.total.add(&before)
}

func (s *shape) add(other *shape) {
	for class, tokens := range other.by {
		s.by[class] += tokens
	}
	s.exact += other.exact
	s.scanned += other.scanned
}
