package policy

// StrangersForTest is how many unknown secrets are remembered.
func (b *Book) StrangersForTest() int { return len(b.strangers.seen) }
