package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
)

// AdminKeys knows the keys that may use the admin API.
type AdminKeys struct {
	digests [][sha256.Size]byte
}

// NewAdminKeys returns a check that lets the given keys in and no other; empty ones are left out,
// and without any nobody gets in.
func NewAdminKeys(keys ...Secret) *AdminKeys {
	a := &AdminKeys{}
	for _, key := range keys {
		if key != "" {
			a.digests = append(a.digests, sha256.Sum256([]byte(key)))
		}
	}
	return a
}

// Has says whether the secret is an admin key. It takes as long for a near miss as for any other.
func (a *AdminKeys) Has(secret Secret) bool {
	presented := sha256.Sum256([]byte(secret))
	found := 0
	for _, digest := range a.digests {
		found |= subtle.ConstantTimeCompare(digest[:], presented[:])
	}
	return found == 1
}

// Authenticate returns the caller that the headers name. Errors are [api.Unauthenticated].
func (a *AdminKeys) Authenticate(_ context.Context, header http.Header) (Caller, error) {
	secret, err := Presented(header)
	if err != nil {
		return Caller{}, err
	}
	if !a.Has(secret) {
		return Caller{}, InvalidKey()
	}
	return Root(), nil
}

// Known says whether the headers carry one of the keys. It costs no look-up.
func (a *AdminKeys) Known(header http.Header) bool {
	secret, err := Presented(header)
	return err == nil && a.Has(secret)
}
