package provider_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

const (
	platformAudience = "https://bursar.example.com"
	mainBranch       = "repo:acme/infra:ref:refs/heads/main"
)

// platform is a CI platform as GitHub's is: it publishes its keys, and gives a job that shows its own key a token for the
// audience it names, for five minutes.
type platform struct {
	*httptest.Server
	t       *testing.T
	signer  jose.Signer
	subject atomic.Value
	given   atomic.Int32
}

func startPlatform(t *testing.T) *platform {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p := &platform{t: t}
	p.subject.Store(mainBranch)
	if p.signer, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", "one")); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": p.URL, "jwks_uri": p.URL + "/keys"})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "one", Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("GET /job", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer canary-of-the-job" || r.URL.Query().Get("audience") == "" || r.URL.Query().Get("api-version") != "2.0" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		p.given.Add(1)
		_ = json.NewEncoder(w).Encode(map[string]string{"value": p.token(map[string]any{"aud": r.URL.Query().Get("audience")})})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func (p *platform) token(more map[string]any) string {
	p.t.Helper()
	now := time.Now()
	claims := map[string]any{"iss": p.URL, "aud": platformAudience, "sub": p.subject.Load(), "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
	maps.Copy(claims, more)
	text, err := jwt.Signed(p.signer).Claims(claims).Serialize()
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}

// lets is a gateway that lets the platform's main branch apply, and its pull requests read.
func (p *platform) lets() func(*config.Config) {
	return func(c *config.Config) {
		for subject, role := range map[string]string{mainBranch: "admin", "repo:acme/infra:pull_request": "viewer"} {
			pattern, err := api.ParseClaimPattern(subject)
			if err != nil {
				p.t.Fatal(err)
			}
			c.Workloads = append(c.Workloads, config.Workload{
				Name: "infra-" + role, Role: role, Subject: pattern,
				Provider: config.Provider{Issuer: p.URL, Audience: platformAudience, AllowPrivate: true},
			})
		}
	}
}

// onGitHub is the environment of a job that may have tokens.
func (p *platform) onGitHub(t *testing.T) {
	t.Setenv("GITHUB_ACTIONS", "true")
	t.Setenv("ACTIONS_ID_TOKEN_REQUEST_URL", p.URL+"/job?api-version=2.0")
	t.Setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "canary-of-the-job")
}

func withOIDC(g *gateway, settings string) string {
	return fmt.Sprintf("provider \"bursar\" {\n  endpoint = %q\n  oidc     = { %s }\n}\nresource \"bursar_team\" \"t\" {\n  team_id = \"t\"\n}\n", g.URL, settings)
}

const forTheGateway = `audience = "` + platformAudience + `"`

func TestAccOIDC_gitHubActions(t *testing.T) {
	p := startPlatform(t)
	g := startGatewayWith(t, p.lets())
	p.onGitHub(t)
	run(t,
		resource.TestStep{Config: withOIDC(g, forTheGateway), ConfigStateChecks: noCanary()},
		resource.TestStep{Config: withOIDC(g, forTheGateway), ConfigPlanChecks: nothing()},
		resource.TestStep{ // a pull request plans
			PreConfig: func() { p.subject.Store("repo:acme/infra:pull_request") },
			Config:    withOIDC(g, forTheGateway), ConfigPlanChecks: nothing(),
		},
		resource.TestStep{ // and applies nothing
			Config: replace(withOIDC(g, forTheGateway), `team_id = "t"`, "team_id = \"t\"\n  rpm_limit = 5"), ExpectError: says("The role that the gateway's file gives to the job's token under workloads may not do this"),
		},
		resource.TestStep{
			PreConfig: func() { p.subject.Store("repo:acme/other:ref:refs/heads/main") },
			Config:    withOIDC(g, forTheGateway), PlanOnly: true, ExpectError: says(`The gateway refuses the job's token`),
		},
		resource.TestStep{
			Config: withOIDC(g, forTheGateway), PlanOnly: true, ExpectError: says(`its subject "repo:acme/other:ref:refs/heads/main"`),
		},
		resource.TestStep{
			Config: withOIDC(g, `audience = "https://vault.example.com"`), PlanOnly: true, ExpectError: says(`no workload of the gateway's file takes tokens of the issuer`),
		},
		resource.TestStep{PreConfig: func() { p.subject.Store(mainBranch) }, Config: withOIDC(g, forTheGateway), ConfigPlanChecks: nothing()},
	)
	if p.given.Load() == 0 {
		t.Error("the platform gave no token")
	}
	made, found, err := g.LastChange(t.Context(), "t")
	if want := api.WorkloadCredential(p.URL, mainBranch); err != nil || !found || made.CredentialKind != want.Kind || made.CredentialID != want.ID || !strings.HasPrefix(made.Actor, "infra-admin (terraform") {
		t.Errorf("the audit log has %+v, %v", made, err)
	}
}

func TestAccOIDC_otherPlatforms(t *testing.T) {
	p := startPlatform(t)
	g := startGatewayWith(t, p.lets())
	good := p.token(nil)
	for name, test := range map[string]struct {
		env      map[string]string
		settings string
		says     string
	}{
		"HCP Terraform":           {map[string]string{"TFC_WORKLOAD_IDENTITY_TOKEN": good}, forTheGateway, ""},
		"GitLab":                  {map[string]string{"GITLAB_CI": "true", "BURSAR_ID_TOKEN": good}, forTheGateway, ""},
		"a variable of one's own": {map[string]string{"MINE": good}, forTheGateway + `, token_env = "MINE"`, ""},
		"all by the environment":  {map[string]string{"MINE": good, "BURSAR_OIDC_AUDIENCE": platformAudience, "BURSAR_OIDC_TOKEN_ENV": "MINE"}, "", ""},
		"an old token":            {map[string]string{"BURSAR_ID_TOKEN": p.token(map[string]any{"exp": 1})}, forTheGateway, "has ended at 1970-01-01T00:00:01Z"},
		"no audience":             {map[string]string{"BURSAR_ID_TOKEN": good}, "", "The token has to be for somebody"},
		"an empty audience":       {nil, `audience = ""`, "must not be empty"},
		"another's audience":      {map[string]string{"BURSAR_ID_TOKEN": good}, `audience = "vault"`, `is for "https://bursar.example.com" and not for the audience "vault"`},
		"GitHub without":          {map[string]string{"GITHUB_ACTIONS": "true"}, forTheGateway, "permissions: { id-token: write }"},
		"none":                    {nil, forTheGateway, "The provider gets no token"},
	} {
		t.Run(name, func(t *testing.T) {
			for variable, value := range test.env {
				t.Setenv(variable, value)
			}
			step := resource.TestStep{Config: withOIDC(g, test.settings)}
			if test.says != "" {
				step = resource.TestStep{Config: step.Config, PlanOnly: true, ExpectError: says(test.says)}
			}
			run(t, step)
		})
	}
	t.Run("not with a key", func(t *testing.T) {
		run(t, resource.TestStep{
			Config: replace(withOIDC(g, forTheGateway), "oidc ", "admin_key = \"sk-x\"\n  oidc "), PlanOnly: true, ExpectError: says(`cannot be specified when "oidc" is specified`),
		})
	})
	t.Run("a block without either", func(t *testing.T) {
		t.Setenv("BURSAR_OIDC_AUDIENCE", platformAudience)
		t.Setenv("BURSAR_ID_TOKEN", good)
		run(t, resource.TestStep{Config: replace(withOIDC(g, ""), "  oidc     = {  }\n", "")})
	})
}
