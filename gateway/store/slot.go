package store

import "context"

// KeyIDsWithoutTeam returns the ids of the keys that belong to no team, in order.
func (s *Store) KeyIDsWithoutTeam(ctx context.Context) ([]string, error) {
	return s.texts(ctx, "key_without_team_ids", args{})
}
