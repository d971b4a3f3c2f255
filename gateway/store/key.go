package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

var keyNoun = noun[api.Key]{
	name: "key", get: (*Store).Key, check: (*Store).checkKey, put: (*Store).putKey, audit: auditKey,
	id:     func(key *api.Key) *string { return &key.KeyID },
	record: func(key *api.Key) *api.Record { return &key.Record },
	caps: func(key api.Key) []spendingCap {
		return []spendingCap{capOf(api.KeyScope(key.KeyID), key.BudgetTerms, key.BudgetID)}
	},
}

// CreateKey stores a new key that the secret with this digest opens, and returns it as a read would.
// Errors: [api.Invalid], [api.AlreadyExists].
func (s *Store) CreateKey(ctx context.Context, change api.Change, key api.Key, digest []byte) (api.Key, error) {
	return create(ctx, s, keyNoun, change, key, func(ctx context.Context) error {
		_, err := s.putSecret(ctx, key.KeyID, digest)
		return err
	})
}

// Key returns a key without its spend. Error: [api.NotFound].
func (s *Store) Key(ctx context.Context, id string) (api.Key, error) {
	return s.oneKey(ctx, "key_get", args{"id": id})
}

// KeyByAlias returns the key with this alias. Error: [api.NotFound].
func (s *Store) KeyByAlias(ctx context.Context, alias string) (api.Key, error) {
	return s.oneKey(ctx, "key_by_alias", args{"alias": alias})
}

// KeyByDigest returns the key that the secret with this digest opens now; it may be blocked or expired.
// Error: [api.NotFound].
func (s *Store) KeyByDigest(ctx context.Context, digest []byte) (key api.Key, err error) {
	err = s.lookUp(digest, func(with *secretKey, hash []byte) (err error) {
		key, err = s.oneKey(ctx, "key_by_secret", args{"hash": hash, "now_ms": s.nowMS()})
		if err == nil && with != s.keys.inUse.Load() {
			s.moveSecret(ctx, digest, hash, "key_secret_move")
		}
		return err
	})
	return key, err
}

func (s *Store) oneKey(ctx context.Context, query string, values args) (api.Key, error) {
	var row keyRow
	found, err := s.one(ctx, query, values, row.targets(&row.name)...)
	if err != nil {
		return api.Key{}, err
	}
	if !found {
		return api.Key{}, api.Errorf(api.NotFound, "Key not found in database")
	}
	return row.key()
}

// KeyAliases returns the aliases of keys that contain a text, or of a team's keys, in order.
func (s *Store) KeyAliases(ctx context.Context, filter api.KeyFilter) ([]string, error) {
	values := args{}
	values.givenPart("alias_contains", filter.AliasContains)
	values.given("team_id", filter.TeamID)
	boundArgs(values, filter.Limit, filter.Offset)
	return s.texts(ctx, "key_aliases", values)
}

// Keys returns the keys that the filter selects, and how many there are without the filter's page.
func (s *Store) Keys(ctx context.Context, filter api.KeyFilter) ([]api.Key, int, error) {
	values := args{}
	values.givenIDs("ids", filter.IDs)
	values.given("alias", filter.Alias)
	values.givenPart("alias_contains", filter.AliasContains)
	values.given("team_id", filter.TeamID)
	values.given("user_id", filter.UserID)
	if filter.Status != "" {
		values[filter.Status], values["now_ms"] = true, s.nowMS()
	}
	values.givenIDs("team_ids", filter.TeamIDs)
	return list(ctx, s, "key", values, filter.Page, func(scan func(...any) error) (api.Key, error) {
		var row keyRow
		if err := scan(row.targets(&row.name)...); err != nil {
			return api.Key{}, err
		}
		return row.key()
	})
}

// KeyIDsWithoutTeam returns the ids of the keys that belong to no team, in order.
func (s *Store) KeyIDsWithoutTeam(ctx context.Context) ([]string, error) {
	return s.texts(ctx, "key_without_team_ids", args{})
}

// UpdateKey lets edit change a key, if its revision is ifRevision or that is zero, and returns it as
// stored. edit cannot change the id, the masked secret or the record.
// Errors: [api.NotFound], [api.Stale], [api.Invalid], [api.AlreadyExists], edit's.
func (s *Store) UpdateKey(ctx context.Context, change api.Change, id string, ifRevision int64, edit func(*api.Key) error) (api.Key, error) {
	return update(ctx, s, keyNoun, change, "update", id, ifRevision, func(_ context.Context, key *api.Key) error {
		name := key.KeyName
		err := edit(key)
		key.KeyName = name
		return err
	})
}

// DeleteKeys deletes keys, all or none, and returns what is gone.
// The error is an [api.NotFound] if one of them is not there.
func (s *Store) DeleteKeys(ctx context.Context, change api.Change, ids []string) ([]api.Key, error) {
	return remove(ctx, s, keyNoun, change, ids, func(ctx context.Context, key api.Key) error {
		_, err := s.exec(ctx, "key_secret_delete", args{"key_id": key.KeyID})
		return err
	})
}

// checkKey says whether a key can be stored: what it names is there and its alias is free.
func (s *Store) checkKey(ctx context.Context, key api.Key) error {
	if err := key.Validate(); err != nil {
		return err
	}
	if err := s.checkBudgetID(ctx, key.BudgetID); err != nil {
		return err
	}
	if key.TeamID != nil {
		if _, err := s.Team(ctx, *key.TeamID); api.CodeOf(err) == api.NotFound {
			return api.FieldErrorf("team_id", "names a team that does not exist: %q", *key.TeamID)
		} else if err != nil {
			return err
		}
	}
	return s.checkKeyAlias(ctx, key)
}

