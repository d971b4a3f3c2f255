package policy

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// newSecrets is the slot whose version counts the secrets that were made. No team's or key's slot is called so.
const newSecrets = "+"

const (
	// maxStrangers bounds how many unknown secrets are remembered; beyond it, it starts anew.
	maxStrangers = 10_000
	// strangerFor is how long one is remembered at most, whatever the version.
	strangerFor = time.Minute
)

// strangers remembers secrets that are nobody's, so that a flood of made-up keys asks the counters for one
// number each time and not the record. A secret that is made on any gateway is known at once: the version
// that a stranger was remembered at is then no longer the one in force.
type strangers struct {
	mu   sync.Mutex
	seen map[string]stranger
}

type stranger struct {
	version int64
	until   time.Time
}

// known says whether the secret was nobody's at this version.
func (s *strangers) known(digest []byte, version int64, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen, found := s.seen[string(digest)]
	return found && seen.version == version && now.Before(seen.until)
}

func (s *strangers) remember(digest []byte, version int64, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil || len(s.seen) >= maxStrangers {
		s.seen = map[string]stranger{}
	}
	s.seen[string(digest)] = stranger{version: version, until: now.Add(strangerFor)}
}

// loadUnlessStranger loads a subject that is not in the book. The version is read before the record: a secret
// made in between makes it an old one.
func (b *Book) loadUnlessStranger(ctx context.Context, digest []byte, team string) (*Subject, error) {
	version, err := b.versions.PolicyVersion(ctx, newSecrets)
	if err != nil {
		return nil, fmt.Errorf("read policy version: %w", err)
	}
	if b.strangers.known(digest, version, time.Now()) {
		return nil, api.Errorf(api.NotFound, "the secret is nobody's")
	}
	subject, err := b.load(ctx, digest, team)
	if api.CodeOf(err) != api.NotFound {
		return subject, err
	}
	// What is missing may as well be the key's team, which was deleted a moment ago.
	if _, keyErr := b.source.KeyByDigest(ctx, digest); api.CodeOf(keyErr) == api.NotFound {
		b.strangers.remember(digest, version, time.Now())
	}
	return nil, err
}
