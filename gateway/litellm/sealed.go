package litellm

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"

	"golang.org/x/crypto/nacl/secretbox"
)

// LiteLLM seals every text in a stored model's litellm_params with the SHA-256 of its salt key (without one, its master key),
// the nonce in front, in base64: in a NaCl secret box, or by AES-256-GCM where general_settings.encryption_algorithm says so,
// with a prefix that tells.

const (
	boxNonceLen = 24
	gcmPrefix   = "v2:gcm:"
)

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
	if strings.HasPrefix(text, gcmPrefix) {
		return openGCM(key, data)
	}
	plain, ok := secretbox.Open(nil, data[boxNonceLen:], (*[boxNonceLen]byte)(data[:boxNonceLen]), key)
	return string(plain), ok
}

// openGCM opens what AES-256-GCM has sealed; false for another key, or what is damaged.
func openGCM(key *[sha256.Size]byte, data []byte) (string, bool) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return "", false
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil || len(data) < gcm.NonceSize() {
		return "", false
	}
	plain, err := gcm.Open(nil, data[:gcm.NonceSize()], data[gcm.NonceSize():], nil)
	return string(plain), err == nil
}

// sealed is what could be a sealed text: base64 of either alphabet, as long as a box at least, or whatever says that it is one.
func sealed(text string) ([]byte, bool) {
	rest, says := strings.CutPrefix(text, gcmPrefix)
	data, err := base64.StdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "/").Replace(rest))
	return data, says || err == nil && len(data) > boxNonceLen+secretbox.Overhead
}
