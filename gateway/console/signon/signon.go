// Package signon asks an identity provider who somebody is: OpenID Connect's authorization code with PKCE.
//
// It promises that an answer is only believed by the browser that asked, once, and when the provider signed it for this
// gateway. It must never know what a person may do.
package signon

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net/http"
	"sync"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Options are what the provider knows this gateway by.
type Options struct {
	Issuer, ClientID, ClientSecret string
	// Scopes are asked for besides openid.
	Scopes []string
	// Client asks the provider.
	Client *http.Client
}

// Provider is an identity provider.
type Provider struct {
	options Options
	mu      sync.Mutex
	// found is what the provider says of itself; nil until it was asked.
	found *oidc.Provider
}

// New returns a provider, which is asked for its addresses when somebody first signs in.
func New(options Options) *Provider { return &Provider{options: options} }

// Attempt is what the browser that asks has to bring back.
type Attempt struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
	// Back is the address that the provider sends the browser to.
	Back string `json:"back"`
}

// Begin returns the provider's address for an attempt.
func (p *Provider) Begin(ctx context.Context, attempt Attempt) (string, error) {
	settings, _, err := p.settings(ctx, attempt.Back)
	if err != nil {
		return "", err
	}
	return settings.AuthCodeURL(attempt.State, oidc.Nonce(attempt.Nonce), oauth2.S256ChallengeOption(attempt.Verifier)), nil
}

// Finish returns what the provider says of who came back with the code.
func (p *Provider) Finish(ctx context.Context, attempt Attempt, state, code string) (map[string]any, error) {
	if attempt.State == "" || subtle.ConstantTimeCompare([]byte(attempt.State), []byte(state)) != 1 {
		return nil, api.Errorf(api.Forbidden, "this sign-in was not begun in this browser, or too long ago; begin again")
	}
	settings, found, err := p.settings(ctx, attempt.Back)
	if err != nil {
		return nil, err
	}
	ctx = oidc.ClientContext(ctx, p.options.Client)
	answer, err := settings.Exchange(ctx, code, oauth2.VerifierOption(attempt.Verifier))
	if err != nil {
		return nil, api.Errorf(api.Forbidden, "the identity provider did not take the sign-in; begin again").WithCause(err)
	}
	raw, _ := answer.Extra("id_token").(string)
	verified, err := found.Verifier(&oidc.Config{ClientID: p.options.ClientID}).Verify(ctx, raw)
	if err != nil {
		return nil, api.Errorf(api.Forbidden, "what the identity provider says cannot be believed; its clock or its client for this gateway is wrong").WithCause(err)
	}
	if subtle.ConstantTimeCompare([]byte(verified.Nonce), []byte(attempt.Nonce)) != 1 {
		return nil, api.Errorf(api.Forbidden, "what the identity provider says is the answer to another sign-in; begin again")
	}
	var claims map[string]any
	if err := verified.Claims(&claims); err != nil {
		return nil, fmt.Errorf("read what the identity provider says: %w", err)
	}
	return claims, nil
}

// settings asks the provider for its addresses, once it is there.
func (p *Provider) settings(ctx context.Context, back string) (*oauth2.Config, *oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found == nil {
		// The provider keeps the context for its keys.
		found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.options.Client), p.options.Issuer)
		if err != nil {
			return nil, nil, api.Errorf(api.StoreUnavailable, "the identity provider cannot be asked now; try again, or sign in with a key").WithCause(err)
		}
		p.found = found
	}
	return &oauth2.Config{
		ClientID: p.options.ClientID, ClientSecret: p.options.ClientSecret, Endpoint: p.found.Endpoint(), RedirectURL: back,
		Scopes: append([]string{oidc.ScopeOpenID}, p.options.Scopes...),
	}, p.found, nil
}
