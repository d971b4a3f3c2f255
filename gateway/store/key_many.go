package store

import (
	"context"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// deleteKeysOf deletes every key that the filter selects, in a few statements however many they are,
// and returns what is gone.
func (s *Store) deleteKeysOf(ctx context.Context, change api.Change, filter api.KeyFilter) (gone []api.Key, err error) {
	change = signed(change)
	err = s.change(ctx, func(ctx context.Context, t *tx) error {
		if gone, _, err = s.Keys(ctx, filter); err != nil {
			return err
		}
		ids := make([]string, len(gone))
		for i, key := range gone {
			ids[i] = key.KeyID
			if err := t.audit(ctx, change, "key.delete", key.KeyID, auditKey(key), nil); err != nil {
				return err
			}
		}
		return inChunks(ids, func(chunk []string) error {
			if _, err := s.exec(ctx, "key_secret_delete_many", args{"key_ids": chunk}); err != nil {
				return err
			}
			_, err := s.exec(ctx, "key_delete_many", args{"ids": chunk})
			return err
		})
	})
	return gone, err
}

// KeysOfUser returns the keys of a user, of whatever team.
func (s *Store) KeysOfUser(ctx context.Context, userID string) ([]api.Key, error) {
	keys, _, err := s.Keys(ctx, api.KeyFilter{UserID: userID})
	return keys, err
}
