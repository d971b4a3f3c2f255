package admin

import (
	"context"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// createAdminKey is POST /admin_key/new: role, team_ids for the roles of teams, and how long it lives.
// Its answer is the only one that shows the secret.
func (s *Server) createAdminKey(c *route.Call) (any, error) {
	secret := auth.NewSecret()
	expiry, err := readExpiry(c.In, s.now())
	if err != nil {
		return nil, err
	}
	key := api.AdminKey{AdminKeyID: auth.NewAdminKeyID(), KeyName: auth.Mask(secret)}
	if err := c.In.Expect(&key.AdminKeyFields); err != nil {
		return nil, err
	}
	if expiry.given {
		key.Expires = expiry.at
	}
	if err := key.Validate(); err != nil {
		return nil, err
	}
	return route.Once(c, s.record, func(ctx context.Context) (api.AdminKeyCreated, error) {
		stored, err := s.record.CreateAdminKey(ctx, c.Change, key, auth.Hash(s.pepper, secret))
		return api.AdminKeyCreated{Secret: secret.Reveal(), AdminKey: stored}, err
	})
}

// adminKeyList is the answer of GET /admin_key/list.
type adminKeyList struct {
	AdminKeys []api.AdminKey `json:"admin_keys"`
}

// listAdminKeys is GET /admin_key/list: every admin key but the one of the configuration.
func (s *Server) listAdminKeys(c *route.Call) (any, error) {
	keys, err := s.record.AdminKeys(c.Context())
	return adminKeyList{AdminKeys: notNil(keys)}, err
}

// adminKeysDeleted is the answer of POST /admin_key/delete.
type adminKeysDeleted struct {
	DeletedAdminKeys []string `json:"deleted_admin_keys"`
}

// deleteAdminKeys is POST /admin_key/delete {"admin_key_ids"}: all of them or none.
func (s *Server) deleteAdminKeys(c *route.Call) (any, error) {
	ids, err := c.In.Texts("admin_key_ids")
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, api.FieldErrorf("admin_key_ids", "is required: a list of the admin keys to delete")
	}
	if err := c.In.Expect(&struct{}{}); err != nil {
		return nil, err
	}
	_, err = s.record.DeleteAdminKeys(c.Context(), c.Change, ids)
	return adminKeysDeleted{DeletedAdminKeys: ids}, err
}
