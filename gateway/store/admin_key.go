package store

import (
	"bytes"
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// adminKey is an admin key as its table has it.
type adminKey struct {
	api.AdminKey
	hash []byte
	// secretKeyID is that of the secret key which the hash was made with, "" for the first.
	secretKeyID string
	// fingerprintOf is what the fingerprint is made of where the hash has moved since; nil for the hash.
	fingerprintOf []byte
	// digest is that of a secret to store, and nil for the one that it has.
	digest []byte
	// former is the hash of the secret it had before, which opens it until formerUntil; nil for none.
	former            []byte
	formerUntil       time.Time
	formerSecretKeyID string
}

var adminKeyNoun = noun[adminKey]{
	name: "admin_key", get: (*Store).storedAdminKey, check: (*Store).checkAdminKey, put: (*Store).putAdminKey, audit: auditAdminKey,
	id:     func(key *adminKey) *string { return &key.AdminKeyID },
	record: func(key *adminKey) *api.Record { return &key.Record },
}

// CreateAdminKey stores an admin key that the secret with this digest opens, and returns it as a read would.
// Errors: [api.Invalid], [api.AlreadyExists] for a secret that is in use.
func (s *Store) CreateAdminKey(ctx context.Context, change api.Change, key api.AdminKey, digest []byte) (api.AdminKey, error) {
	stored, err := create(ctx, s, adminKeyNoun, change, adminKey{AdminKey: key, digest: digest}, nothing)
	return stored.AdminKey, err
}

// AdminKeyByDigest returns the admin key that the secret with this digest opens; it may have expired.
// Error: [api.NotFound].
func (s *Store) AdminKeyByDigest(ctx context.Context, digest []byte) (api.AdminKey, error) {
	var key adminKey
	err := s.lookUp(digest, func(with *secretKey, hash []byte) (err error) {
		key, err = s.oneAdminKey(ctx, "admin_key_by_hash", args{"hash": hash, "now_ms": s.nowMS()})
		if err == nil && with != s.keys.inUse.Load() {
			s.moveSecret(ctx, digest, hash, "admin_key_move", "admin_key_move_former")
		}
		return err
	})
	return key.AdminKey, err
}

// AdminKey returns an admin key; it may have expired. Error: [api.NotFound].
func (s *Store) AdminKey(ctx context.Context, id string) (api.AdminKey, error) {
	key, err := s.storedAdminKey(ctx, id)
	return key.AdminKey, err
}

// AdminKeys returns every admin key, oldest first.
func (s *Store) AdminKeys(ctx context.Context) ([]api.AdminKey, error) {
	keys := []api.AdminKey{}
	err := s.each(ctx, "admin_key_all", args{}, func(scan func(...any) error) error {
		var row adminKeyRow
		if err := scan(row.targets()...); err != nil {
			return err
		}
		key, err := row.adminKey(s)
		keys = append(keys, key.AdminKey)
		return err
	})
	return keys, err
}

// UpdateAdminKey lets edit change an admin key, if its revision is ifRevision or that is zero, and returns it as a read
// would. Errors: [api.NotFound], [api.Stale], [api.Invalid], edit's.
func (s *Store) UpdateAdminKey(ctx context.Context, change api.Change, id string, ifRevision int64, edit func(*api.AdminKeyFields) error) (api.AdminKey, error) {
	stored, err := update(ctx, s, adminKeyNoun, change, "update", id, ifRevision, func(_ context.Context, key *adminKey) error {
		return edit(&key.AdminKeyFields)
	})
	return stored.AdminKey, err
}

// RotateAdminKey gives an admin key a new secret, if its revision is ifRevision or that is zero. The one it had works until
// oldValidUntil, the one before that no more. newName is the new secret, masked. A key that has the secret already is
// returned as it is. Errors: [api.NotFound], [api.Stale], [api.AlreadyExists] for a secret that is in use.
func (s *Store) RotateAdminKey(ctx context.Context, change api.Change, id string, ifRevision int64, digest []byte, newName string, oldValidUntil time.Time) (api.AdminKey, error) {
	if key, err := s.storedAdminKey(ctx, id); err == nil && s.hashed(key.hash, digest) && !oldValidUntil.Before(key.formerUntil) {
		return key.AdminKey, nil // an answer was lost, and the caller asks again
	}
	stored, err := update(ctx, s, adminKeyNoun, change, "rotate", id, ifRevision, func(_ context.Context, key *adminKey) error {
		if s.hashed(key.hash, digest) { // asked again, and the old secret is to stop earlier
			key.formerUntil = oldValidUntil
			return nil
		}
		key.former, key.formerUntil, key.formerSecretKeyID = key.hash, oldValidUntil, key.secretKeyID
		key.digest, key.KeyName = digest, newName
		return nil
	})
	return stored.AdminKey, err
}

// DeleteAdminKeys deletes admin keys, all or none, and returns what is gone.
// The error is an [api.NotFound] if one of them is not there.
func (s *Store) DeleteAdminKeys(ctx context.Context, change api.Change, ids []string) ([]api.AdminKey, error) {
	gone, err := remove(ctx, s, adminKeyNoun, change, ids, func(context.Context, adminKey) error { return nil })
	keys := make([]api.AdminKey, len(gone))
	for i, key := range gone {
		keys[i] = key.AdminKey
	}
	return keys, err
}

func (s *Store) storedAdminKey(ctx context.Context, id string) (adminKey, error) {
	return s.oneAdminKey(ctx, "admin_key_get", args{"id": id})
}

func (s *Store) oneAdminKey(ctx context.Context, query string, values args) (adminKey, error) {
	var row adminKeyRow
	found, err := s.one(ctx, query, values, row.targets()...)
	if err != nil {
		return adminKey{}, err
	}
	if !found {
		return adminKey{}, api.Errorf(api.NotFound, "Admin key not found")
	}
	return row.adminKey(s)
}

func (s *Store) checkAdminKey(ctx context.Context, key adminKey) error {
	if err := key.Validate(); err != nil {
		return err
	}
	for _, team := range key.TeamIDs {
		if _, err := s.Team(ctx, team); api.CodeOf(err) == api.NotFound {
			return api.FieldErrorf("team_ids", "names a team that does not exist: %q", team)
		} else if err != nil {
			return err
		}
	}
	return s.checkAdminSecret(ctx, key)
}

// checkAdminSecret refuses a secret that opens something else: whoever has it would be somebody else by it.
func (s *Store) checkAdminSecret(ctx context.Context, key adminKey) error {
	if key.digest == nil {
		return nil
	}
	_, hashes := s.hashWith(key.digest)
	for _, hash := range hashes {
		var owner string
		taken, err := s.one(ctx, "admin_key_secret_owner", args{"hash": hash, "id": key.AdminKeyID, "now_ms": s.nowMS()}, &owner)
		if err != nil {
			return err
		}
		if taken {
			return api.Errorf(api.AlreadyExists, "This key value is in use already. Please use a different key.")
		}
	}
	return nil
}

// hashed says whether a hash is that of the secret with this digest, under any secret key.
func (s *Store) hashed(hash, digest []byte) bool {
	_, hashes := s.hashWith(digest)
	return slices.ContainsFunc(hashes, func(known []byte) bool { return bytes.Equal(known, hash) })
}

func (s *Store) putAdminKey(ctx context.Context, query string, key adminKey) error {
	values, err := objectArgs(key.AdminKeyID, "", key.Record, key.AdminKeyFields)
	if err != nil {
		return err
	}
	if key.digest != nil {
		with := s.joined(ctx).key
		key.hash, key.secretKeyID, key.fingerprintOf = with.hash(key.digest), with.id, nil
	}
	values["name"], values["hash"], values["secret_key_id"] = key.KeyName, key.hash, key.secretKeyID
	values["former_hash"], values["former_until_ms"], values["former_secret_key_id"] = nil, nil, ""
	if key.former != nil {
		values["former_hash"], values["former_until_ms"], values["former_secret_key_id"] = key.former, key.formerUntil.UnixMilli(), key.formerSecretKeyID
	}
	values["fingerprint_of"] = nil
	if key.fingerprintOf != nil {
		values["fingerprint_of"] = key.fingerprintOf
	}
	_, err = s.exec(ctx, query, values)
	return err
}

type adminKeyRow struct {
	object
	name                        string
	hash, former, fingerprintOf []byte
	formerUntil                 sql.NullInt64
	secretKeyID, formerKeyID    string
}

func (r *adminKeyRow) targets() []any {
	return r.object.targets(&r.name, &r.hash, &r.former, &r.formerUntil, &r.secretKeyID, &r.formerKeyID, &r.fingerprintOf)
}

func (r *adminKeyRow) adminKey(s *Store) (adminKey, error) {
	key := adminKey{
		AdminKey: api.AdminKey{AdminKeyID: r.id, KeyName: r.name, Record: r.record()},
		hash:     r.hash, former: r.former, secretKeyID: r.secretKeyID, formerSecretKeyID: r.formerKeyID, fingerprintOf: r.fingerprintOf,
	}
	if r.formerUntil.Valid {
		key.formerUntil = timeOf(r.formerUntil.Int64)
	}
	of := r.hash
	if r.fingerprintOf != nil {
		of = r.fingerprintOf
	}
	key.KeyFingerprint = s.fingerprint(string(of), "admin_key/"+r.id)
	return key, decode(r.document, &key.AdminKeyFields)
}

func auditAdminKey(key adminKey) any {
	return struct {
		AdminKeyID string `json:"admin_key_id"`
		KeyName    string `json:"key_name"`
		api.AdminKeyFields
		Revision int64 `json:"revision"`
	}{key.AdminKeyID, key.KeyName, key.AdminKeyFields, key.Revision}
}
