package access

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
)

const (
	// readEvery is the least time between two readings of all secrets, and restBetween how many times as long as a
	// reading takes: guesses must not cost more than a share of the record's time.
	readEvery   = time.Second
	restBetween = 20
)

// fingerprint is enough of a secret's hash to tell it from guesses.
type fingerprint [8]byte

// knownSecrets remembers a part of the hash of every secret there is, to tell a key that is right from a guess without
// a look-up for each. It opens nothing: who is in it is looked up as anybody is.
type knownSecrets struct {
	mu     sync.Mutex
	hashes map[fingerprint]struct{}
	next   time.Time
}

// Known says whether the headers carry a key or token that is right, or was a moment ago. Guesses cost no look-up each.
func (c *Callers) Known(ctx context.Context, header http.Header) bool {
	secret, err := auth.Presented(header)
	if err != nil {
		return false
	}
	if c.Configured.Has(secret) {
		return true
	}
	if auth.IsToken(secret) && c.readsTokens() {
		_, err := c.withToken(ctx, secret)
		return err == nil
	}
	return auth.CheckSecret(secret) == nil && c.known.has(ctx, c.Record, auth.Digest(secret), c.Now)
}

func (k *knownSecrets) has(ctx context.Context, record CallerRecord, digest []byte, now func() time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	hashes := record.SecretHashes(digest)
	if found := k.hasOneOf(hashes); found || now().Before(k.next) {
		return found
	}
	began := now()
	fresh := map[fingerprint]struct{}{}
	err := record.EachSecretHash(ctx, func(hash []byte) { fresh[fingerprint(hash)] = struct{}{} })
	k.next = now().Add(max(readEvery, restBetween*now().Sub(began)))
	if err == nil {
		k.hashes = fresh
	}
	return k.hasOneOf(hashes)
}

func (k *knownSecrets) hasOneOf(hashes [][]byte) bool {
	return slices.ContainsFunc(hashes, func(hash []byte) bool {
		_, found := k.hashes[fingerprint(hash)]
		return found
	})
}
