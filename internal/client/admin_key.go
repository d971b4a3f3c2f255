package client

import (
	"context"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// AdminKeyCreate is what an admin key is made of.
type AdminKeyCreate struct {
	api.AdminKeyFields
	// Key is a secret of the caller's own; empty lets the gateway make one.
	Key string `json:"key,omitempty"`
	// Duration is how long it lives, instead of Expires; empty for what Expires says.
	Duration string `json:"duration,omitempty"`
	// Expires is left out when it is nil: the gateway takes either, and reads a null as one.
	Expires *time.Time `json:"expires,omitempty"`
}

func (c AdminKeyCreate) secrets() []string { return []string{c.Key} }

type adminKeyBody struct {
	AdminKeyID string `json:"admin_key_id"`
	api.AdminKeyFields
}

type adminKeyRotateBody struct {
	AdminKeyID  string `json:"admin_key_id"`
	NewKey      string `json:"new_key,omitempty"`
	GracePeriod string `json:"grace_period,omitempty"`
}

func (b adminKeyRotateBody) secrets() []string { return []string{b.NewKey} }

// CreateAdminKey makes an admin key; the answer is the only one that carries its secret.
// It returns [api.AlreadyExists] when the secret is taken.
func (c *Client) CreateAdminKey(ctx context.Context, create AdminKeyCreate) (api.AdminKeyCreated, error) {
	if create.Expires == nil {
		create.Expires = create.AdminKeyFields.Expires
	}
	var created api.AdminKeyCreated
	err := c.create(ctx, "/admin_key/new", create, &created)
	err = whole(err, created.AdminKeyID != "" && created.Secret != "", "POST /admin_key/new")
	return created, wrap(err, "create admin key")
}

// GetAdminKey returns the admin key with that id, or [api.NotFound].
func (c *Client) GetAdminKey(ctx context.Context, id string) (api.AdminKey, error) {
	var key api.AdminKey
	err := c.get(ctx, "/admin_key/info", map[string]string{"admin_key_id": id}, &key)
	err = whole(err, key.AdminKeyID != "", "GET /admin_key/info")
	return key, wrap(err, "read admin key %q", id)
}

// ListAdminKeys returns every admin key but the one that the gateway is started with.
func (c *Client) ListAdminKeys(ctx context.Context) ([]api.AdminKey, error) {
	var answer struct {
		AdminKeys []api.AdminKey `json:"admin_keys"`
	}
	err := c.get(ctx, "/admin_key/list", nil, &answer)
	err = whole(err, answer.AdminKeys != nil, "GET /admin_key/list")
	return answer.AdminKeys, wrap(err, "list admin keys")
}

// UpdateAdminKey replaces all fields of an admin key; nil ones are cleared. Errors are as for [Client.UpdateTeam].
func (c *Client) UpdateAdminKey(ctx context.Context, id string, fields api.AdminKeyFields, revision int64) (api.AdminKey, error) {
	var key api.AdminKey
	err := c.update(ctx, "/admin_key/update", adminKeyBody{id, fields}, revision, &key)
	err = whole(err, key.AdminKeyID != "", "POST /admin_key/update")
	return key, wrap(err, "update admin key %q", id)
}

// RotateAdminKey gives an admin key another secret, the one given or, for an empty one, one that the gateway makes; the answer
// carries it. The old secret works on for the grace period, a span such as "24h", and not at all with an empty one.
// It is refused with [api.Stale] when the key is no longer at the revision, and with [api.AlreadyExists] when the secret is
// in use by another one; a key that has the secret already keeps it.
func (c *Client) RotateAdminKey(ctx context.Context, id, secret, gracePeriod string, revision int64) (api.AdminKeyCreated, error) {
	var rotated api.AdminKeyCreated
	err := c.update(ctx, "/admin_key/rotate", adminKeyRotateBody{id, secret, gracePeriod}, revision, &rotated)
	err = whole(err, rotated.AdminKeyID != "" && rotated.Secret != "", "POST /admin_key/rotate")
	return rotated, wrap(err, "rotate admin key %q", id)
}

// DeleteAdminKey deletes the admin key with that id; [api.NotFound] when it is gone already.
func (c *Client) DeleteAdminKey(ctx context.Context, id string) error {
	body := map[string][]string{"admin_key_ids": {id}}
	return wrap(c.post(ctx, "/admin_key/delete", body, nil), "delete admin key %q", id)
}
