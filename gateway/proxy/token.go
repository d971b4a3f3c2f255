package proxy

import (
	"context"
	"slices"

	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/policy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/token"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Tokens lets callers in with a token of an identity provider. They are served under the limits of the
// team that the token names.
type Tokens struct {
	Reader TokenReader
	// TeamClaim names the claim with the team, or with a list of teams of which the identifier header
	// chooses one; UserClaim the one with the user_id.
	TeamClaim string
	UserClaim string
}

// TokenReader checks tokens. Its errors are [api.Error]s.
type TokenReader interface {
	Verify(ctx context.Context, raw string) (token.Claims, error)
}

// read checks a token and says for which team its bearer calls.
func (t *Tokens) read(ctx context.Context, presented auth.Secret, asked, header string) (who policy.Caller, err error) {
	claims, err := t.Reader.Verify(ctx, presented.Reveal())
	if err != nil {
		return who, err
	}
	teams := claims.Texts(t.TeamClaim)
	switch {
	case len(teams) == 0:
		return who, api.Errorf(api.Forbidden, "the token names no team; its claim %q must", t.TeamClaim)
	case asked == "" && len(teams) > 1:
		return who, api.Errorf(api.Forbidden, "the token is for several teams; name one of them in %s", header)
	case asked == "":
		asked = teams[0]
	case !slices.Contains(teams, asked):
		return who, api.Errorf(api.Forbidden, "this token may not speak for team %q", asked)
	}
	return policy.WorkingFor(asked, claims.Text(t.UserClaim)), nil
}
