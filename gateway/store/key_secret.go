package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store/dialect"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// RotateKey gives a key a new secret. The secrets it had work until oldValidUntil, and not at all
// any more if that has passed; one that was to end earlier still does. newName is the new secret, masked.
// madeBy is who the new secret is given out to; nil leaves that as it is.
// Errors: [api.NotFound], [api.AlreadyExists] for a secret that is in use.
func (s *Store) RotateKey(ctx context.Context, change api.Change, id string, newHash []byte, newName string, oldValidUntil time.Time, madeBy *api.Credential) (api.Key, error) {
	return update(ctx, s, keyNoun, change, "rotate", id, 0, func(ctx context.Context, key *api.Key) error {
		key.KeyName = newName
		if madeBy != nil {
			key.Origin.MadeBy = *madeBy
		}
		if err := s.putSecret(ctx, id, newHash); err != nil {
			return err
		}
		_, err := s.exec(ctx, "key_secret_end", args{
			"key_id": id, "except": newHash, "valid_until_ms": oldValidUntil.UnixMilli(),
		})
		return err
	})
}

// putSecret adds a live secret, after those that have ended are gone and cannot be in the way.
func (s *Store) putSecret(ctx context.Context, keyID string, hash []byte) error {
	if _, err := s.exec(ctx, "key_secret_purge", args{"now_ms": s.nowMS()}); err != nil {
		return err
	}
	_, err := s.exec(ctx, "key_secret_insert", args{"hash": hash, "key_id": keyID, "created_at_ms": s.nowMS()})
	if dialect.Unique(err) {
		return api.Errorf(api.AlreadyExists, "This key value is in use already. Please use a different key.")
	}
	return err
}

// EachSecretHash tells the hash of every secret of keys and admin keys, also of those that have ended.
func (s *Store) EachSecretHash(ctx context.Context, tell func(hash []byte)) error {
	return s.each(ctx, "secret_hashes", args{}, func(scan func(...any) error) error {
		var hash []byte
		err := scan(&hash)
		tell(hash)
		return err
	})
}

// SecretValidUntil returns when the secret with this hash stops opening its key because a newer one has
// taken over; the zero time is never.
func (s *Store) SecretValidUntil(ctx context.Context, hash []byte) (time.Time, error) {
	var untilMS sql.NullInt64
	if _, err := s.one(ctx, "key_secret_until", args{"hash": hash}, &untilMS); err != nil || !untilMS.Valid {
		return time.Time{}, err
	}
	return time.UnixMilli(untilMS.Int64).UTC(), nil
}
