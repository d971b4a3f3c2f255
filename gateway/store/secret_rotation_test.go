package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/seal"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store/storetest"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// rotated is a record that moves from one secret key to another.
type rotated struct {
	*testing.T
	address        string
	clock          *clock
	old, new, next *seal.Sealer
}

func eachRotated(t *testing.T, test func(r *rotated)) {
	for kind, address := range map[string]func(*testing.T) string{
		store.SQLite: sqliteAddress, store.Postgres: func(t *testing.T) string { return storetest.Postgres(t) },
	} {
		t.Run(kind, func(t *testing.T) {
			r := &rotated{T: t, address: address(t), clock: newClock()}
			for i, sealer := range []**seal.Sealer{&r.old, &r.new, &r.next} {
				*sealer = must(seal.New(bytes.Repeat([]byte{byte(i), 2, 3, 4}, seal.KeySize/4)))(t)
			}
			test(r)
		})
	}
}

func (r *rotated) try(sealer, previous store.Sealer) (*store.Store, error) {
	s, err := store.Open(r.Context(), r.address, store.Options{
		Sealer: sealer, PreviousSealer: previous, Now: r.clock.Now, Logger: slog.New(slog.DiscardHandler),
	})
	if err == nil {
		r.Cleanup(func() { _ = s.Close() })
	}
	return s, err
}

func (r *rotated) open(sealer, previous store.Sealer) *store.Store {
	r.Helper()
	return must(r.try(sealer, previous))(r.T)
}

// refused opens the record with one key alone, which must fail with a text.
func (r *rotated) refused(sealer store.Sealer, want string) {
	r.Helper()
	if _, err := r.try(sealer, nil); err == nil || !strings.Contains(err.Error(), want) {
		r.Errorf("opened with %v, want %q", err, want)
	}
}

func (r *rotated) key(s *store.Store, id string) {
	r.Helper()
	must(s.CreateKey(r.Context(), alice, api.NewKey(id), []byte("digest of "+id)))(r.T)
}

func (r *rotated) intact(s *store.Store, what string) {
	r.Helper()
	if check, err := s.VerifyAudit(r.Context(), api.AuditMark{}); err != nil || !check.OK() {
		r.Errorf("%s: %+v, %v", what, check, err)
	}
}

func (r *rotated) finds(s *store.Store, what string, ids ...string) {
	r.Helper()
	for _, id := range ids {
		if key, err := s.KeyByDigest(r.Context(), []byte("digest of "+id)); err != nil || key.KeyID != id {
			r.Errorf("%s: %s opens %q, %v", what, id, key.KeyID, err)
		}
	}
}

// hanging says how many secrets hang on the key before.
func (r *rotated) hanging(s *store.Store) string {
	r.Helper()
	var text []string
	for _, key := range must(s.SecretKeyState(r.Context()))(r.T).Earlier {
		text = append(text, fmt.Sprintf("%d+%d %t", key.Keys, key.AdminKeys, key.Forgotten))
	}
	return strings.Join(text, ", ")
}

// examined is what somebody without any key sees of the record.
func (r *rotated) examined() string {
	r.Helper()
	found := must(store.Examine(r.Context(), r.address))(r.T)
	return fmt.Sprintf("%t, %d hashed, %s", found.SecretKey != "", found.Unmoved, found.Sealed)
}

// fill makes what depends on the secret key, and returns the fingerprints.
func (r *rotated) fill(s *store.Store) string {
	r.Helper()
	model := newModel("model_1", "gpt")
	model.APIKey = new("sk-provider")
	must(s.CreateModel(r.Context(), alice, model))(r.T)
	must(s.CreateAlertRoute(r.Context(), alice, newRoute("route_1", "oncall")))(r.T)
	r.key(s, "key_a")
	r.key(s, "key_b")
	admin := api.AdminKey{AdminKeyID: "adminkey_1", KeyName: "sk-...1234", AdminKeyFields: api.AdminKeyFields{Role: api.RoleViewer}}
	must(s.CreateAdminKey(r.Context(), alice, admin, []byte("digest of admin")))(r.T)
	_, _, err := s.Idempotent(r.Context(), api.Once{Key: "once"}, func(context.Context) ([]byte, error) { return []byte("answer"), nil })
	if err != nil {
		r.Fatal(err)
	}
	return r.fingerprints(s)
}

func (r *rotated) fingerprints(s *store.Store) string {
	r.Helper()
	model, route, admin := must(s.Model(r.Context(), "model_1"))(r.T), must(s.AlertRoute(r.Context(), "route_1"))(r.T), must(s.AdminKey(r.Context(), "adminkey_1"))(r.T)
	return model.APIKeyFingerprint + " " + route.Webhook.URLFingerprint + " " + admin.KeyFingerprint
}

// broken is a sealer that cannot open what is in some places.
type broken struct {
	*seal.Sealer
	place string
}

