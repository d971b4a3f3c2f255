package console_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
)

// identityProvider is OpenID Connect's authorization code with PKCE, for one person who always agrees.
type identityProvider struct {
	*httptest.Server
	key *rsa.PrivateKey
	mu  sync.Mutex
	// asked are the parameters that each code was given out for.
	asked map[string]url.Values
	// person are the claims of who signs in; forge changes a token before it is signed.
	person map[string]any
	forge  func(claims map[string]any)
}

func startIdentityProvider(t *testing.T) *identityProvider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &identityProvider{key: key, asked: map[string]url.Values{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "one", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}

func (p *identityProvider) authorize(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	code := rand.Text()
	p.asked[code] = r.URL.Query()
	back := url.Values{"code": {code}, "state": {r.URL.Query().Get("state")}}
	http.Redirect(w, r, r.URL.Query().Get("redirect_uri")+"?"+back.Encode(), http.StatusSeeOther)
}

func (p *identityProvider) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	asked := p.asked[r.PostFormValue("code")]
	delete(p.asked, r.PostFormValue("code"))
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if asked == nil || asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(challenge[:]) {
		http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
		return
	}
	claims := map[string]any{
		"iss": p.URL, "aud": asked.Get("client_id"), "exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix(), "nonce": asked.Get("nonce"),
	}
	maps.Copy(claims, p.person)
	if p.forge != nil {
		p.forge(claims)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: p.key, KeyID: "one"}}, nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	signed, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, map[string]any{"access_token": "opaque", "token_type": "Bearer", "id_token": signed})
}

// People sign in with their provider, whose groups say what they may see.
func TestSignOn_givesPeopleTheirRole(t *testing.T) {
	t.Parallel()
	p := startIdentityProvider(t)
	w := openWith(t, func(c *config.Config) {
		c.OIDC = &config.OIDC{
			Provider: config.Provider{Issuer: p.URL, Audience: "api", AllowPrivate: true}, ClientID: "console", Scopes: []string{"email"},
			RoleClaim: "groups", Roles: map[string]string{"platform": "admin", "leads": "team_admin"}, TeamsClaim: "teams", UserClaim: "sub",
		}
	})
	w.admin("/team/new", `{"team_id":"research"}`)
	w.admin("/team/new", `{"team_id":"marketing"}`)

	p.person = map[string]any{"sub": "ada", "email": "ada@example.com", "groups": []string{"platform"}}
	v := w.visitor()
	if _, page := v.get("/console/sign-in"); !strings.Contains(page, "Sign in with your account") {
		t.Errorf("the page does not offer it: %s", text(page))
	}
	if status, page := v.get("/console/sign-in/begin?next=/console/teams"); status != http.StatusOK || !strings.Contains(page, `url=/console/teams`) {
		t.Fatalf("%d %s", status, page)
	}
	_, page := v.get("/console/teams")
	expect(t, page, "research", "ada@example.com")

	// What she does is signed with her name.
	form := url.Values{"csrf": {csrf(page)}, "kind": {"team"}, "id": {"research"}, "action": {"block"}}
	_, page = v.post("/console/change", form)
	do := rehearsed(page)
	do.Set("reason", "an incident")
	_, page = v.post("/console/change", do)
	expect(t, page, "This team is blocked", "ada@example.com", "an incident")

	p.person = map[string]any{"sub": "grace", "email": "grace@example.com", "groups": []string{"leads"}, "teams": []string{"marketing"}}
	lead := w.visitor()
	lead.get("/console/sign-in/begin")
	_, page = lead.get("/console/")
	expect(t, page, "marketing", "grace@example.com")
	if status, _ := lead.get("/console/team?id=research"); status != http.StatusNotFound {
		t.Errorf("another team: %d", status)
	}
}

// Nobody gets in by an answer that is not meant for this browser, this gateway or this sign-in.
func TestSignOn_believesOnlyItsOwnAnswer(t *testing.T) {
	t.Parallel()
	p := startIdentityProvider(t)
	w := openWith(t, func(c *config.Config) {
		c.OIDC = &config.OIDC{
			Provider: config.Provider{Issuer: p.URL, Audience: "api", AllowPrivate: true}, ClientID: "console",
			RoleClaim: "groups", Roles: map[string]string{"platform": "admin"}, TeamsClaim: "teams", UserClaim: "sub",
		}
	})
	person := map[string]any{"sub": "ada", "groups": []string{"platform"}}
	for name, one := range map[string]struct {
		person map[string]any
		forge  func(map[string]any)
	}{
		"no role":         {map[string]any{"sub": "eve", "groups": []string{"guests"}}, nil},
		"another client":  {person, func(c map[string]any) { c["aud"] = "other" }},
		"another sign-in": {person, func(c map[string]any) { c["nonce"] = "other" }},
		"too late":        {person, func(c map[string]any) { c["exp"] = time.Now().Add(-time.Hour).Unix() }},
		"another issuer":  {person, func(c map[string]any) { c["iss"] = "https://example.com" }},
	} {
		p.person, p.forge = one.person, one.forge
		v := w.visitor()
		if status, page := v.get("/console/sign-in/begin"); status != http.StatusForbidden {
			t.Errorf("%s: %d %s", name, status, text(page))
		}
		if _, page := v.get("/console/"); !strings.Contains(page, `name="key"`) {
			t.Errorf("%s: is let in", name)
		}
	}
	p.forge, p.person = nil, person
	stranger := w.visitor()
	if status, page := stranger.get("/console/sign-in/back?code=x&state=y"); status != http.StatusForbidden || !strings.Contains(text(page), "was not begun in this browser") {
		t.Errorf("an answer that nobody asked for: %d %s", status, text(page))
	}
}
