package admin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// errNoKey is LiteLLM's text; it repeats nothing of what was asked for, as that may be a secret.
func errNoKey() error {
	return &api.Error{Code: api.NotFound, Param: "key", Message: "Key not found in database"}
}

// findKey finds a key by its secret, by the SHA-256 of it in hexadecimal, as LiteLLM's clients have it, or by
// its id, which LiteLLM calls token.
func (s *Server) findKey(ctx context.Context, name string) (key api.Key, err error) {
	if digest, ok := digestNamed(name); ok {
		key, err = s.record.KeyByDigest(ctx, digest)
	} else if strings.HasPrefix(name, "sk-") {
		return api.Key{}, errNoKey()
	} else {
		key, err = s.record.Key(ctx, name)
	}
	if api.CodeOf(err) == api.NotFound {
		return key, errNoKey()
	}
	return key, err
}

// digestNamed returns what the record knows a secret by, when the name is one or the digest of one.
func digestNamed(name string) (digest []byte, ok bool) {
	if secret := auth.Secret(name); auth.CheckSecret(secret) == nil {
		return auth.Digest(secret), true
	}
	if len(name) != hex.EncodedLen(sha256.Size) {
		return nil, false
	}
	digest, err := hex.DecodeString(name)
	return digest, err == nil
}

// shownName repeats how a caller named a key, but no secret.
func shownName(name string) string {
	if strings.HasPrefix(name, "sk-") {
		return auth.Mask(auth.Secret(name))
	}
	return name
}

// keyInfo is GET /key/info?key=; without a name it is about the key that the request carries.
func (s *Server) keyInfo(c *route.Call, in keyAsked) (info api.KeyInfo, err error) {
	name := in.Key
	if name == "" {
		own, err := auth.Presented(c.Request.Header)
		if err != nil {
			return info, err
		}
		if name = own.Reveal(); !strings.HasPrefix(name, "sk-") {
			return info, errNoKey()
		}
	}
	key, err := s.findKey(c.Context(), name)
	if err != nil {
		return info, err
	}
	keys := []api.Key{key}
	err = s.completeKeys(c.Context(), keys)
	return api.KeyInfo{Key: keys[0], Asked: shownName(name), Info: keys[0]}, err
}

// keys returns complete keys, never nil.
func (s *Server) keys(ctx context.Context, filter api.KeyFilter) ([]api.Key, error) {
	keys, _, err := s.keyPage(ctx, filter)
	return keys, err
}

func (s *Server) keyPage(ctx context.Context, filter api.KeyFilter) ([]api.Key, int, error) {
	keys, total, err := s.record.Keys(ctx, filter)
	if err != nil {
		return nil, 0, err
	}
	if keys == nil {
		keys = []api.Key{}
	}
	return keys, total, s.completeKeys(ctx, keys)
}

// completeKeys fills in what the record does not know: spending.
func (s *Server) completeKeys(ctx context.Context, keys []api.Key) error {
	if len(keys) == 0 {
		return nil
	}
	states, err := s.spending.Keys(ctx, keys)
	if err != nil {
		return route.Unspent(err)
	}
	for i := range keys {
		keys[i].BudgetState = states[i]
	}
	return nil
}

// changedKey puts a key in force that has just been written, and completes it for the answer.
func (s *Server) changedKey(ctx context.Context, before *api.Key, after api.Key) (api.Key, error) {
	if err := route.InForce(s.changes.KeyChanged(ctx, before, &after)); err != nil {
		return after, err
	}
	keys := []api.Key{after}
	err := s.completeKeys(ctx, keys)
	return keys[0], err
}

// updateKey is POST /key/update: key (secret, hash or id) and the fields to change.
func (s *Server) updateKey(c *route.Call, in keyUpdate) (api.KeyInfo, error) {
	return s.editKey(c, in.Key, func(key *api.Key) error {
		blocked := key.Blocked
		if err := in.Apply(&key.KeyFields); err != nil {
			return err
		}
		if err := in.Duration.set(c, s.now(), &key.Expires); err != nil {
			return err
		}
		if !in.Has("blocked") {
			return nil
		}
		keepAtOnce(c, &key.Record, blocked, &key.Blocked)
		return noteBlocked(c, blocked, key)
	})
}

// editKey changes one key, within what its team allows, and answers it as it is then.
func (s *Server) editKey(c *route.Call, name string, edit func(*api.Key) error) (api.KeyInfo, error) {
	revision, err := c.IfRevision()
	if err != nil {
		return api.KeyInfo{}, err
	}
	found, err := s.findKey(c.Context(), name)
	if err != nil {
		return api.KeyInfo{}, err
	}
	planned := found
	if err := edit(&planned); err != nil {
		return api.KeyInfo{}, err
	}
	team, err := s.teamOf(c.Context(), planned)
	if err != nil {
		return api.KeyInfo{}, err
	}
	origin, err := s.checkNamed(c, team, found, planned)
	if err != nil {
		return api.KeyInfo{}, err
	}
	var before api.Key
	key, err := s.record.UpdateKey(c.Context(), c.Change, found.KeyID, revision, func(key *api.Key) error {
		before = *key
		if err := edit(key); err != nil {
			return err
		}
		if err := checkOwnKey(c, before, *key); err != nil {
			return err
		}
		if !equal(before.TeamID, found.TeamID) || !equal(before.UserID, found.UserID) || !equal(key.UserID, planned.UserID) || !equal(key.BudgetID, planned.BudgetID) {
			return api.Errorf(api.Conflict, "the key was given to somebody else meanwhile; try again")
		}
		key.Origin.Apart = origin.Apart
		return s.checkWithin(team, before, *key)
	})
	if err != nil {
		return api.KeyInfo{}, err
	}
	key, err = s.changedKey(c.Context(), &before, key)
	return api.KeyInfo{Key: key, Asked: shownName(name), Info: key}, err
}

// blockKey is POST /key/block {"key"}.
func (s *Server) blockKey(c *route.Call, in keyNamed) (api.KeyInfo, error) {
	return s.setKeyBlocked(c, in.Key, true)
}

// unblockKey is POST /key/unblock {"key"}.
func (s *Server) unblockKey(c *route.Call, in keyNamed) (api.KeyInfo, error) {
	return s.setKeyBlocked(c, in.Key, false)
}

func (s *Server) setKeyBlocked(c *route.Call, name string, blocked bool) (api.KeyInfo, error) {
	return s.editKey(c, name, func(key *api.Key) error {
		before := key.Blocked
		if err := s.setBlocked(c, &key.Record, &key.Blocked, blocked); err != nil {
			return err
		}
		return noteBlocked(c, before, key)
	})
}
