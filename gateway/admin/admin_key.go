package admin

import (
	"context"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// createAdminKey is POST /admin_key/new: role, team_ids for the roles of teams, and how long it lives, with a secret of the
// caller's own or a new one. Its answer is the only one that shows the secret.
func (s *Server) createAdminKey(c *route.Call, in adminKeyNew) (made api.AdminKeyCreated, err error) {
	secret, err := secretOf("key", in.Key)
	if err != nil {
		return made, err
	}
	key := api.AdminKey{AdminKeyID: auth.NewAdminKeyID(), KeyName: auth.Mask(secret)}
	if err := in.Apply(&key.AdminKeyFields); err != nil {
		return made, err
	}
	if err := in.Duration.set(c, s.now(), &key.Expires); err != nil {
		return made, err
	}
	if err := key.Validate(); err != nil {
		return made, err
	}
	return route.Once(c, s.record, func(ctx context.Context) (api.AdminKeyCreated, error) {
		stored, err := s.record.CreateAdminKey(ctx, c.Change, key, auth.Digest(secret))
		return api.AdminKeyCreated{Secret: secret.Reveal(), AdminKey: stored}, route.Taken(err, "key")
	})
}

// infoOfAdminKey is GET /admin_key/info.
func (s *Server) infoOfAdminKey(c *route.Call, in adminKeyAsked) (api.AdminKey, error) {
	return s.record.AdminKey(c.Context(), in.AdminKeyID)
}

// updateAdminKey is POST /admin_key/update: the fields to change.
func (s *Server) updateAdminKey(c *route.Call, in adminKeyUpdate) (api.AdminKey, error) {
	revision, err := c.IfRevision()
	if err != nil {
		return api.AdminKey{}, err
	}
	return s.record.UpdateAdminKey(c.Context(), c.Change, in.AdminKeyID, revision, func(fields *api.AdminKeyFields) error {
		if err := in.Apply(fields); err != nil {
			return err
		}
		return in.Duration.set(c, s.now(), &fields.Expires)
	})
}

// rotateAdminKey is POST /admin_key/rotate: a new secret for the same admin key. The old one works on for grace_period
// ("24h"); without it, it stops at once.
func (s *Server) rotateAdminKey(c *route.Call, in adminKeyRotation) (rotated api.AdminKeyCreated, err error) {
	secret, err := secretOf("new_key", in.NewKey)
	if err != nil {
		return rotated, err
	}
	grace, err := graceOf(in.GracePeriod)
	if err != nil {
		return rotated, err
	}
	revision, err := c.IfRevision()
	if err != nil {
		return rotated, err
	}
	oldUntil := s.now().Add(grace)
	return route.Once(c, s.record, func(ctx context.Context) (api.AdminKeyCreated, error) {
		key, err := s.record.RotateAdminKey(ctx, c.Change, in.AdminKeyID, revision, auth.Digest(secret), auth.Mask(secret), oldUntil)
		return api.AdminKeyCreated{Secret: secret.Reveal(), AdminKey: key}, route.Taken(err, "new_key")
	})
}

// adminKeyList is the answer of GET /admin_key/list.
type adminKeyList struct {
	AdminKeys []api.AdminKey `json:"admin_keys"`
}

// listAdminKeys is GET /admin_key/list: every admin key but the one of the configuration.
func (s *Server) listAdminKeys(c *route.Call, _ struct{}) (adminKeyList, error) {
	keys, err := s.record.AdminKeys(c.Context())
	return adminKeyList{AdminKeys: notNil(keys)}, err
}

// adminKeysDeleted is the answer of POST /admin_key/delete.
type adminKeysDeleted struct {
	DeletedAdminKeys []string `json:"deleted_admin_keys"`
}

// deleteAdminKeys is POST /admin_key/delete {"admin_key_ids"}: all of them or none.
func (s *Server) deleteAdminKeys(c *route.Call, in adminKeysNamed) (adminKeysDeleted, error) {
	_, err := s.record.DeleteAdminKeys(c.Context(), c.Change, in.AdminKeyIDs)
	return adminKeysDeleted{DeletedAdminKeys: in.AdminKeyIDs}, err
}
