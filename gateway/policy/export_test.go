package policy

import "context"

// StrangersForTest is how many unknown secrets are remembered.
func (b *Book) StrangersForTest() int { return len(b.strangers.seen) }

// FreshForTest says whether nothing that concerns the subject has changed since it was loaded.
func (b *Book) FreshForTest(ctx context.Context, subject *Subject) (bool, error) {
	return b.fresh(ctx, subject)
}
