package api

import (
	"fmt"
	"strings"
	"time"
)

// Key is what a caller authenticates with. Its id never changes; its secret is shown once.
type Key struct {
	// KeyID identifies the key for ever; it is no secret.
	KeyID string `json:"key_id"`
	// Token and TokenID are LiteLLM's names for KeyID.
	Token   string `json:"token"`
	TokenID string `json:"token_id"`
	// KeyName is the masked secret, such as "sk-...Ab3d".
	KeyName string `json:"key_name"`
	KeyFields
	BudgetState
	Record
	DeclaredIn string `json:"declared_in,omitempty"`
	// Origin is kept by the gateway and never answered.
	Origin KeyOrigin `json:"-"`
}

// KeyOrigin is what a gateway keeps about how a key came to be, to judge it by.
type KeyOrigin struct {
	// MadeBy is the credential that the key's secret was given out to, if that was one of some teams only. A key that
	// is a team admin's is one for as long as that credential holds.
	MadeBy Credential `json:"made_by,omitzero"`
	// BlockedByTeam says that a team's admin blocked the key, and may unblock it.
	BlockedByTeam bool `json:"blocked_by_team,omitempty"`
	// Apart says that what the key uses does not count against its user's own budget and limits: a team's admin made
	// it for somebody who was put into the team by one.
	Apart bool `json:"apart,omitempty"`
}

// KeyFields are the parts of a key that its owner may set.
type KeyFields struct {
	// KeyAlias is unique over all keys.
	KeyAlias *string `json:"key_alias"`
	TeamID   *string `json:"team_id"`
	UserID   *string `json:"user_id"`
	// Models is a subset of the team's; empty is all the team's.
	Models StringList `json:"models"`
	RateLimits
	TempRates
	ModelRateLimits
	BudgetTerms
	Enforcement
	BudgetID *string  `json:"budget_id"`
	Metadata Metadata `json:"metadata"`
	Blocked  bool     `json:"blocked"`
	// Expires is when the key stops working; nil is never.
	Expires *time.Time `json:"expires"`
	// SpeakForTeams are the teams that the identifier header may name with this key; "*" is every team.
	SpeakForTeams StringList `json:"speak_for_teams"`
}

// KeyCreate is the body of POST /key/generate: a key's fields and what only its making needs.
type KeyCreate struct {
	KeyFields
	// Key is a secret of the caller's own choice; empty lets the gateway make one.
	Key *string `json:"key"`
	// TokenSHA256 is the digest of a secret that somebody has already, in hexadecimal; KeyName its masked form.
	TokenSHA256 *string `json:"token_sha256,omitempty"`
	KeyName     *string `json:"key_name,omitempty"`
	// Duration is how long the key lives, such as "30d"; nil or "-1" is for ever. Not together with expires.
	Duration *string `json:"duration"`
}

// KeyCreated is the answer of POST /key/generate, the only one that carries the secret.
type KeyCreated struct {
	// Secret is the key in clear text; empty for a key that was made by token_sha256.
	Secret string `json:"key"`
	Key
}

// KeyInfo is the answer of GET /key/info: the fields at the top level and under info.
type KeyInfo struct {
	Key
	// Asked repeats the key as the caller named it: its id, or the masked secret.
	Asked string `json:"key"`
	Info  Key    `json:"info"`
}

// NewKey returns a key with the defaults of a create.
func NewKey(id string) Key {
	return Key{KeyID: id, Token: id, TokenID: id, KeyFields: KeyFields{BudgetTerms: BudgetTerms{HardCap: true}}}
}

// Validate says whether the key can be stored; the error names the field.
func (k Key) Validate() error {
	v := newValidation()
	v.id("key_id", k.KeyID)
	v.alias("key_alias", k.KeyAlias)
	v.optionalID("team_id", k.TeamID)
	v.optionalID("user_id", k.UserID)
	v.modelList("models", k.Models)
	v.rateLimits(k.RateLimits)
	v.modelRateLimits(k.ModelRateLimits)
	v.budgetTerms(k.BudgetTerms, k.BudgetID)
	v.temporaryRates(k.TempRates)
	v.enforcement(k.Enforcement)
	v.optionalID("budget_id", k.BudgetID)
	if k.BudgetID != nil && k.MaxBudget != nil {
		v.fail("max_budget", "cannot be set together with budget_id: the budget brings its own terms")
	}
	v.metadata(k.Metadata)
	v.names("speak_for_teams", k.SpeakForTeams)
	return v.err()
}

const (
	keySecretPrefix = "sk-"
	minKeySecret    = 16
	// minNewKeySecret is what LiteLLM makes; keys that were given shorter ones earlier go on working.
	minNewKeySecret = 22
	maxKeySecret    = 200
)

// ErrKeySecret is a text that cannot be the secret of a key.
var ErrKeySecret = fmt.Errorf("must start with %s and go on with %d to %d letters, digits and . _ -", keySecretPrefix, minKeySecret, maxKeySecret)

// ErrNewKeySecret is a text that a key cannot be given for its secret.
var ErrNewKeySecret = fmt.Errorf("must start with %s and go on with %d to %d letters, digits and . _ -", keySecretPrefix, minNewKeySecret, maxKeySecret)

// CheckNewKeySecret returns [ErrNewKeySecret] for a text that a key cannot be given for its secret, without repeating it.
func CheckNewKeySecret(secret string) error {
	if CheckKeySecret(secret) != nil || len(secret) < len(keySecretPrefix)+minNewKeySecret {
		return ErrNewKeySecret
	}
	return nil
}

// CheckKeySecret returns [ErrKeySecret] for a text that cannot be the secret of a key, without repeating it.
func CheckKeySecret(secret string) error {
	own, found := strings.CutPrefix(secret, keySecretPrefix)
	if !found || len(own) < minKeySecret || len(own) > maxKeySecret || strings.ContainsFunc(own, notInKeySecret) {
		return ErrKeySecret
	}
	return nil
}

func notInKeySecret(r rune) bool {
	switch {
	case r >= '0' && r <= '9', r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z':
		return false
	default:
		return r != '_' && r != '-' && r != '.'
	}
}
