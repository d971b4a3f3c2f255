package admin

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// maxGrace is how long an old secret may go on working after a rotation.
const maxGrace = 90 * 24 * time.Hour

// generateServiceKey is POST /key/service-account/generate: a key of a team that belongs to no user.
func (s *Server) generateServiceKey(c *route.Call, in serviceKeyNew) (api.KeyCreated, error) {
	in.Set("team_id", in.TeamID)
	in.Drop("user_id") // as LiteLLM has it
	return s.generateKey(c, in.keyCreate)
}

// generateKey is POST /key/generate: a key's fields, with a secret of the caller's own or a new one.
// Its answer is the only one that shows the secret.
func (s *Server) generateKey(c *route.Call, in keyCreate) (created api.KeyCreated, err error) {
	secret, err := s.newSecret(c, in)
	if err != nil {
		return created, err
	}
	key := api.NewKey(auth.NewKeyID())
	if err := in.Apply(&key.KeyFields); err != nil {
		return created, err
	}
	if err := in.Duration.set(c, s.now(), &key.Expires); err != nil {
		return created, err
	}
	key.KeyName = secret.mask
	if err := key.Validate(); err != nil {
		return created, err
	}
	if err := s.checkNew(c, &key); err != nil {
		return created, err
	}
	fresh := []api.Key{key}
	if err := s.completeKeys(c.Context(), fresh); err != nil {
		return created, err
	}
	created, err = route.Once(c, s.record, func(ctx context.Context) (api.KeyCreated, error) {
		stored, err := s.record.CreateKey(ctx, c.Change, key, secret.digest)
		stored.BudgetState = fresh[0].BudgetState
		return api.KeyCreated{Secret: secret.shown, Key: stored}, route.Taken(err, secret.field)
	})
	if err != nil {
		return created, err
	}
	return created, route.InForce(s.changes.KeyChanged(c.Context(), nil, &created.Key))
}

// newSecret is what a new key is opened by.
type newSecret struct {
	digest []byte
	// mask and shown are what lists and the answer say of it; nobody here knows a secret that came as its digest.
	mask, shown string
	// field is where the caller gave it.
	field string
}

// newSecret is a secret of the caller's own choice, one that the caller knows the digest of, or a new one.
func (s *Server) newSecret(c *route.Call, in keyCreate) (newSecret, error) {
	if in.TokenSHA256 == "" {
		secret, err := secretOf("key", in.Key)
		return newSecret{auth.Digest(secret), auth.Mask(secret), secret.Reveal(), "key"}, err
	}
	switch {
	case c.Caller.Role != auth.RoleAdmin:
		return newSecret{}, api.Errorf(api.Forbidden, "token_sha256 is for admins of the platform: who knows a digest need not know the secret")
	case in.Key != "":
		return newSecret{}, api.FieldErrorf("token_sha256", "cannot be given together with key: the secret is one or the other")
	case len(in.TokenSHA256) != hex.EncodedLen(sha256.Size) || strings.ToLower(in.TokenSHA256) != in.TokenSHA256:
		return newSecret{}, errNoDigest()
	}
	digest, ok := digestNamed(in.TokenSHA256)
	if !ok {
		return newSecret{}, errNoDigest()
	}
	if in.KeyName != "" && !maskPattern.MatchString(in.KeyName) {
		return newSecret{}, api.FieldErrorf("key_name", `must be "sk-..." and at most the last four characters of the secret`)
	}
	return newSecret{digest, cmp.Or(in.KeyName, auth.Mask("")), "", "token_sha256"}, nil
}

// maskPattern keeps secrets out of what everybody may read.
var maskPattern = regexp.MustCompile(`^sk-\.\.\.[\w.-]{0,4}$`)

func errNoDigest() error {
	return api.FieldErrorf("token_sha256", "must be the SHA-256 of the secret: 64 lower-case hexadecimal digits")
}

// checkNew refuses a new key that its team, or the caller, may not have, and notes where it comes from.
func (s *Server) checkNew(c *route.Call, key *api.Key) error {
	team, err := s.teamOf(c.Context(), *key)
	if err != nil {
		return err
	}
	if err := s.checkWithin(team, api.Key{}, *key); err != nil {
		return err
	}
	if key.Origin, err = s.checkNamed(c, team, api.Key{}, *key); err != nil {
		return err
	}
	key.Origin.MadeBy = makerOf(c)
	return noteBlocked(c, false, key)
}

