package token

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	// keysFresh is how long keys are used without asking again: a key that was withdrawn is refused after it.
	keysFresh = 15 * time.Minute
	// keysKept is how long they are used when the provider cannot be asked.
	keysKept = 4 * time.Hour
	// askEvery is the least time between two questions, whatever key ids strangers make up.
	askEvery = 30 * time.Second
	// askTimeout bounds one question.
	askTimeout = 10 * time.Second
	minRSABits = 2048
)

// keySet are the keys that a provider publishes.
type keySet struct {
	options Options

	mu        sync.RWMutex
	keys      map[string]jose.JSONWebKey
	fetchedAt time.Time

	// asking is held by whoever asks the provider; triedAt is when that was last.
	asking  sync.Mutex
	triedAt time.Time
}

func newKeySet(options Options) *keySet { return &keySet{options: options} }

// key returns the key with this id. An id that is not known is asked for, but not often.
func (k *keySet) key(ctx context.Context, id string) (jose.JSONWebKey, error) {
	if key, found := k.known(id, keysFresh); found {
		return key, nil
	}
	failed := k.ask(ctx, id)
	if key, found := k.known(id, keysKept); found {
		return key, nil
	}
	if failed != nil {
		return jose.JSONWebKey{}, api.Errorf(api.StoreUnavailable, "the keys of the identity provider cannot be read now; try again").WithCause(failed)
	}
	return jose.JSONWebKey{}, refuse("the token is signed with a key that its provider does not publish")
}

// known finds a key among those that were read no longer ago than age. A token without a key's id is signed
// with the only one there is.
func (k *keySet) known(id string, age time.Duration) (jose.JSONWebKey, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if k.options.Now().Sub(k.fetchedAt) >= age {
		return jose.JSONWebKey{}, false
	}
	if id == "" && len(k.keys) == 1 {
		for _, key := range k.keys {
			return key, true
		}
	}
	key, found := k.keys[id]
	return key, found && id != ""
}

// ask reads the keys anew, unless somebody else did while this call waited, or it was tried a moment ago.
func (k *keySet) ask(ctx context.Context, id string) error {
	k.asking.Lock()
	defer k.asking.Unlock()
	if _, found := k.known(id, keysFresh); found {
		return nil
	}
	now := k.options.Now()
	if now.Sub(k.triedAt) < askEvery {
		if k.lastFetch().Before(k.triedAt) {
			return errors.New("asked a moment ago, without an answer")
		}
		return nil
	}
	k.triedAt = now
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout)
	defer cancel()
	keys, err := k.fetch(ctx)
	if err != nil {
		k.options.Logger.WarnContext(ctx, "the keys of an identity provider cannot be read",
			slog.String("issuer", k.options.Issuer), slog.Any("error", err))
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys, k.fetchedAt = keys, now
	return nil
}

func (k *keySet) lastFetch() time.Time {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.fetchedAt
}

// fetch reads the keys that tokens may be signed with.
func (k *keySet) fetch(ctx context.Context) (map[string]jose.JSONWebKey, error) {
	address := k.options.JWKSURL
	if address == "" {
		discovered, err := k.discover(ctx)
		if err != nil {
			return nil, err
		}
		address = discovered
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := k.read(ctx, address, &set); err != nil {
		return nil, fmt.Errorf("read the key set: %w", err)
	}
	keys := map[string]jose.JSONWebKey{}
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		// A provider may publish keys of kinds that are not known here; they sign nothing that is believed.
		if json.Unmarshal(raw, &key) == nil && usable(key) {
			keys[key.KeyID] = key
		}
	}
	return keys, nil
}

// usable says whether a key is a public one that is strong enough, for signatures.
func usable(key jose.JSONWebKey) bool {
	if !key.Valid() || key.Use != "" && key.Use != "sig" {
		return false
	}
	switch public := key.Key.(type) {
	case *rsa.PublicKey:
		return public.N.BitLen() >= minRSABits
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return true
	default:
		return false
	}
}

// discover asks the issuer where its keys are.
func (k *keySet) discover(ctx context.Context) (string, error) {
	var found struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	address := strings.TrimSuffix(k.options.Issuer, "/") + "/.well-known/openid-configuration"
	if err := k.read(ctx, address, &found); err != nil {
		return "", fmt.Errorf("ask the issuer for its keys: %w", err)
	}
	if found.Issuer != k.options.Issuer {
		return "", errors.New("the issuer calls itself by another name than the configuration does")
	}
	if found.JWKSURI == "" {
		return "", errors.New("the issuer does not say where its keys are")
	}
	return found.JWKSURI, nil
}

func (k *keySet) read(ctx context.Context, address string, target any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	request.Header.Set("Accept", "application/json")
	response, err := k.options.Client.Do(request)
	if err != nil {
		return fmt.Errorf("send request: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the provider answers %d", response.StatusCode)
	}
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if err := json.Unmarshal(data, target); err != nil {
		return fmt.Errorf("the answer is not JSON: %w", err)
	}
	return nil
}
