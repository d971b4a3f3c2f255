package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// resealAtOnce is how many values one transaction seals anew: other changes wait for it.
const resealAtOnce = 100

// sealedKind is a kind of values that are sealed.
type sealedKind struct {
	name string
	// query lists such values; those with _count and _put behind it count and replace them.
	query string
	// one and many name them to people.
	one, many string
	place     func(id, kind string) string
}

var sealedKinds = []sealedKind{
	{"model", "sealed_model", "credential of a model", "credentials of models", func(id, _ string) string { return apiKeyPlace(id) }},
	{"alert_route", "sealed_alert_route", "alert route", "alert routes", targetPlace},
	{"once", "sealed_once", "answer to a create that may be asked again", "answers to creates that may be asked again", func(id, _ string) string { return oncePlace(id) }},
}

// SealedCounts are how many values are sealed, by kind: "model", "alert_route", "once".
type SealedCounts map[string]int

// texts say in words how many of each kind there are.
func (c SealedCounts) texts() (texts []string) {
	for _, kind := range sealedKinds {
		switch n := c[kind.name]; n {
		case 0:
		case 1:
			texts = append(texts, "1 "+kind.one)
		default:
			texts = append(texts, fmt.Sprintf("%d %s", n, kind.many))
		}
	}
	return texts
}

// String says in words how many of each kind there are.
func (c SealedCounts) String() string {
	if texts := c.texts(); len(texts) > 0 {
		return strings.Join(texts, ", ")
	}
	return "nothing"
}

// sealedWithOthers counts what was sealed with other keys than the one with this id.
func (s *Store) sealedWithOthers(ctx context.Context, id []byte) (SealedCounts, error) {
	left := SealedCounts{}
	for _, kind := range sealedKinds {
		var n int
		values := args{"key_id": id}
		if kind.name == "once" {
			values["now_ms"] = s.nowMS()
		}
		if _, err := s.one(ctx, kind.query+"_count", values, &n); err != nil {
			return nil, err
		}
		left[kind.name] = n
	}
	return left, nil
}

// SecretKeyState is how far a rotation is.
type SecretKeyState struct {
	// Wanted is the id of the secret key that the configuration names first, InUse that of the one the record is written with.
	Wanted, InUse string
	// Sealed is what is not sealed with the wanted key.
	Sealed SealedCounts
	// Earlier are the keys that secrets are still hashed with, or were.
	Earlier []EarlierSecretKey
	// Without are the gateways that serve and do not have the wanted key.
	Without []string
}

// EarlierSecretKey is a key that the wanted one is to replace, or has replaced.
type EarlierSecretKey struct {
	ID string
	// Keys and AdminKeys are how many secrets were hashed with it and have not been used since.
	Keys, AdminKeys int64
	// Forgotten: these secrets open nothing any more.
	Forgotten bool
}

// SecretOwner is whose secret was hashed with an earlier secret key.
type SecretOwner struct {
	// Kind is "key", "admin key" or "former secret of admin key".
	Kind, ID, Alias string
	// SecretKeyID is that of the secret key.
	SecretKeyID string
	// Used is the last UTC day that a key made a call on, "" for none and for admin keys, of which nobody keeps it.
	Used string
}

// SecretKeyState says how far a rotation to the key that the configuration names first is. Looking changes nothing.
func (s *Store) SecretKeyState(ctx context.Context) (state SecretKeyState, err error) {
	wanted := s.keys.given[0]
	state.Wanted = wanted.id
	var head auditHead
	if err := s.readAuditHead(ctx, &head); err != nil {
		return state, err
	}
	inUse, err := s.keys.current(head.secretKeyID)
	if err != nil {
		return state, err
	}
	state.InUse = inUse.id
	id := wanted.sealer.KeyID()
	if state.Sealed, err = s.sealedWithOthers(ctx, id[:]); err != nil {
		return state, err
	}
	if state.Without, err = s.gatewaysWithout(ctx, wanted); err != nil {
		return state, err
	}
	state.Earlier, err = s.earlierKeys(ctx, wanted)
	return state, err
}

func (s *Store) earlierKeys(ctx context.Context, wanted *secretKey) ([]EarlierSecretKey, error) {
	rows, err := s.secretKeyRows(ctx)
	if err != nil {
		return nil, err
	}
	earlier := map[string]*EarlierSecretKey{}
	var order []string
	add := func(id string, forgotten bool) *EarlierSecretKey {
		if earlier[id] == nil {
			earlier[id], order = &EarlierSecretKey{ID: id, Forgotten: forgotten}, append(order, id)
		}
		return earlier[id]
	}
	for _, row := range rows {
		if row.id != wanted.id {
			add(row.id, row.forgotten())
		}
	}
	err = s.each(ctx, "secret_key_hashes", args{"now_ms": s.nowMS()}, func(scan func(...any) error) error {
		var id string
		var keys, admins int64
		if err := scan(&id, &keys, &admins); err != nil {
			return err
		}
		if id == "" {
			id = s.keys.first
		}
		if id == wanted.id {
			return nil
		}
		key := add(id, false)
		key.Keys, key.AdminKeys = key.Keys+keys, key.AdminKeys+admins
		return nil
	})
	found := make([]EarlierSecretKey, len(order))
	for i, id := range order {
		found[i] = *earlier[id]
	}
	return found, err
}

