package token_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/bursarhq/terraform-provider-bursar/gateway/token"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// provider is an identity provider on loopback, with a clock that tests move.
type provider struct {
	t        *testing.T
	server   *httptest.Server
	verifier *token.Verifier

	mu    sync.Mutex
	keys  map[string]*rsa.PrivateKey
	asked int
	down  bool
	now   time.Time
}

func newProvider(t *testing.T, keyIDs ...string) *provider {
	t.Helper()
	p := &provider{t: t, keys: map[string]*rsa.PrivateKey{}, now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)}
	for _, id := range keyIDs {
		p.keys[id] = newKey(t)
	}
	p.server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.server.Close)
	p.verifier = token.New(token.Options{
		Issuer: p.server.URL, Audience: "bursar", Client: p.server.Client(), Logger: slog.New(slog.DiscardHandler), Now: p.clock,
	})
	return p
}

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (p *provider) clock() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

func (p *provider) wait(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = p.now.Add(d)
}

func (p *provider) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	if r.URL.Path == "/.well-known/openid-configuration" {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": p.server.URL, "jwks_uri": p.server.URL + "/keys"})
		return
	}
	p.asked++
	var set jose.JSONWebKeySet
	for id, key := range p.keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: &key.PublicKey, KeyID: id, Algorithm: "RS256", Use: "sig"})
	}
	set.Keys = append(set.Keys, jose.JSONWebKey{Key: []byte("a secret that is shared with everybody"), KeyID: "shared"})
	_ = json.NewEncoder(w).Encode(set)
}

func (p *provider) publish(id string, key *rsa.PrivateKey) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.keys[id] = key; key == nil {
		delete(p.keys, id)
	}
}

func (p *provider) claims(change func(claims map[string]any)) map[string]any {
	now := p.clock()
	claims := map[string]any{
		"iss": p.server.URL, "aud": []string{"others", "bursar"}, "exp": now.Add(time.Hour).Unix(), "sub": "ann",
		"realm_access": map[string]any{"roles": []string{"lead", ""}}, "https://example.com/team": "marketing",
	}
	if change != nil {
		change(claims)
	}
	return claims
}

