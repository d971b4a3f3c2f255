package admin

import (
	"context"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// createAdminKey is POST /admin_key/new: role, team_ids for the roles of teams, and how long it lives.
// Its answer is the only one that shows the secret.
func (s *Server) createAdminKey(c *route.Call, in adminKeyNew) (made api.AdminKeyCreated, err error) {
	secret := auth.NewSecret()
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
		stored, err := s.record.CreateAdminKey(ctx, c.Change, key, auth.Hash(s.pepper, secret))
		return api.AdminKeyCreated{Secret: secret.Reveal(), AdminKey: stored}, err
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