// SecretOwners are whose secrets were hashed with another secret key than the wanted one, up to n, those used last first.
func (s *Store) SecretOwners(ctx context.Context, n int) (owners []SecretOwner, err error) {
	known := []string{s.keys.given[0].id}
	if s.keys.first == known[0] {
		known = append(known, "")
	}
	err = s.eachBooked(ctx, "secret_key_owners", args{"known_ids": known, "now_ms": s.nowMS(), "limit": n}, func(scan func(...any) error) error {
		var owner SecretOwner
		err := scan(&owner.Kind, &owner.ID, &owner.Alias, &owner.SecretKeyID, &owner.Used)
		if owner.SecretKeyID == "" {
			owner.SecretKeyID = s.keys.first
		}
		owners = append(owners, owner)
		return err
	})
	return owners, err
}

func (s *Store) gatewaysWithout(ctx context.Context, wanted *secretKey) (without []string, err error) {
	_, without, err = s.gatewaysBy(ctx, wanted.id)
	return without, err
}

// gatewaysBy are the gateways that serve, by whether they were given the secret key.
func (s *Store) gatewaysBy(ctx context.Context, keyID string) (with, without []string, err error) {
	err = s.each(ctx, "secret_key_holders", args{"now_ms": s.nowMS()}, func(scan func(...any) error) error {
		var gateway, ids string
		err := scan(&gateway, &ids)
		if slices.Contains(strings.Fields(ids), keyID) {
			with = append(with, gateway)
		} else {
			without = append(without, gateway)
		}
		return err
	})
	return with, without, err
}

// rotationAction marks in the audit log from where on changes are written with another secret key.
const rotationAction = "secret_key.rotate"

// secretKeyAudit is what the audit log has of a secret key.
type secretKeyAudit struct {
	KeyID string `json:"key_id"`
}

// RotateSecretKey lets the record be written with the key that the configuration names first, with an audit row in the same
// transaction, and says whether it was not already. What an earlier key is still needed for is kept, sealed with the new one.
func (s *Store) RotateSecretKey(ctx context.Context, change api.Change) (rotated bool, err error) {
	change, wanted := signed(change), s.keys.given[0]
	err = s.change(ctx, func(ctx context.Context, t *tx) error {
		old := t.key
		if old == wanted {
			return nil
		}
		without, err := s.gatewaysWithout(ctx, wanted)
		if err != nil {
			return err
		}
		if len(without) > 0 {
			return fmt.Errorf("%d of the gateways that serve do not have the new secret key: start them again with it as secret_key and the old one as secret_key_previous; one that was killed counts for three minutes more", len(without))
		}
		if err := s.noteRotation(ctx, old, wanted); err != nil {
			return err
		}
		t.key, rotated = wanted, true
		return t.audit(ctx, change, rotationAction, "secret_key", secretKeyAudit{old.id}, secretKeyAudit{wanted.id})
	})
	if err != nil {
		return false, fmt.Errorf("rotate the secret key: %w", err)
	}
	s.keys.inUse.Store(wanted)
	return rotated, nil
}

// noteRotation writes down the new key and what is kept of those before it.
func (s *Store) noteRotation(ctx context.Context, old, wanted *secretKey) error {
	rows, err := s.secretKeyRows(ctx)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		rows = []secretKeyRow{{id: old.id, number: 1}}
		if _, err := s.exec(ctx, "secret_key_insert", args{"id": old.id, "number": int64(1), "since_ms": int64(0), "kept": nil}); err != nil {
			return err
		}
	}
	for _, row := range rows {
		if row.id == wanted.id {
			return errors.New("the new secret key is one that was in use before; make another one with: openssl rand -base64 32")
		}
		if row.id == old.id {
			row.kept = keptOfKey{Pepper: old.pepper, Audit: old.audit, Fingerprints: s.keys.fingerprint}
		}
		if err := s.keepOfKey(ctx, wanted, row.id, row.kept); err != nil {
			return err
		}
	}
	values := args{"id": wanted.id, "number": rows[len(rows)-1].number + 1, "since_ms": s.nowMS(), "kept": nil}
	if _, err := s.exec(ctx, "secret_key_insert", values); err != nil {
		return err
	}
	if _, err := s.exec(ctx, "setting_put", args{"name": "secret_key", "value": wanted.check()}); err != nil {
		return err
	}
	_, err = s.exec(ctx, "secret_key_in_use", args{"key_id": wanted.id})
	return err
}

