package config

import (
	"net/url"
	"slices"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Provider is an identity provider whose tokens are believed.
type Provider struct {
	// Issuer and Audience are what a token must say in "iss" and "aud".
	Issuer   string
	Audience string
	// JWKSURL is where the provider publishes its keys; "" asks the issuer.
	JWKSURL string
	// AllowPrivate lets the provider be on a private network, and speak plain http.
	AllowPrivate bool
}

// OIDC is the identity provider of the people who use the admin API.
type OIDC struct {
	Provider
	// RoleClaim names the claim with what a person is, Roles says which role that gives.
	RoleClaim string
	Roles     map[string]string
	// TeamsClaim names the claim with the teams of a team_admin or team_viewer.
	TeamsClaim string
	UserClaim  string
	// ClientID is what the provider knows the console by; "" lets nobody sign in there with it. ClientSecret may be "".
	ClientID     string
	ClientSecret string
	// Scopes are asked for besides openid.
	Scopes []string
}

// JWT is the identity provider of those who call models.
type JWT struct {
	Provider
	// TeamClaim names the claim with the team, UserClaim that with the user.
	TeamClaim string
	UserClaim string
}

type fileProvider struct {
	Issuer       string `yaml:"issuer"`
	Audience     string `yaml:"audience"`
	JWKSURL      string `yaml:"jwks_url"`
	AllowPrivate bool   `yaml:"allow_private"`
	UserClaim    string `yaml:"user_claim"`
}

type fileOIDC struct {
	fileProvider `yaml:",inline"`
	RoleClaim    string            `yaml:"role_claim"`
	Roles        map[string]string `yaml:"roles"`
	TeamsClaim   string            `yaml:"teams_claim"`
	ClientID     string            `yaml:"client_id"`
	ClientSecret string            `yaml:"client_secret"`
	Scopes       []string          `yaml:"scopes"`
}

type fileJWT struct {
	fileProvider `yaml:",inline"`
	TeamClaim    string `yaml:"team_claim"`
}

func (c *checker) tokens(f file) {
	if f.OIDC != nil {
		c.config.OIDC = &OIDC{
			Provider: c.provider("oidc", f.OIDC.fileProvider), Roles: f.OIDC.Roles,
			RoleClaim: valueOr(f.OIDC.RoleClaim, "roles"), TeamsClaim: valueOr(f.OIDC.TeamsClaim, "teams"),
			UserClaim: valueOr(f.OIDC.UserClaim, "sub"), ClientID: f.OIDC.ClientID, ClientSecret: f.OIDC.ClientSecret, Scopes: f.OIDC.Scopes,
		}
		if f.OIDC.ClientID == "" && (f.OIDC.ClientSecret != "" || len(f.OIDC.Scopes) > 0) {
			c.fail("oidc.client_id", "is required with client_secret or scopes: the console signs people in by it")
		}
		if f.OIDC.ClientID != "" && f.OIDC.Scopes == nil {
			c.config.OIDC.Scopes = []string{"profile", "email"}
		}
		if len(f.OIDC.Roles) == 0 {
			c.fail("oidc.roles", "is required: which values of the claim %s give which role (%s)", c.config.OIDC.RoleClaim, strings.Join(api.Roles, ", "))
		}
		for value, role := range f.OIDC.Roles {
			if !slices.Contains(api.Roles, role) {
				c.fail("oidc.roles."+value, "%q is no role; it must be one of %s", role, strings.Join(api.Roles, ", "))
			}
		}
	}
	if f.JWT != nil {
		c.config.JWT = &JWT{
			Provider:  c.provider("jwt", f.JWT.fileProvider),
			TeamClaim: valueOr(f.JWT.TeamClaim, "team_id"), UserClaim: valueOr(f.JWT.UserClaim, "sub"),
		}
	}
}

func (c *checker) provider(section string, f fileProvider) Provider {
	if f.Audience == "" {
		c.fail(section+".audience", "is required: tokens made for others must not open this gateway")
	}
	if f.Issuer == "" {
		c.fail(section+".issuer", "is required: the address that the provider's tokens carry in iss")
	} else if f.JWKSURL == "" {
		c.providerURL(section+".issuer", f.Issuer, f.AllowPrivate)
	}
	if f.JWKSURL != "" {
		c.providerURL(section+".jwks_url", f.JWKSURL, f.AllowPrivate)
	}
	return Provider{Issuer: f.Issuer, Audience: f.Audience, JWKSURL: f.JWKSURL, AllowPrivate: f.AllowPrivate}
}

func (c *checker) providerURL(field, address string, allowHTTP bool) {
	parsed, err := url.Parse(address)
	switch {
	case err != nil || parsed.Host == "":
		c.fail(field, "is not an address that starts with https://")
	case parsed.Scheme != "https" && (parsed.Scheme != "http" || !allowHTTP):
		c.fail(field, "must start with https://, or with allow_private: true with http://")
	}
}