// secretOf is a secret of the caller's own choice, or a new one.
func secretOf(field, chosen string) (auth.Secret, error) {
	if chosen == "" {
		return auth.NewSecret(), nil
	}
	for _, check := range []error{api.CheckNewKeySecret(chosen), auth.CheckSecret(auth.Secret(chosen))} {
		if check != nil {
			return "", api.FieldErrorf(field, "%s", check)
		}
	}
	return auth.Secret(chosen), nil
}

// rotateKey is POST /key/rotate, /key/regenerate and /key/{key}/regenerate: a new secret for the same key.
// The old one works on for grace_period ("24h"); without it, it stops at once.
func (s *Server) rotateKey(c *route.Call, in keyRotation) (rotated api.KeyCreated, err error) {
	name := cmp.Or(in.InPath, in.Key)
	if name == "" {
		return rotated, api.FieldErrorf("key", "is required")
	}
	secret, err := secretOf("new_key", in.NewKey)
	if err != nil {
		return rotated, err
	}
	grace, err := graceOf(in.GracePeriod)
	if err != nil {
		return rotated, err
	}
	before, err := s.findKey(c.Context(), name)
	if err != nil {
		return rotated, err
	}
	givenTo, err := s.checkRotation(c, before)
	if err != nil {
		return rotated, err
	}
	oldUntil := s.now().Add(grace)
	rotated, err = route.Once(c, s.record, func(ctx context.Context) (api.KeyCreated, error) {
		key, err := s.record.RotateKey(ctx, c.Change, before.KeyID, auth.Digest(secret), auth.Mask(secret), oldUntil, givenTo)
		return api.KeyCreated{Secret: secret.Reveal(), Key: key}, route.Taken(err, "new_key")
	})
	if err != nil {
		return rotated, err
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
	apart, err := s.checkUserNamed(c, key)
	if err == nil && apart && !key.Origin.Apart {
		return nil, errSpendsForItsUser()
	}
	return &maker, err
}

// errSpendsForItsUser refuses the secret of a key that the platform made, to a team that made its user a member: it spends that user's
// own budget.
func errSpendsForItsUser() error {
	refused := api.Errorf(api.Forbidden, "user_id has a budget of their own, which this key spends; the platform's admins give out its secret")
	refused.Param = "user_id"
	return refused
}

// graceOf is how long an old secret works on; empty is not at all.
func graceOf(period string) (time.Duration, error) {
	if period == "" {
		return 0, nil
	}
	span, err := api.ParseSpan(period)
	if err != nil {
		return 0, api.FieldErrorf("grace_period", "%s", err)
	}
	if span.Approximate() > maxGrace {
		return 0, api.FieldErrorf("grace_period", "is longer than 90 days")
	}
	return span.Approximate(), nil
}

// deleteKeys is POST /key/delete {"keys"}, by secret or id, or {"key_aliases"}: all of them or none.
func (s *Server) deleteKeys(c *route.Call, in keysNamed) (gone keysDeleted, err error) {
	if len(in.Keys)+len(in.KeyAliases) == 0 {
		return gone, api.FieldErrorf("keys", "is required, or key_aliases: a list of the keys to delete")
	}
	deleted, err := s.removeKeys(c, in.Keys, in.KeyAliases)
	if err != nil {
		return gone, err
	}
	var failed error
	for _, key := range deleted {
		failed = errors.Join(failed, s.changes.KeyChanged(c.Context(), &key, nil))
	}
	return keysDeleted{DeletedKeys: append(in.Keys, in.KeyAliases...)}, route.InForce(failed)
}

// removeKeys deletes keys in one transaction.
func (s *Server) removeKeys(c *route.Call, names, aliases []string) (deleted []api.Key, err error) {
	ids, err := s.idsOf(c, names, aliases)
	if err != nil {
		return nil, err
	}
	err = s.record.Transaction(c.Context(), func(ctx context.Context) error {
		if deleted, err = s.record.DeleteKeys(ctx, c.Change, ids); err != nil {
			return err
		}
		return checkMayDelete(c, deleted)
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
		if err := add(s.findKey(c.Context(), name)); err != nil {
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
