package client

import (
	"context"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

type keyCreateBody struct {
	api.KeyCreate
	// The gateway takes one of these, and reads a null as one: "for ever".
	Duration *string    `json:"duration,omitempty"`
	Expires  *time.Time `json:"expires,omitempty"`
}

func (b keyCreateBody) secrets() []string { return given(b.Key) }

type keyRotateBody struct {
	KeyID       string `json:"key"`
	NewKey      string `json:"new_key,omitempty"`
	GracePeriod string `json:"grace_period,omitempty"`
}

func (b keyRotateBody) secrets() []string { return []string{b.NewKey} }

type keyBody struct {
	KeyID string `json:"key"`
	api.KeyFields
}

// CreateKey makes a key; the answer is the only one that carries its secret.
// It returns [api.AlreadyExists] when the alias or the secret is taken.
func (c *Client) CreateKey(ctx context.Context, create api.KeyCreate) (api.KeyCreated, error) {
	var created api.KeyCreated
	err := c.create(ctx, "/key/generate", keyCreateBody{create, create.Duration, create.Expires}, &created)
	err = whole(err, created.KeyID != "", "POST /key/generate")
	return created, wrap(err, "create key")
}

// GetKey returns the key with that id, or [api.NotFound].
func (c *Client) GetKey(ctx context.Context, id string) (api.Key, error) {
	var info api.KeyInfo
	err := c.get(ctx, "/key/info", map[string]string{"key": id}, &info)
	err = whole(err, info.Key.KeyID != "", "GET /key/info")
	return info.Key, wrap(err, "read key %q", id)
}

// ListKeys returns every key, over as many pages as it takes.
func (c *Client) ListKeys(ctx context.Context) ([]api.Key, error) {
	keys, err := everyPage(ctx, c.pageOfKeys)
	return keys, wrap(err, "list keys")
}

// UpdateKey replaces all fields of a key; nil ones are cleared. Errors are as for [Client.UpdateTeam].
func (c *Client) UpdateKey(ctx context.Context, id string, fields api.KeyFields, revision int64) (api.Key, error) {
	body := keyBody{id, fields}
	// The answer's "key" repeats the id; as there is no such field in a key, it is left out.
	var key api.Key
	err := c.update(ctx, "/key/update", body, revision, &key)
	err = whole(err, key.KeyID != "", "POST /key/update")
	return key, wrap(err, "update key %q", id)
}

// RotateKey gives a key another secret, the one given or, for an empty one, one that the gateway makes; the answer
// carries it. The id, the limits and what was spent stay. The old secret works on for the grace period, a span such
// as "24h", and not at all with an empty one. It returns [api.AlreadyExists] when the secret is in use.
func (c *Client) RotateKey(ctx context.Context, id, secret, gracePeriod string) (api.KeyCreated, error) {
	var rotated api.KeyCreated
	err := c.create(ctx, "/key/rotate", keyRotateBody{id, secret, gracePeriod}, &rotated)
	err = whole(err, rotated.KeyID != "" && rotated.Secret != "", "POST /key/rotate")
	return rotated, wrap(err, "rotate key %q", id)
}

// DeleteKey deletes the key with that id; [api.NotFound] when it is gone already.
func (c *Client) DeleteKey(ctx context.Context, id string) error {
	body := map[string][]string{"keys": {id}}
	return wrap(c.post(ctx, "/key/delete", body, nil), "delete key %q", id)
}
