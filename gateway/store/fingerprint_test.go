package store_test

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// ignoreFingerprints leaves out what only a store knows of an address.
var ignoreFingerprints = cmpopts.IgnoreFields(api.WebhookTarget{}, "URLFingerprint")

// plainDigest is what anybody can make who guesses a secret.
func plainDigest(secret string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(secret))) }

// A fingerprint tells that a secret is another one, and to nobody who has not the gateway's key which one it is, nor
// where else it is used.
func TestFingerprint_isKeyed(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		printOf := func(id, secret string) string {
			model := newModel(id, id)
			model.APIKey = &secret
			return must(s.CreateModel(t.Context(), alice, model))(t).APIKeyFingerprint
		}
		first, elsewhere := printOf("m1", canarySecret), printOf("m2", canarySecret)
		if len(first) != 64 || first == plainDigest(canarySecret) || first == elsewhere {
			t.Errorf("one secret has the fingerprints %q and %q", first, elsewhere)
		}
		set := func(secret string) string {
			return must(s.UpdateModel(t.Context(), alice, "m1", 0, func(m *api.Model) error { m.APIKey = &secret; return nil }))(t).APIKeyFingerprint
		}
		if other, back := set("another"), set(canarySecret); other == first || other == "" || back != first {
			t.Errorf("the fingerprint is %q, then %q, then %q", first, other, back)
		}
		if none := set(""); none != "" {
			t.Errorf("no secret has the fingerprint %q", none)
		}
	})
}

func TestFingerprint_needsTheKeyOfTheGateway(t *testing.T) {
	prints := map[string]bool{}
	for _, key := range []string{"one", "two"} {
		s := must(store.Open(t.Context(), "sqlite:"+t.TempDir()+"/bursar.db", store.Options{Sealer: fakeSealer{key: key}, Logger: slog.New(slog.DiscardHandler)}))(t)
		t.Cleanup(func() { _ = s.Close() })
		prints[s.APIKeyFingerprint("m", canarySecret)] = true
	}
	if len(prints) != 2 {
		t.Errorf("gateways with keys of their own make the same fingerprint: %v", prints)
	}
}