func (s *Store) checkKeyAlias(ctx context.Context, key api.Key) error {
	if key.KeyAlias == nil {
		return nil
	}
	other, err := s.KeyByAlias(ctx, *key.KeyAlias)
	if api.CodeOf(err) == api.NotFound || err == nil && other.KeyID == key.KeyID {
		return nil
	}
	if err != nil {
		return err
	}
	taken := api.Errorf(api.AlreadyExists,
		"Key with alias '%s' already exists. Unique key aliases across all keys are required.", *key.KeyAlias)
	taken.Param = "key_alias"
	return taken
}

func (s *Store) putKey(ctx context.Context, query string, key api.Key) error {
	values, err := objectArgs(key.KeyID, key.DeclaredIn, key.Record, keyDocument{key.KeyFields, key.Origin})
	if err != nil {
		return err
	}
	values["name"] = key.KeyName
	values["alias"], values["alias_lower"] = key.KeyAlias, lower(key.KeyAlias)
	values["team_id"], values["user_id"], values["budget_id"] = key.TeamID, key.UserID, key.BudgetID
	values["blocked"], values["expires_at_ms"] = 0, nil
	if key.Blocked {
		values["blocked"] = 1
	}
	if key.Expires != nil {
		values["expires_at_ms"] = key.Expires.UnixMilli()
	}
	if _, err = s.exec(ctx, query, values); err != nil || !key.Origin.Apart || key.UserID == nil {
		return err
	}
	_, err = s.exec(ctx, "apart_key_insert", args{"user_id": *key.UserID, "key_id": key.KeyID})
	return err
}

// keyDocument is a key as its column has it.
type keyDocument struct {
	api.KeyFields
	api.KeyOrigin
}

type keyRow struct {
	object
	name string
}

func (r *keyRow) key() (api.Key, error) {
	key := api.Key{
		KeyID: r.id, Token: r.id, TokenID: r.id, KeyName: r.name,
		Record: r.record(), DeclaredIn: r.declaredIn,
	}
	var document keyDocument
	err := decode(r.document, &document)
	key.KeyFields, key.Origin = document.KeyFields, document.KeyOrigin
	return key, err
}

func auditKey(key api.Key) any {
	return struct {
		KeyID   string `json:"key_id"`
		KeyName string `json:"key_name"`
		api.KeyFields
		Revision   int64  `json:"revision"`
		DeclaredIn string `json:"declared_in,omitempty"`
	}{key.KeyID, key.KeyName, key.KeyFields, key.Revision, key.DeclaredIn}
}

// RotateKey gives a key a new secret. The secrets it had work until oldValidUntil, and not at all
// any more if that has passed; one that was to end earlier still does. newName is the new secret, masked.
// madeBy is who the new secret is given out to; nil leaves that as it is.
// Errors: [api.NotFound], [api.AlreadyExists] for a secret that is in use.
func (s *Store) RotateKey(ctx context.Context, change api.Change, id string, digest []byte, newName string, oldValidUntil time.Time, madeBy *api.Credential) (api.Key, error) {
	return update(ctx, s, keyNoun, change, "rotate", id, 0, func(ctx context.Context, key *api.Key) error {
		key.KeyName = newName
		if madeBy != nil {
			key.Origin.MadeBy = *madeBy
		}
		newHash, err := s.putSecret(ctx, id, digest)
		if err != nil {
			return err
		}
		_, err = s.exec(ctx, "key_secret_end", args{
			"key_id": id, "except": newHash, "valid_until_ms": oldValidUntil.UnixMilli(),
		})
		return err
	})
}

// putSecret adds a live secret, after those that have ended are gone and cannot be in the way.
func (s *Store) putSecret(ctx context.Context, keyID string, digest []byte) (hash []byte, err error) {
	if _, err := s.exec(ctx, "key_secret_purge", args{"now_ms": s.nowMS()}); err != nil {
		return nil, err
	}
	if err := s.secretTaken(ctx, digest); err != nil {
		return nil, err
	}
	with := s.joined(ctx).key
	hash = with.hash(digest)
	_, err = s.exec(ctx, "key_secret_insert", args{"hash": hash, "key_id": keyID, "created_at_ms": s.nowMS(), "secret_key_id": with.id})
	return hash, err
}

// EachSecretHash tells the hash of every secret of keys and admin keys, also of those that have ended; see
// [Store.SecretHashes].
func (s *Store) EachSecretHash(ctx context.Context, tell func(hash []byte)) error {
	return s.each(ctx, "secret_hashes", args{}, func(scan func(...any) error) error {
		var hash []byte
		err := scan(&hash)
		tell(hash)
		return err
	})
}

// SecretValidUntil returns when the secret with this digest stops opening its key because a newer one has
// taken over; the zero time is never.
func (s *Store) SecretValidUntil(ctx context.Context, digest []byte) (time.Time, error) {
	var untilMS sql.NullInt64
	err := s.lookUp(digest, func(_ *secretKey, hash []byte) error {
		found, err := s.one(ctx, "key_secret_until", args{"hash": hash}, &untilMS)
		if err == nil && !found {
			err = api.Errorf(api.NotFound, "Key not found in database")
		}
		return err
	})
	if api.CodeOf(err) == api.NotFound || err == nil && !untilMS.Valid {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	return timeOf(untilMS.Int64), nil
}

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
