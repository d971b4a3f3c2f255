package access

import (
	"cmp"
	"context"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/route"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/token"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Provider turns people with a token of an identity provider into callers.
type Provider struct {
	Tokens TokenReader
	// RoleClaim names the claim with what a person is, a text or a list; Roles says which role that gives.
	// Of several roles the one that may do most counts.
	RoleClaim string
	Roles     map[string]string
	// TeamsClaim names the claim with the teams of a team_admin or team_viewer.
	TeamsClaim string
	// UserClaim names the claim with the person's user_id.
	UserClaim string
}

// TokenReader checks tokens. Its errors are [api.Error]s.
type TokenReader interface {
	Verify(ctx context.Context, raw string) (token.Claims, error)
}

// caller is the person that a token names. Who has no role here is an [api.Forbidden].
func (p *Provider) caller(ctx context.Context, presented auth.Secret) (auth.Caller, error) {
	claims, err := p.Tokens.Verify(ctx, presented.Reveal())
	if err != nil {
		return auth.Caller{}, err
	}
	return p.Person(claims)
}

// Person is whom claims of the provider name. Who has no role here is an [api.Forbidden].
func (p *Provider) Person(claims token.Claims) (auth.Caller, error) {
	role := p.role(claims.Texts(p.RoleClaim))
	if role == "" {
		return auth.Caller{}, api.Errorf(api.Forbidden, "the token names no role that opens anything here; its claim %q decides", p.RoleClaim)
	}
	caller := auth.Caller{Role: role, UserID: claims.Text(p.UserClaim), Name: route.Note(nameOf(claims))}
	caller.Credential = api.PersonCredential(claims.Text("iss"), cmp.Or(claims.Text("sub"), caller.Name))
	if !role.Everywhere() {
		caller.Teams = claims.Texts(p.TeamsClaim)
	}
	return caller, nil
}

// role is the one that may do most among those that a person's words give.
func (p *Provider) role(words []string) auth.Role {
	for _, role := range api.Roles {
		if slices.ContainsFunc(words, func(word string) bool { return p.Roles[word] == role }) {
			return auth.Role(role)
		}
	}
	return ""
}

// nameOf is what the audit log calls a person.
func nameOf(claims token.Claims) string {
	for _, claim := range []string{"email", "preferred_username", "sub"} {
		if name := claims.Text(claim); name != "" {
			return name
		}
	}
	return "somebody"
}