func (s *Store) keepOfKey(ctx context.Context, with *secretKey, id string, kept keptOfKey) error {
	plain, err := encode(kept)
	if err != nil {
		return err
	}
	sealed, err := with.sealer.Seal([]byte(plain), keptPlace(id))
	if err != nil {
		return fmt.Errorf("seal what is kept of secret key %s: %w", id, err)
	}
	_, err = s.exec(ctx, "secret_key_keep", args{"id": id, "kept": sealed})
	return err
}

// Reseal seals everything with the key in use that another one sealed, a few values at a time, each time with an audit row
// in the same transaction. Run again it goes on where it ended.
func (s *Store) Reseal(ctx context.Context, change api.Change) (done SealedCounts, err error) {
	change, done = signed(change), SealedCounts{}
	for _, kind := range sealedKinds {
		for {
			n, err := s.resealSome(ctx, change, kind)
			done[kind.name] += n
			if err != nil {
				return done, fmt.Errorf("seal %s with the new secret key: %w", kind.many, err)
			}
			if n < resealAtOnce {
				break
			}
		}
	}
	return done, nil
}

// sealedValue is a value as a table has it; kind is that of an alert route's target.
type sealedValue struct {
	id, kind string
	sealed   []byte
}

func (s *Store) resealSome(ctx context.Context, change api.Change, kind sealedKind) (n int, err error) {
	err = s.change(ctx, func(ctx context.Context, t *tx) error {
		id := t.key.sealer.KeyID()
		values := args{"key_id": id[:], "limit": resealAtOnce}
		if kind.name == "once" {
			values["now_ms"] = s.nowMS()
		}
		var some []sealedValue
		err := s.each(ctx, kind.query, values, func(scan func(...any) error) error {
			var value sealedValue
			err := scan(&value.id, &value.kind, &value.sealed)
			some = append(some, value)
			return err
		})
		if err != nil || len(some) == 0 {
			return err
		}
		for _, value := range some {
			if err := s.resealOne(ctx, t.key, kind, value); err != nil {
				return fmt.Errorf("%s: %w", value.id, err)
			}
		}
		n = len(some)
		return t.audit(ctx, change, "secret_key.reseal", "secret_key", nil, map[string]int{kind.name: n})
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

func (s *Store) resealOne(ctx context.Context, with *secretKey, kind sealedKind, value sealedValue) error {
	place := kind.place(value.id, value.kind)
	plain, err := s.keys.open(value.sealed, place)
	if err != nil {
		return err
	}
	sealed, err := with.sealer.Seal(plain, place)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, kind.query+"_put", args{"id": value.id, "sealed": sealed})
	return err
}

// forgottenAudit is what the audit log has of a secret key that is forgotten.
type forgottenAudit struct {
	KeyID     string `json:"key_id"`
	Keys      int64  `json:"keys"`
	AdminKeys int64  `json:"admin_keys"`
}

// checkNobodyHas refuses to forget a key that gateways were given: what they know already, and what is used meanwhile, has
// not moved to the key in use before they start again without it.
func (s *Store) checkNobodyHas(ctx context.Context, keyID string) error {
	with, _, err := s.gatewaysBy(ctx, keyID)
	if err == nil && len(with) > 0 {
		err = fmt.Errorf("%d of the gateways that serve still have secret key %s: take it away (secret_key_previous), start them again, and wait until the keys that are in use have made a call", len(with), keyID)
	}
	return err
}

// ForgetSecretKeys forgets earlier keys that no secret is hashed with any more, and, even where secrets are, all others
// with evenUsed: these secrets then open nothing. It returns what it forgot. Verifying the audit log needs none of it.
func (s *Store) ForgetSecretKeys(ctx context.Context, change api.Change, evenUsed bool) (forgotten []EarlierSecretKey, err error) {
	change = signed(change)
	err = s.change(ctx, func(ctx context.Context, t *tx) error {
		forgotten = nil
		rows, err := s.secretKeyRows(ctx)
		if err != nil {
			return err
		}
		earlier, err := s.earlierKeys(ctx, t.key)
		if err != nil {
			return err
		}
		for _, key := range earlier {
			at := slices.IndexFunc(rows, func(row secretKeyRow) bool { return row.id == key.ID })
			if at < 0 || key.Forgotten || key.Keys+key.AdminKeys > 0 && !evenUsed {
				continue
			}
			if key.Keys+key.AdminKeys > 0 {
				if err := s.checkNobodyHas(ctx, key.ID); err != nil {
					return err
				}
			}
			rows[at].kept.Pepper = nil
			if err := s.keepOfKey(ctx, t.key, key.ID, rows[at].kept); err != nil {
				return err
			}
			forgotten = append(forgotten, key)
			if err := t.audit(ctx, change, "secret_key.forget", "secret_key", forgottenAudit{key.ID, key.Keys, key.AdminKeys}, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("forget earlier secret keys: %w", err)
	}
	return forgotten, nil
}
