package alert

import (
	"context"
	"fmt"
	"time"
)

const (
	// watchInterval is how often the sender looks for what time brings by itself.
	watchInterval = 20 * time.Second
	// expiringWithin is how long before its end people hear that a key expires.
	expiringWithin = 7 * 24 * time.Hour
)

// watch adds the events of what time brings by itself: periods that end and keys that expire. Every gateway may do it at
// once, each event comes once.
func (s *Sender) watch(ctx context.Context) error {
	now := s.now()
	if !s.watched.IsZero() && now.Sub(s.watched) < watchInterval {
		return nil
	}
	if err := inBatches(func(n int) (int, error) { return s.outbox.EndIncidents(ctx, now, n) }); err != nil {
		return fmt.Errorf("tell of budgets that hold again: %w", err)
	}
	if err := inBatches(func(n int) (int, error) {
		return s.outbox.TellExpiringKeys(ctx, now, now.Add(expiringWithin), n)
	}); err != nil {
		return fmt.Errorf("tell of keys that expire: %w", err)
	}
	s.watched = now
	return nil
}

// inBatches goes on until there is less than a batch.
func inBatches(do func(n int) (int, error)) error {
	for {
		done, err := do(batch)
		if err != nil || done < batch {
			return err
		}
	}
}