func sign(t *testing.T, algorithm jose.SignatureAlgorithm, key any, id string, claims any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", id))
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (p *provider) verify(raw string) (token.Claims, error) {
	return p.verifier.Verify(p.t.Context(), raw)
}

func TestVerify(t *testing.T) {
	p := newProvider(t, "one")
	claims, err := p.verify(sign(t, jose.RS256, p.keys["one"], "one", p.claims(nil)))
	if err != nil {
		t.Fatal(err)
	}
	if claims.Text("sub") != "ann" || claims.Text("https://example.com/team") != "marketing" {
		t.Errorf("claims = %v", claims)
	}
	if roles := claims.Texts("realm_access.roles"); len(roles) != 1 || roles[0] != "lead" {
		t.Errorf("roles = %v", roles)
	}
	if claims.Texts("realm_access.none") != nil || claims.Texts("sub.none") != nil || claims.Text("aud") != "" {
		t.Error("a claim was made up")
	}
}

func TestVerify_refuses(t *testing.T) {
	p := newProvider(t, "one")
	key := p.keys["one"]
	good := sign(t, jose.RS256, key, "one", p.claims(nil))
	set := func(name string, value any) string {
		return sign(t, jose.RS256, key, "one", p.claims(func(claims map[string]any) { claims[name] = value }))
	}
	without := func(name string) string {
		return sign(t, jose.RS256, key, "one", p.claims(func(claims map[string]any) { delete(claims, name) }))
	}
	now := p.clock()
	for name, raw := range map[string]string{
		"no token":              "eyJ.eyJ.x",
		"another signature":     good[:len(good)-8] + "AAAAAAAA",
		"no signature":          "eyJhbGciOiJub25lIiwia2lkIjoib25lIn0." + "eyJzdWIiOiJhbm4ifQ.",
		"a stranger's key":      sign(t, jose.RS256, newKey(t), "one", p.claims(nil)),
		"a shared secret":       sign(t, jose.HS256, []byte("a secret that is shared with everybody"), "shared", p.claims(nil)),
		"the public key as one": sign(t, jose.HS256, key.N.Bytes(), "one", p.claims(nil)),
		"another algorithm":     sign(t, jose.RS512, key, "one", p.claims(nil)),
		"another issuer":        set("iss", "https://example.com"),
		"another audience":      set("aud", "others"),
		"no audience":           without("aud"),
		"expired":               set("exp", now.Add(-time.Minute).Unix()),
		"for ever":              without("exp"),
		"not yet":               set("nbf", now.Add(time.Hour).Unix()),
	} {
		claims, err := p.verify(raw)
		if api.CodeOf(err) != api.Unauthenticated {
			t.Errorf("%s: %v, %v", name, claims, err)
		}
	}
	if _, err := p.verify(good); err != nil {
		t.Errorf("a good token is refused: %v", err)
	}
}

func TestVerify_followsRotation(t *testing.T) {
	p := newProvider(t, "old")
	old := sign(t, jose.RS256, p.keys["old"], "old", p.claims(func(c map[string]any) { c["exp"] = p.clock().Add(48 * time.Hour).Unix() }))
	if _, err := p.verify(old); err != nil {
		t.Fatal(err)
	}
	fresh := newKey(t)
	p.publish("new", fresh)
	p.wait(time.Minute)
	if _, err := p.verify(sign(t, jose.RS256, fresh, "new", p.claims(nil))); err != nil {
		t.Errorf("a key that was just published is not known: %v", err)
	}
	p.publish("old", nil)
	p.wait(time.Hour)
	if _, err := p.verify(old); api.CodeOf(err) != api.Unauthenticated {
		t.Errorf("a key that was withdrawn still opens: %v", err)
	}
}

func TestVerify_asksSeldomWhateverStrangersMakeUp(t *testing.T) {
	p := newProvider(t, "one")
	stranger := newKey(t)
	for i := range 50 {
		if _, err := p.verify(sign(t, jose.RS256, stranger, string(rune('a'+i)), p.claims(nil))); api.CodeOf(err) != api.Unauthenticated {
			t.Fatal(err)
		}
	}
	if p.asked != 1 {
		t.Errorf("the provider was asked %d times", p.asked)
	}
	if _, err := p.verify(sign(t, jose.RS256, p.keys["one"], "one", p.claims(nil))); err != nil {
		t.Errorf("and its own tokens are refused: %v", err)
	}
}

func TestVerify_whileTheProviderIsDown(t *testing.T) {
	p := newProvider(t, "one")
	good := func() string { return sign(t, jose.RS256, p.keys["one"], "one", p.claims(nil)) }
	if _, err := p.verify(good()); err != nil {
		t.Fatal(err)
	}
	p.down = true
	p.wait(time.Hour)
	if _, err := p.verify(good()); err != nil {
		t.Errorf("known keys are not used while the provider is down: %v", err)
	}
	p.wait(6 * time.Hour)
	if _, err := p.verify(good()); api.CodeOf(err) != api.StoreUnavailable {
		t.Errorf("keys are used for ever: %v", err)
	}
}

func TestAddressed_readsWhatIsNotChecked(t *testing.T) {
	p := newProvider(t, "one")
	raw := sign(t, "RS256", p.keys["one"], "one", p.claims(nil))
	issuer, audiences := token.Addressed(raw)
	if issuer != p.server.URL || len(audiences) != 2 || audiences[1] != "bursar" {
		t.Errorf("%q %v", issuer, audiences)
	}
	if issuer, audiences := token.Addressed("eyJ.x.y"); issuer != "" || audiences != nil {
		t.Errorf("%q %v of nothing", issuer, audiences)
	}
}