func (b broken) Open(sealed []byte, place string) ([]byte, error) {
	if strings.HasPrefix(place, b.place) {
		return nil, errors.New("killed")
	}
	return b.Sealer.Open(sealed, place)
}

func TestRotateSecretKey_movesEverythingAndFailsNobody(t *testing.T) {
	eachRotated(t, func(r *rotated) {
		before := r.open(r.old, nil)
		fingerprints := r.fill(before)
		r.refused(r.new, "another secret key")
		if got := r.examined(); got != "false, 0 hashed, nothing" {
			r.Errorf("before any rotation: %s", got)
		}

		both := r.open(r.new, r.old)
		r.key(both, "key_c") // it still writes with the old key
		r.finds(before, "a gateway without the new key", "key_a", "key_c")
		if _, err := before.HoldSecretKeys(r.Context(), "gateway_1", r.clock.Now().UnixMilli()+1); err != nil {
			r.Fatal(err)
		}
		if _, err := both.RotateSecretKey(r.Context(), alice); err == nil || !strings.Contains(err.Error(), "1 of the gateways that serve do not have") {
			r.Errorf("rotated under a gateway without the new key: %v", err)
		}
		if err := before.LetGoSecretKeys(r.Context(), "gateway_1"); err != nil {
			r.Fatal(err)
		}
		serving := r.open(r.new, r.old) // a gateway that goes on
		for i, want := range []bool{true, false} {
			if did, err := both.RotateSecretKey(r.Context(), alice); err != nil || did != want {
				r.Fatalf("rotation %d: %t, %v", i, did, err)
			}
		}
		if _, err := before.CreateKey(r.Context(), alice, api.NewKey("key_x"), []byte("x")); err == nil || !strings.Contains(err.Error(), "another secret key by now") {
			r.Errorf("a gateway without the new key changes something: %v", err)
		}
		r.key(serving, "key_d") // it writes with the new key without being told
		r.intact(serving, "rotated")

		half := r.open(r.new, broken{r.old, "alert_route/"})
		if done, err := half.Reseal(r.Context(), alice); err == nil || done["model"] != 1 || done["alert_route"] != 0 {
			r.Errorf("killed halfway: %v, %v", done, err)
		}
		r.refused(r.new, "1 alert route, 1 answer to a create that may be asked again still hang on the secret key")
		r.refused(r.old, "another secret key")
		// By this machine's clock, which it asks, the answer to a create has ended.
		if got := r.examined(); got != "true, 4 hashed, 1 alert route" {
			r.Errorf("killed halfway: %s", got)
		}
		if done, err := both.Reseal(r.Context(), alice); err != nil || done["model"] != 0 || done["alert_route"] != 1 || done["once"] != 1 {
			r.Errorf("run again: %v, %v", done, err)
		}

		after := r.open(r.new, nil)
		if got := r.hanging(after); got != "3+1 false" {
			r.Errorf("hanging: %s", got)
		}
		owners := must(after.SecretOwners(r.Context(), 2))(r.T)
		if len(owners) != 2 || owners[0].ID != "adminkey_1" || owners[1].ID != "key_a" {
			r.Errorf("named are %+v", owners)
		}
		_, err := after.CreateKey(r.Context(), alice, api.NewKey("key_y"), []byte("digest of key_a"))
		wantCode(r.T, err, api.AlreadyExists)
		r.finds(after, "after", "key_a", "key_b", "key_c", "key_d")
		if admin, err := after.AdminKeyByDigest(r.Context(), []byte("digest of admin")); err != nil || admin.AdminKeyID != "adminkey_1" {
			r.Errorf("admin key: %+v, %v", admin, err)
		}
		if got := r.hanging(after); got != "0+0 false" {
			r.Errorf("hanging after use: %s", got)
		}
		if got := r.examined(); got != "true, 0 hashed, nothing" {
			r.Errorf("after use: %s", got)
		}
		r.finds(after, "moved", "key_a", "key_b", "key_c", "key_d")
		r.finds(serving, "moved, elsewhere", "key_a", "key_b", "key_c", "key_d")
		if got := r.fingerprints(after); got != fingerprints {
			r.Errorf("fingerprints changed from %s to %s", fingerprints, got)
		}
		answer, again, err := after.Idempotent(r.Context(), api.Once{Key: "once"}, nil)
		if string(answer) != "answer" || !again || err != nil {
			r.Errorf("%s, %t, %v", answer, again, err)
		}
		r.intact(after, "without the old key")
	})
}

