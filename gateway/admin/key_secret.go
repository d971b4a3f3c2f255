package admin

import (
	"context"
	"errors"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// maxGrace is how long an old secret may go on working after a rotation.
const maxGrace = 90 * 24 * time.Hour

// generateServiceKey is POST /key/service-account/generate: a key of a team that belongs to no user.
func (s *Server) generateServiceKey(c *route.Call) (any, error) {
	if value := c.In.Fields["team_id"]; len(value) == 0 || string(value) == "null" {
		return nil, api.FieldErrorf("team_id", "is required: a service account's key belongs to a team")
	}
	c.In.Take("user_id") // as LiteLLM has it
	return s.generateKey(c)
}

// generateKey is POST /key/generate: a key's fields, with a secret of the caller's own or a new one.
// Its answer is the only one that shows the secret.
func (s *Server) generateKey(c *route.Call) (any, error) {
	secret, err := readSecret(c.In, "key")
	if err != nil {
		return nil, err
	}
	expiry, err := readExpiry(c.In, s.now())
	if err != nil {
		return nil, err
	}
	key := api.NewKey(auth.NewKeyID())
	if err := c.In.Expect(&key.KeyFields); err != nil {
		return nil, err
	}
	expiry.apply(&key.KeyFields)
	key.KeyName = auth.Mask(secret)
	if err := key.Validate(); err != nil {
		return nil, err
	}
	team, err := s.teamOf(c.Context(), key)
	if err != nil {
		return nil, err
	}
	if err := s.checkWithin(team, api.Key{}, key); err != nil {
		return nil, err
	}
	if key.Origin, err = s.checkNamed(c, team, api.Key{}, key); err != nil {
		return nil, err
	}
	key.Origin.MadeBy = makerOf(c)
	if err := noteBlocked(c, false, &key); err != nil {
		return nil, err
	}
	fresh := []api.Key{key}
	if err := s.completeKeys(c.Context(), fresh); err != nil {
		return nil, err
	}
	created, err := route.Once(c, s.record, func(ctx context.Context) (api.KeyCreated, error) {
		stored, err := s.record.CreateKey(ctx, c.Change, key, auth.Hash(s.pepper, secret))
		stored.BudgetState = fresh[0].BudgetState
		return api.KeyCreated{Secret: secret.Reveal(), Key: stored}, route.Taken(err, "key")
	})
	if err != nil {
		return nil, err
	}
	return created, route.InForce(s.changes.KeyChanged(c.Context(), nil, &created.Key))
}

// readSecret takes a secret of the caller's own out of the input, or makes one.
func readSecret(in *route.Input, name string) (auth.Secret, error) {
	text, err := in.Text(name)
	if err != nil || text == "" {
		return auth.NewSecret(), err
	}
	for _, check := range []error{api.CheckNewKeySecret(text), auth.CheckSecret(auth.Secret(text))} {
		if check != nil {
			return "", api.FieldErrorf(name, "%s", check)
		}
	}
	return auth.Secret(text), nil
}

// rotateKey is POST /key/rotate, /key/regenerate and /key/{key}/regenerate: a new secret for the same key.
// The old one works on for grace_period ("24h"); without it, it stops at once.
func (s *Server) rotateKey(c *route.Call) (any, error) {
	name, err := c.In.Text("key")
	if err != nil {
		return nil, err
	}
	if inPath := c.Request.PathValue("key"); inPath != "" {
		name = inPath
	}
	if name == "" {
		return nil, api.FieldErrorf("key", "is required")
	}
	secret, err := readSecret(c.In, "new_key")
	if err != nil {
		return nil, err
	}
	grace, err := readGrace(c.In)
	if err != nil {
		return nil, err
	}
	if err := c.In.Expect(&struct{}{}); err != nil {
		return nil, err
	}
	before, err := s.keyNamed(c.Context(), name)
	if err != nil {
		return nil, err
	}
	givenTo, err := s.checkRotation(c, before)
	if err != nil {
		return nil, err
	}
	oldUntil := s.now().Add(grace)
	rotated, err := route.Once(c, s.record, func(ctx context.Context) (api.KeyCreated, error) {
		key, err := s.record.RotateKey(ctx, c.Change, before.KeyID, auth.Hash(s.pepper, secret), auth.Mask(secret), oldUntil, givenTo)
		return api.KeyCreated{Secret: secret.Reveal(), Key: key}, route.Taken(err, "new_key")
	})
	if err != nil {
		return nil, err
	}
	rotated.Key, err = s.changedKey(c.Context(), &before, rotated.Key)
	return rotated, err
}

// checkRotation says who the new secret is given out to, nil for who has the key already. The secret of somebody's
// key is not for callers who could not make one for them.
func (s *Server) checkRotation(c *route.Call, key api.Key) (*api.Credential, error) {
	if key.KeyID == c.Caller.KeyID {
		return nil, nil //nolint:nilnil // nobody new is no error
	}
	maker := makerOf(c)
	if c.Caller.Role.Everywhere() {
		return &maker, nil
	}
	_, err := s.checkUserNamed(c, key)
	return &maker, err
}

// readGrace takes grace_period out of the input.
func readGrace(in *route.Input) (time.Duration, error) {
	text, err := in.Text("grace_period")
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
func (s *Server) deleteKeys(c *route.Call) (any, error) {
	names, err := c.In.Texts("keys")
	if err != nil {
		return nil, err
	}
	aliases, err := c.In.Texts("key_aliases")
	if err != nil {
		return nil, err
	}
	if len(names)+len(aliases) == 0 {
		return nil, api.FieldErrorf("keys", "is required, or key_aliases: a list of the keys to delete")
	}
	if err := c.In.Expect(&struct{}{}); err != nil {
		return nil, err
	}
	deleted, err := s.removeKeys(c, names, aliases)
	if err != nil {
		return nil, err
	}
	var failed error
	for _, key := range deleted {
		failed = errors.Join(failed, s.changes.KeyChanged(c.Context(), &key, nil))
	}
	return keysDeleted{DeletedKeys: append(names, aliases...)}, route.InForce(failed)
}

// removeKeys deletes keys in one transaction.
func (s *Server) removeKeys(c *route.Call, names, aliases []string) (deleted []api.Key, err error) {
	ids, err := s.idsOf(c, names, aliases)
	if err != nil {
		return nil, err
	}
	_, _, err = s.record.Idempotent(c.Context(), api.Once{}, func(ctx context.Context) ([]byte, error) {
		if deleted, err = s.record.DeleteKeys(ctx, c.Change, ids); err != nil {
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
func (s *Server) idsOf(c *route.Call, names, aliases []string) ([]string, error) {
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
		if err := add(s.keyNamed(c.Context(), name)); err != nil {
			return nil, err
		}
	}
	for _, alias := range aliases {
		if err := add(s.record.KeyByAlias(c.Context(), alias)); err != nil {
			return nil, err
		}
	}
	return ids, nil
}
