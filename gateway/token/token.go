// Package token reads the tokens of identity providers (JWTs): it checks who signed them, for whom, and
// until when, and returns what they claim.
//
// It promises that no token is believed that is not signed by a key of the provider with an algorithm on
// the list, that a key the provider no longer publishes stops working, and that strangers cannot
// make it ask the provider often. It must never know what a claim allows, and never repeats a token.
package token

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// algorithms are those that a token may be signed with. None of them takes a shared secret, so nobody can
// pass a public key off as one.
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
	jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// leeway is how far the provider's clock may be off.
const leeway = 30 * time.Second

// Options say whose tokens are believed.
type Options struct {
	// Issuer and Audience must be a token's "iss" and be among its "aud".
	Issuer   string
	Audience string
	// JWKSURL is where the provider publishes its keys; "" asks Issuer + "/.well-known/openid-configuration".
	JWKSURL string
	// Client reads the keys.
	Client *http.Client
	Logger *slog.Logger
	// Now is the clock; nil is the system's.
	Now func() time.Time
}

// Verifier checks the tokens of one provider. It may be used concurrently.
type Verifier struct {
	options Options
	keys    *keySet
}

// New returns a verifier. It reads the provider's keys when the first token comes.
func New(options Options) *Verifier {
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Verifier{options: options, keys: newKeySet(options)}
}

// Verify returns what a token claims. Errors are [api.Error]s: [api.Unauthenticated] for a token that is not
// to be believed, [api.StoreUnavailable] when the provider's keys cannot be read.
func (v *Verifier) Verify(ctx context.Context, raw string) (Claims, error) {
	parsed, err := jwt.ParseSigned(raw, algorithms)
	if err != nil || len(parsed.Headers) != 1 {
		return nil, refuse("the token is not one that is read here").WithCause(err)
	}
	header := parsed.Headers[0]
	key, err := v.keys.key(ctx, header.KeyID)
	if err != nil {
		return nil, err
	}
	if key.Algorithm != "" && key.Algorithm != header.Algorithm {
		return nil, refuse("the token is signed with another algorithm than its key is for")
	}
	var standard jwt.Claims
	var claims Claims
	if err := parsed.Claims(key.Key, &standard, &claims); err != nil {
		return nil, refuse("the token's signature is wrong").WithCause(err)
	}
	return claims, v.check(standard)
}

// Addressed is what a token says of its issuer and of whom it is for, before anything of it is checked: it says who may check
// it, and nothing else may follow from it.
func Addressed(raw string) (issuer string, audiences []string) {
	parsed, err := jwt.ParseSigned(raw, algorithms)
	if err != nil {
		return "", nil
	}
	var standard jwt.Claims
	if err := parsed.UnsafeClaimsWithoutVerification(&standard); err != nil {
		return "", nil
	}
	return standard.Issuer, standard.Audience
}

func (v *Verifier) check(claims jwt.Claims) error {
	if claims.Expiry == nil {
		return refuse("the token does not say when it ends")
	}
	err := claims.ValidateWithLeeway(jwt.Expected{
		Issuer: v.options.Issuer, AnyAudience: jwt.Audience{v.options.Audience}, Time: v.options.Now(),
	}, leeway)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jwt.ErrExpired):
		return refuse("the token has expired")
	case errors.Is(err, jwt.ErrNotValidYet), errors.Is(err, jwt.ErrIssuedInTheFuture):
		return refuse("the token is not valid yet")
	case errors.Is(err, jwt.ErrInvalidAudience):
		return refuse("the token is for another audience")
	default:
		return refuse("the token is of another issuer").WithCause(err)
	}
}

func refuse(why string) *api.Error {
	return api.Errorf(api.Unauthenticated, "Authentication Error, %s", why)
}
