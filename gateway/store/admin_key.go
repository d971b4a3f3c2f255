package store

import (
	"context"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// adminKey is an admin key as its table has it.
type adminKey struct {
	api.AdminKey
	hash []byte
}

var adminKeyNoun = noun[adminKey]{
	name: "admin_key", get: (*Store).storedAdminKey, check: (*Store).checkAdminKey, put: (*Store).putAdminKey, audit: auditAdminKey,
	id:     func(key *adminKey) *string { return &key.AdminKeyID },
	record: func(key *adminKey) *api.Record { return &key.Record },
}

// CreateAdminKey stores an admin key that the secret with this hash opens, and returns it as a read would.
// Errors: [api.Invalid], [api.AlreadyExists].
func (s *Store) CreateAdminKey(ctx context.Context, change api.Change, key api.AdminKey, secretHash []byte) (api.AdminKey, error) {
	stored, err := create(ctx, s, adminKeyNoun, change, adminKey{key, secretHash}, nothing)
	return stored.AdminKey, err
}

// AdminKeyBySecretHash returns the admin key that the secret with this hash opens; it may have expired.
// Error: [api.NotFound].
func (s *Store) AdminKeyBySecretHash(ctx context.Context, hash []byte) (api.AdminKey, error) {
	key, err := s.oneAdminKey(ctx, "admin_key_by_hash", args{"hash": hash})
	return key.AdminKey, err
}

// AdminKey returns an admin key; it may have expired. Error: [api.NotFound].
func (s *Store) AdminKey(ctx context.Context, id string) (api.AdminKey, error) {
	key, err := s.storedAdminKey(ctx, id)
	return key.AdminKey, err
}

func (s *Store) storedAdminKey(ctx context.Context, id string) (adminKey, error) {
	return s.oneAdminKey(ctx, "admin_key_get", args{"id": id})
}

func (s *Store) oneAdminKey(ctx context.Context, query string, values args) (adminKey, error) {
	var row keyRow
	found, err := s.one(ctx, query, values, row.targets(&row.name)...)
	if err != nil {
		return adminKey{}, err
	}
	if !found {
		return adminKey{}, api.Errorf(api.NotFound, "Admin key not found")
	}
	key, err := row.adminKey()
	return adminKey{AdminKey: key}, err
}

// AdminKeys returns every admin key, oldest first.
func (s *Store) AdminKeys(ctx context.Context) ([]api.AdminKey, error) {
	keys := []api.AdminKey{}
	err := s.each(ctx, "admin_key_all", args{}, func(scan func(...any) error) error {
		var row keyRow
		if err := scan(row.targets(&row.name)...); err != nil {
			return err
		}
		key, err := row.adminKey()
		keys = append(keys, key)
		return err
	})
	return keys, err
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
	return nil
}

func (s *Store) putAdminKey(ctx context.Context, query string, key adminKey) error {
	values, err := objectArgs(key.AdminKeyID, "", key.Record, key.AdminKeyFields)
	if err != nil {
		return err
	}
	values["name"], values["hash"] = key.KeyName, key.hash
	_, err = s.exec(ctx, query, values)
	return err
}

func (r *keyRow) adminKey() (api.AdminKey, error) {
	key := api.AdminKey{AdminKeyID: r.id, KeyName: r.name, Record: r.record()}
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
