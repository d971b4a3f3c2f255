package store

import (
	"bytes"
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	// onceKept is how long the answer of a repeatable create is given again.
	onceKept = 24 * time.Hour
	// maxOnceKey is the longest Idempotency-Key, in characters.
	maxOnceKey = 255
)

// Idempotent makes a create repeatable. It runs do, which creates through this store with the context it
// is given and returns the answer for the caller, and keeps that answer, encrypted, for 24 hours, all in
// one transaction: either everything was made and the answer is known, or nothing happened. Called again with the
// same key and fingerprint it returns the kept answer, with replayed true, and does not run do.
//
// With an empty key it only runs do. What [Store.Transaction] says of do holds here too.
// Errors: [api.Conflict] when the key was used for another request, [api.Invalid], do's.
func (s *Store) Idempotent(ctx context.Context, once api.Once, do func(ctx context.Context) (answer []byte, err error)) (answer []byte, replayed bool, err error) {
	if utf8.RuneCountInString(once.Key) > maxOnceKey {
		return nil, false, api.FieldErrorf(api.HeaderIdempotencyKey, "is longer than %d characters", maxOnceKey)
	}
	err = s.change(ctx, func(ctx context.Context, _ *tx) error {
		if answer, replayed, err = s.answered(ctx, once); replayed || err != nil {
			return err
		}
		if answer, err = do(ctx); err != nil {
			return err
		}
		return s.keepAnswer(ctx, once, answer)
	})
	if err != nil {
		return nil, false, err
	}
	return answer, replayed, nil
}

// Transaction runs do in one transaction: all of its changes are made, or none. do must use the context it is given for
// every call to the store, must not wait for anything else, and has to leave to its caller what is to
// happen after the change is in force, because the transaction may still fail.
func (s *Store) Transaction(ctx context.Context, do func(ctx context.Context) error) error {
	return s.change(ctx, func(ctx context.Context, _ *tx) error { return do(ctx) })
}

func (s *Store) answered(ctx context.Context, once api.Once) (answer []byte, replayed bool, err error) {
	if once.Key == "" {
		return nil, false, nil
	}
	var fingerprint, sealed []byte
	values := args{"key": once.Key, "now_ms": s.nowMS()}
	found, err := s.one(ctx, "once_get", values, &fingerprint, &sealed)
	if err != nil || !found {
		return nil, false, err
	}
	if !bytes.Equal(fingerprint, once.Fingerprint) {
		return nil, false, api.Errorf(api.Conflict,
			"this %s was used for a different request; use a new one", api.HeaderIdempotencyKey)
	}
	answer, err = s.keys.open(sealed, oncePlace(once.Key))
	if err != nil {
		return nil, false, fmt.Errorf("open kept answer: %w", err)
	}
	return answer, true, nil
}

func (s *Store) keepAnswer(ctx context.Context, once api.Once, answer []byte) error {
	if once.Key == "" {
		return nil
	}
	sealed, err := s.sealing(ctx).Seal(answer, oncePlace(once.Key))
	if err != nil {
		return fmt.Errorf("seal answer: %w", err)
	}
	now := s.now()
	if _, err := s.exec(ctx, "once_purge", args{"now_ms": now.UnixMilli()}); err != nil {
		return err
	}
	fingerprint := once.Fingerprint
	if fingerprint == nil {
		fingerprint = []byte{}
	}
	_, err = s.exec(ctx, "once_insert", args{
		"key": once.Key, "fingerprint": fingerprint, "answer": sealed, "expires_at_ms": now.Add(onceKept).UnixMilli(),
	})
	return err
}

func oncePlace(key string) string { return "once/" + key + "/answer" }
