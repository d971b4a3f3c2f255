package admin

import (
	"context"
	"errors"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// maxGrace is how long an old secret may go on working after a rotation.
const maxGrace = 90 * 24 * time.Hour

// generateServiceKey is POST /key/service-account/generate: a key of a team that belongs to no user.
func (s *Server) generateServiceKey(c *call) (any, error) {
	if value := c.in.fields["team_id"]; len(value) == 0 || string(value) == "null" {
		return nil, api.FieldErrorf("team_id", "is required: a service account's key belongs to a team")
	}
	c.in.take("user_id") // as LiteLLM has it
	return s.generateKey(c)
}

// generateKey is POST /key/generate: a key's fields, with a secret of the caller's own or a new one.
// Its answer is the only one that shows the secret.
func (s *Server) generateKey(c *call) (any, error) {
	secret, err := c.in.secret("key")
	if err != nil {
		return nil, err
	}
	expiry, err := c.in.expiry(s.now())
	if err != nil {
		return nil, err
	}
	key := api.NewKey(auth.NewKeyID())
	if err := c.in.expect(&key.KeyFields); err != nil {
		return nil, err
	}
	expiry.apply(&key.KeyFields)
	key.KeyName = auth.Mask(secret)
	if err := key.Validate(); err != nil {
		return nil, err
	}
	team, err := s.teamOf(c.ctx(), key)
	if err != nil {
		return nil, err
	}
	if err := s.checkWithin(team, api.Key{}, key); err != nil {
		return nil, err
	}
	if key.Origin, err = s.checkNamed(c, team, api.Key{}, key); err != nil {
		return nil, err
	}
	key.Origin.MadeBy = c.maker()
	if err := c.blocked(false, &key); err != nil {
		return nil, err
	}
	fresh := []api.Key{key}
	if err := s.completeKeys(c.ctx(), fresh); err != nil {
		return nil, err
	}
	created, err := once(s, c, func(ctx context.Context) (api.KeyCreated, error) {
		stored, err := s.record.CreateKey(ctx, c.change, key, auth.Hash(s.pepper, secret))
		stored.BudgetState = fresh[0].BudgetState
		return api.KeyCreated{Secret: secret.Reveal(), Key: stored}, taken(err, "key")
	})
	if err != nil {
		return nil, err
	}
	return created, inForce(s.changes.KeyChanged(c.ctx(), nil, &created.Key))
}

// secret takes a secret of the caller's own out of the input, or makes one.
func (in *input) secret(name string) (auth.Secret, error) {
	text, err := in.text(name)
	if err != nil || text == "" {
		return auth.NewSecret(), err
	}
	if err := auth.CheckSecret(auth.Secret(text)); err != nil {
		return "", api.FieldErrorf(name, "%s", err)
	}
	return auth.Secret(text), nil
}

// rotateKey is POST /key/rotate, /key/regenerate and /key/{key}/regenerate: a new secret for the same key.
// The old one works on for grace_period ("24h"); without it, it stops at once.
func (s *Server) rotateKey(c *call) (any, error) {
	name, err := c.in.text("key")
	if err != nil {
		return nil, err
	}
	if inPath := c.request.PathValue("key"); inPath != "" {
		name = inPath
	}
	if name == "" {
		return nil, api.FieldErrorf("key", "is required")
	}
	secret, err := c.in.secret("new_key")
	if err != nil {
		return nil, err
	}
	grace, err := c.in.grace()
	if err != nil {
		return nil, err
	}
	if err := c.in.expect(&struct{}{}); err != nil {
		return nil, err
	}
	before, err := s.keyNamed(c.ctx(), name)
	if err != nil {
		return nil, err
	}
	givenTo, err := s.checkRotation(c, before)
	if err != nil {
		return nil, err
	}
	oldUntil := s.now().Add(grace)
	rotated, err := once(s, c, func(ctx context.Context) (api.KeyCreated, error) {
		key, err := s.record.RotateKey(ctx, c.change, before.KeyID, auth.Hash(s.pepper, secret), auth.Mask(secret), oldUntil, givenTo)
		return api.KeyCreated{Secret: secret.Reveal(), Key: key}, taken(err, "new_key")
	})
	if err != nil {
		return nil, err
	}
	rotated.Key, err = s.changedKey(c.ctx(), &before, rotated.Key)
	return rotated, err
}

// checkRotation says who the new secret is given out to, nil for who has the key already. The secret of somebody's
// key is not for callers who could not make one for them.
func (s *Server) checkRotation(c *call, key api.Key) (*api.Credential, error) {
	if key.KeyID == c.caller.KeyID {
		return nil, nil //nolint:nilnil // nobody new is no error
	}
	maker := c.maker()
	if c.caller.Role.Everywhere() {
		return &maker, nil
	}
	_, err := s.checkUserNamed(c, key)
	return &maker, err
}

// grace takes grace_period out of the input.
func (in *input) grace() (time.Duration, error) {
	text, err := in.text("grace_period")
	if err != nil || text == "" {
		return 0, err
	}
	span, err := api.ParseSpan(text)
	if err != nil {
		return 0, api.FieldErrorf("grace_period", "%s", err)
	}
	if span.Approximate() > maxGrace {
		return 0, api.FieldErrorf("grace_period", "is longer than 90 days")
	}
	return span.Approximate(), nil
}

// deleteKeys is POST /key/delete {"keys"}, by secret or id, or {"key_aliases"}: all of them or none.
func (s *Server) deleteKeys(c *call) (any, error) {
	names, err := c.in.texts("keys")
	if err != nil {
		return nil, err
	}
	aliases, err := c.in.texts("key_aliases")
	if err != nil {
		return nil, err
	}
	if len(names)+len(aliases) == 0 {
		return nil, api.FieldErrorf("keys", "is required, or key_aliases: a list of the keys to delete")
	}
	if err := c.in.expect(&struct{}{}); err != nil {
		return nil, err
	}
	deleted, err := s.removeKeys(c, names, aliases)
	if err != nil {
		return nil, err
	}
	var failed error
	for _, key := range deleted {
		failed = errors.Join(failed, s.changes.KeyChanged(c.ctx(), &key, nil))
	}
	return keysDeleted{DeletedKeys: append(names, aliases...)}, inForce(failed)
}

// removeKeys deletes keys in one transaction.
func (s *Server) removeKeys(c *call, names, aliases []string) (deleted []api.Key, err error) {
	ids, err := s.idsOf(c, names, aliases)
	if err != nil {
		return nil, err
	}
	_, _, err = s.record.Idempotent(c.ctx(), api.Once{}, func(ctx context.Context) ([]byte, error) {
		if deleted, err = s.record.DeleteKeys(ctx, c.change, ids); err != nil {
			return nil, err
		}
		return nil, checkMayDelete(c, deleted)
	})
	return deleted, err
}

// keysDeleted is the answer of POST /key/delete: the keys as the caller named them. A secret among
// them opens nothing any more.
type keysDeleted struct {
	DeletedKeys []string `json:"deleted_keys"`
}

// idsOf finds the keys that are named; each once.
func (s *Server) idsOf(c *call, names, aliases []string) ([]string, error) {
	var ids []string
	seen := map[string]bool{}
	add := func(key api.Key, err error) error {
		if err == nil && !seen[key.KeyID] {
			seen[key.KeyID] = true
			ids = append(ids, key.KeyID)
		}
		return err
	}
	for _, name := range names {
		if err := add(s.keyNamed(c.ctx(), name)); err != nil {
			return nil, err
		}
	}
	for _, alias := range aliases {
		if err := add(s.record.KeyByAlias(c.ctx(), alias)); err != nil {
			return nil, err
		}
	}
	return ids, nil
}
