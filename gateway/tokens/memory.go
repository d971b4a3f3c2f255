package tokens

import (
	"hash/maphash"
	"sync"

	"github.com/tiktoken-go/tokenizer"
)

// Memory remembers what blocks of text consist of, by their hash. Long prompts are mostly the same as the call
// before, and hashing takes a thousandth of the time that counting takes.
//
// What one owner's texts have taught is never found by another, who could else learn from the time that a call
// takes what somebody has sent. Texts are not kept.
type Memory struct {
	seed maphash.Seed
	most int

	mu sync.Mutex
	// young takes what is new or asked for; when it is full it becomes old, and the old is forgotten.
	young, old map[uint64]shape
}

// DefaultMemory is how many blocks are remembered: some 250 MB of text in about 10 MB of memory.
const DefaultMemory = 1 << 16

// NewMemory remembers so many blocks, and lately asked ones longer than others.
func NewMemory(blocks int) *Memory {
	return &Memory{seed: maphash.MakeSeed(), most: max(1, blocks/2), young: map[uint64]shape{}}
}

// hash names a block of an owner's text.
func (m *Memory) hash(owner string, encoding tokenizer.Encoding, block string) uint64 {
	var h maphash.Hash
	h.SetSeed(m.seed)
	for _, part := range []string{owner, string(encoding)} {
		_, _ = h.WriteString(part)
		_ = h.WriteByte(0)
	}
	_, _ = h.WriteString(block)
	return h.Sum64()
}

func (m *Memory) find(name uint64) (shape, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if found, known := m.young[name]; known {
		return found, true
	}
	found, known := m.old[name]
	if known {
		m.keep(name, found)
	}
	return found, known
}

func (m *Memory) add(name uint64, s shape) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keep(name, s)
}

func (m *Memory) keep(name uint64, s shape) {
	if len(m.young) >= m.most {
		m.old, m.young = m.young, make(map[uint64]shape, m.most)
	}
	m.young[name] = s
}

// Len is how many blocks are remembered.
func (m *Memory) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.young) + len(m.old)
}
