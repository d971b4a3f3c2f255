package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Sealer keeps secrets that have to be read again.
type Sealer interface {
	// Seal encrypts a value for a place; Open decrypts it only with the same place.
	Seal(plain []byte, place string) ([]byte, error)
	Open(sealed []byte, place string) ([]byte, error)
	// Derive returns the key for a purpose, always the same one.
	Derive(purpose string) []byte
	// KeyID names the secret key; values that it seals have it in their bytes 2 to 9.
	KeyID() [8]byte
}

// secretKey is what is made of one of the secret keys that the record was or is written with.
type secretKey struct {
	id string
	// sealer is nil for a key that the configuration has no more.
	sealer Sealer
	// pepper keys the hashes of secrets, and is nil once it is forgotten; audit keys the chain.
	pepper, audit []byte
}

func newSecretKey(sealer Sealer) *secretKey {
	id := sealer.KeyID()
	return &secretKey{id: hex.EncodeToString(id[:]), sealer: sealer, pepper: sealer.Derive("key pepper"), audit: sealer.Derive("audit")}
}

// check is what the record notes of the key that it is written with.
func (k *secretKey) check() string { return fmt.Sprintf("%x", k.sealer.Derive("store check")) }

// hash is what is stored of a secret, by its digest: without the pepper a stolen hash is of no use.
func (k *secretKey) hash(digest []byte) []byte {
	mac := hmac.New(sha256.New, k.pepper)
	mac.Write(digest)
	return mac.Sum(nil)
}

// secretKeys are all that a gateway knows of secret keys.
type secretKeys struct {
	// given are those of the configuration, the one to write with first.
	given []*secretKey
	// earlier are those that the record was written with before and the configuration has no more, the last one first.
	earlier []*secretKey
	// first is the id of the first one, which rows that name none have.
	first string
	// inUse is the one that the record was last seen to be written with.
	inUse atomic.Pointer[secretKey]
	// forgotten are the ids of those whose hashes open nothing any more, as the record last said.
	forgotten atomic.Pointer[[]string]
	// fingerprint is what the fingerprints of secrets are made with. It stays that of the first key, or Terraform would take
	// every secret for a changed one.
	fingerprint []byte
}

func (k *secretKeys) of(id string) *secretKey {
	if id == "" {
		id = k.first
	}
	for _, key := range slices.Concat(k.given, k.earlier) {
		if key.id == id {
			return key
		}
	}
	return nil
}

// current is the key with an id, which the record is written with, and an error where this gateway does not have it.
func (k *secretKeys) current(id string) (*secretKey, error) {
	key := k.of(id)
	if key == nil || key.sealer == nil {
		return nil, fmt.Errorf("the record is written with another secret key by now (%s), which this gateway was not given; start it again with that one as secret_key", id)
	}
	k.inUse.Store(key)
	return key, nil
}

// hashing are the keys that secrets may have been hashed with, the one in use first.
func (k *secretKeys) hashing() []*secretKey {
	keys, forgotten := []*secretKey{k.inUse.Load()}, *k.forgotten.Load()
	for _, key := range slices.Concat(k.given, k.earlier) {
		if key != keys[0] && key.pepper != nil && !slices.Contains(forgotten, key.id) {
			keys = append(keys, key)
		}
	}
	return keys
}

// open decrypts a value that one of the given keys sealed.
func (k *secretKeys) open(sealed []byte, place string) ([]byte, error) {
	var failed error
	for _, key := range k.given {
		plain, err := key.sealer.Open(sealed, place)
		if err == nil {
			return plain, nil
		}
		failed = errors.Join(failed, err)
	}
	return nil, failed
}

// sealing seals with the key that the record is written with while the context's change is under way.
func (s *Store) sealing(ctx context.Context) Sealer {
	if t := s.joined(ctx); t != nil && t.key != nil {
		return t.key.sealer
	}
	return s.keys.inUse.Load().sealer
}

// hashWith are the hashes that a secret may be stored under, by its digest, and the keys that they are made with; the
// key in use comes first.
func (s *Store) hashWith(digest []byte) (keys []*secretKey, hashes [][]byte) {
	keys = s.keys.hashing()
	for _, key := range keys {
		hashes = append(hashes, key.hash(digest))
	}
	return keys, hashes
}

