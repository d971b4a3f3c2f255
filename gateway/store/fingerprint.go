package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// fingerprint identifies the secret of a place, "" for none: it is another one when the secret is another. It is made
// with a key of the gateway's, so that nobody can tell by it whether a guess is right, nor whether two places have the
// same secret.
func (s *Store) fingerprint(secret, place string) string {
	if secret == "" {
		return ""
	}
	mac := hmac.New(sha256.New, s.fingerprintKey)
	mac.Write([]byte(place + "\x00" + secret))
	return hex.EncodeToString(mac.Sum(nil))
}
