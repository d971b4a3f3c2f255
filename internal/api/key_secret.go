package api

import (
	"fmt"
	"strings"
)

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