// lookUp asks for a secret under each hash that it may be stored under, as long as the answer is [api.NotFound]. Another call
// may move it to the key in use between two questions, which is therefore asked once more at the end.
func (s *Store) lookUp(digest []byte, ask func(key *secretKey, hash []byte) error) (err error) {
	keys, hashes := s.hashWith(digest)
	if len(keys) > 1 {
		keys, hashes = append(keys, keys[0]), append(hashes, hashes[0])
	}
	for i, key := range keys {
		if err = ask(key, hashes[i]); api.CodeOf(err) != api.NotFound {
			return err
		}
	}
	return err
}

// SecretHashes are what may be stored of the secret with this digest; see [Store.EachSecretHash].
func (s *Store) SecretHashes(digest []byte) [][]byte {
	_, hashes := s.hashWith(digest)
	return hashes
}

// moveWait is how long a call waits for other changes when it stores its secret's hash anew.
const moveWait = 100 * time.Millisecond

// moveSecret stores a secret's hash anew, which was found under a key that is not in use any more. What fails, or would
// have to wait, is tried at the next use: the secret opens what it opens either way.
func (s *Store) moveSecret(ctx context.Context, digest, old []byte, queries ...string) {
	if s.joined(ctx) != nil {
		return // it may be a transaction that only reads
	}
	ctx, cancel := context.WithTimeout(ctx, moveWait)
	defer cancel()
	err := s.change(ctx, func(ctx context.Context, t *tx) error {
		hash := t.key.hash(digest)
		if hmac.Equal(hash, old) {
			return nil
		}
		for _, query := range queries {
			if _, err := s.exec(ctx, query, args{"hash": hash, "old": old, "key_id": t.key.id}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		s.logger.WarnContext(ctx, "the hash of a secret could not be moved to the secret key in use; it is tried again", slog.Any("error", err))
	}
}

// keptOfKey is what the record keeps of a secret key that is not in use any more, sealed with the one that is.
type keptOfKey struct {
	// Pepper is missing once it is forgotten: what was hashed with it opens nothing any more.
	Pepper       []byte `json:"pepper,omitempty"`
	Audit        []byte `json:"audit"`
	Fingerprints []byte `json:"fingerprints"`
}

func (r secretKeyRow) forgotten() bool { return r.sealed != nil && r.kept.Pepper == nil }

func keptPlace(id string) string { return "secret_key/" + id }

// secretKeyRow is a row of the table.
type secretKeyRow struct {
	id      string
	number  int64
	sinceMS int64
	sealed  []byte
	kept    keptOfKey
}

// secretKeyRows reads all of them, and remembers which keys are forgotten.
func (s *Store) secretKeyRows(ctx context.Context) (rows []secretKeyRow, err error) {
	err = s.each(ctx, "secret_key_list", args{}, func(scan func(...any) error) error {
		var row secretKeyRow
		err := scan(&row.id, &row.number, &row.sinceMS, &row.sealed)
		rows = append(rows, row)
		return err
	})
	for i := range rows {
		row := &rows[i]
		if err != nil || row.sealed == nil {
			continue
		}
		var plain []byte
		if plain, err = s.keys.open(row.sealed, keptPlace(row.id)); err == nil {
			err = decode(string(plain), &row.kept)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read the secret keys of %s: %w", s.db.Place, err)
	}
	var forgotten []string
	for _, row := range rows {
		if row.forgotten() {
			forgotten = append(forgotten, row.id)
		}
	}
	s.keys.forgotten.Store(&forgotten)
	return rows, nil
}

// checkSecretKey notes the secret key that the database is first used with and refuses any that it is not written with:
// no key would work any more, and nothing sealed could be opened.
func (s *Store) checkSecretKey(ctx context.Context) error {
	var stored string
	_, err := s.exec(ctx, "setting_put_first", args{"name": "secret_key", "value": s.keys.given[0].check()})
	if err == nil {
		_, err = s.one(ctx, "setting_get", args{"name": "secret_key"}, &stored)
	}
	if err != nil {
		return fmt.Errorf("check the secret key of %s: %w", s.db.Place, err)
	}
	at := slices.IndexFunc(s.keys.given, func(key *secretKey) bool { return key.check() == stored })
	if at < 0 {
		return fmt.Errorf("%s was written with another secret key (BURSAR_SECRET_KEY); start with that one", s.db.Place)
	}
	s.keys.inUse.Store(s.keys.given[at])
	return s.readSecretKeys(ctx)
}

// readSecretKeys reads what is kept of earlier keys, and refuses to go without one that values are still sealed with.
func (s *Store) readSecretKeys(ctx context.Context) error {
	inUse := s.keys.inUse.Load()
	s.keys.first, s.keys.fingerprint = inUse.id, inUse.sealer.Derive("secret fingerprints")
	rows, err := s.secretKeyRows(ctx)
	if err != nil || len(rows) == 0 {
		return err
	}
	s.keys.first, s.keys.fingerprint = rows[0].id, rows[0].kept.Fingerprints
	for _, row := range slices.Backward(rows) {
		if row.kept.Audit != nil && s.keys.of(row.id) == nil {
			s.keys.earlier = append(s.keys.earlier, &secretKey{id: row.id, pepper: row.kept.Pepper, audit: row.kept.Audit})
		}
	}
	if len(s.keys.given) > 1 {
		return nil
	}
	id := inUse.sealer.KeyID()
	left, err := s.sealedWithOthers(ctx, id[:])
	if err != nil {
		return err
	}
	if texts := left.texts(); len(texts) > 0 {
		return fmt.Errorf("%s still hang on the secret key that %s was written with before; start with that one as secret_key_previous (BURSAR_SECRET_KEY_PREVIOUS) beside this one, and run: bursar rotate-secret-key",
			strings.Join(texts, ", "), s.db.Place)
	}
	return nil
}

// HoldSecretKeys tells the others until when this gateway serves, and with which secret keys, and looks which of them are
// in use and which are forgotten. forgot says that another one was: who was let in by it has to be looked up again.
func (s *Store) HoldSecretKeys(ctx context.Context, gateway string, untilMS int64) (forgot bool, err error) {
	ids := make([]string, len(s.keys.given))
	for i, key := range s.keys.given {
		ids[i] = key.id
	}
	if _, err := s.exec(ctx, "secret_key_holder_put", args{"gateway": gateway, "given": strings.Join(ids, " "), "until_ms": untilMS}); err != nil {
		return false, err
	}
	var head auditHead
	if err := s.readAuditHead(ctx, &head); err != nil {
		return false, err
	}
	if _, err := s.keys.current(head.secretKeyID); err != nil {
		return false, err
	}
	before := len(*s.keys.forgotten.Load())
	_, err = s.secretKeyRows(ctx)
	return len(*s.keys.forgotten.Load()) > before, err
}

// LetGoSecretKeys tells that this gateway serves no more, and forgets those that stopped without telling.
func (s *Store) LetGoSecretKeys(ctx context.Context, gateway string) error {
	_, err := s.exec(ctx, "secret_key_holder_delete", args{"gateway": gateway, "now_ms": s.nowMS()})
	return err
}

// SecretKeyInUse is the sealer of the key that the record was last seen to be written with.
func (s *Store) SecretKeyInUse() Sealer { return s.keys.inUse.Load().sealer }

// secretTaken says whether a secret opens a key already, whichever secret key its hash was made with.
func (s *Store) secretTaken(ctx context.Context, digest []byte) error {
	_, hashes := s.hashWith(digest)
	for _, hash := range hashes {
		var id string
		found, err := s.one(ctx, "key_secret_owner", args{"hash": hash}, &id)
		if err != nil {
			return err
		}
		if found {
			return api.Errorf(api.AlreadyExists, "This key value is in use already. Please use a different key.")
		}
	}
	return nil
}

// fingerprint identifies the secret of a place, "" for none: it is another one when the secret is another. It is made
// with a key of the gateway's, so that nobody can tell by it whether a guess is right, nor whether two places have the
// same secret.
func (s *Store) fingerprint(secret, place string) string {
	if secret == "" {
		return ""
	}
	mac := hmac.New(sha256.New, s.keys.fingerprint)
	mac.Write([]byte(place + "\x00" + secret))
	return hex.EncodeToString(mac.Sum(nil))
}
