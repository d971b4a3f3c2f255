package litellm

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"

	"golang.org/x/crypto/nacl/secretbox"
)

// LiteLLM seals every text in a stored model's litellm_params: a NaCl secret box under the SHA-256 of its salt key (without
// one, its master key), the nonce in front, in base64.

const nonceLen = 24

// Unseal opens the parameters of stored models with LITELLM_SALT_KEY, or the master key of a proxy without one. What it
// does not open stays sealed, and is reported by the plan.
func (e *Estate) Unseal(saltKey string) {
	key := sha256.Sum256([]byte(saltKey))
	for i := range e.Models {
		model := &e.Models[i]
		model.opened = map[string]bool{}
		for name := range model.Params {
			plain, ok := unseal(&key, model.Params.text(name))
			if !ok {
				continue
			}
			if encoded, err := json.Marshal(plain); err == nil {
				model.Params[name], model.opened[name] = encoded, true
			}
		}
	}
}

func unseal(key *[sha256.Size]byte, text string) (string, bool) {
	data, ok := sealed(text)
	if !ok {
		return "", false
	}
	plain, ok := secretbox.Open(nil, data[nonceLen:], (*[nonceLen]byte)(data[:nonceLen]), key)
	return string(plain), ok
}

// sealed is what could be a sealed text: base64 of either alphabet, as long as a box at least.
func sealed(text string) ([]byte, bool) {
	data, err := base64.StdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "/").Replace(text))
	return data, err == nil && len(data) > nonceLen+secretbox.Overhead
}