func TestRotateSecretKey_againAndAgain(t *testing.T) {
	eachRotated(t, func(r *rotated) {
		fingerprints := r.fill(r.open(r.old, nil))
		first := r.open(r.new, r.old)
		must(first.RotateSecretKey(r.Context(), alice))(t)
		must(first.Reseal(r.Context(), alice))(t)
		r.finds(first, "between", "key_a")
		back := r.open(r.old, r.new)
		if _, err := back.RotateSecretKey(r.Context(), alice); err == nil || !strings.Contains(err.Error(), "in use before") {
			r.Errorf("rotated back: %v", err)
		}
		second := r.open(r.next, r.new)
		must(second.RotateSecretKey(r.Context(), alice))(t)
		must(second.Reseal(r.Context(), alice))(t)
		after := r.open(r.next, nil)
		if got := r.hanging(after); got != "1+1 false, 1+0 false" {
			r.Errorf("hanging: %s", got)
		}
		r.finds(after, "after", "key_a", "key_b")
		if got := r.fingerprints(after); got != fingerprints {
			r.Errorf("fingerprints changed to %s", got)
		}
		r.intact(after, "twice")
	})
}

// A secret that one gateway moves while another one looks for it is found by both.
func TestRotateSecretKey_whoMovesMeanwhileIsFound(t *testing.T) {
	eachRotated(t, func(r *rotated) {
		first := r.open(r.old, nil)
		digests := make([][]byte, 20)
		for i := range digests {
			id := fmt.Sprintf("key_%d", i)
			digests[i] = []byte("digest of " + id)
			r.key(first, id)
		}
		both, another := r.open(r.new, r.old), r.open(r.new, r.old)
		must(both.RotateSecretKey(r.Context(), alice))(t)
		if _, err := another.HoldSecretKeys(r.Context(), "gateway_2", 0); err != nil {
			r.Fatal(err)
		}
		for _, digest := range digests {
			var looking sync.WaitGroup
			for _, s := range []*store.Store{both, another, both, another} {
				looking.Go(func() {
					if _, err := s.KeyByDigest(r.Context(), digest); err != nil {
						r.Errorf("%s: %v", digest, err)
					}
				})
			}
			looking.Wait()
		}
	})
}

// A call whose secret has to be moved does not wait for a change that takes long.
func TestRotateSecretKey_aCallWaitsForNobody(t *testing.T) {
	eachRotated(t, func(r *rotated) {
		r.key(r.open(r.old, nil), "key_a")
		both := r.open(r.new, r.old)
		must(both.RotateSecretKey(r.Context(), alice))(t)
		err := both.Transaction(r.Context(), func(context.Context) error {
			_, err := both.KeyByDigest(r.Context(), []byte("digest of key_a"))
			return err
		})
		if err != nil {
			r.Error(err)
		}
		r.finds(both, "later", "key_a")
		if got := r.hanging(both); got != "0+0 false" {
			r.Errorf("hanging: %s", got)
		}
	})
}

func TestForgetSecretKeys_whatHangsOnThemStaysUnlessToldOtherwise(t *testing.T) {
	eachRotated(t, func(r *rotated) {
		r.fill(r.open(r.old, nil))
		both := r.open(r.new, r.old)
		must(both.RotateSecretKey(r.Context(), alice))(t)
		must(both.Reseal(r.Context(), alice))(t)
		if gone := must(both.ForgetSecretKeys(r.Context(), alice, false))(t); len(gone) != 0 {
			r.Errorf("forgot %+v", gone)
		}
		r.finds(r.open(r.new, nil), "kept", "key_a")
		serving := r.open(r.new, r.old)
		must(serving.HoldSecretKeys(r.Context(), "gateway_1", r.clock.Now().Add(time.Minute).UnixMilli()))(t)
		if _, err := both.ForgetSecretKeys(r.Context(), alice, true); err == nil || !strings.Contains(err.Error(), "1 of the gateways that serve still have secret key") {
			r.Errorf("forgotten under a gateway that may know who has not moved: %v", err)
		}
		if err := serving.LetGoSecretKeys(r.Context(), "gateway_1"); err != nil {
			r.Fatal(err)
		}
		if gone := must(both.ForgetSecretKeys(r.Context(), alice, true))(t); len(gone) != 1 || gone[0].Keys != 1 || gone[0].AdminKeys != 1 {
			r.Errorf("forgot %+v", gone)
		}
		after := r.open(r.new, nil)
		r.finds(after, "moved before", "key_a")
		for _, first := range []bool{true, false} {
			if forgot := must(serving.HoldSecretKeys(r.Context(), "gateway_1", 0))(t); forgot != first {
				r.Errorf("looked first: %t, another one is forgotten: %t", first, forgot)
			}
		}
		for _, s := range []*store.Store{after, serving} {
			_, err := s.KeyByDigest(r.Context(), []byte("digest of key_b"))
			wantCode(r.T, err, api.NotFound)
		}
		if got := r.hanging(after); got != "1+1 true" {
			r.Errorf("hanging: %s", got)
		}
		r.intact(after, "forgotten")
		if got := must(after.AuditPage(r.Context(), api.AuditFilter{Action: "secret_key.forget", Limit: 9}))(t); len(got) != 1 || !strings.Contains(string(got[0].Before), `"keys":1,"admin_keys":1`) {
			r.Errorf("the log tells %+v", got)
		}
	})
}
