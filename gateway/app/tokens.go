package app

import (
	"log/slog"

	"github.com/bursarhq/terraform-provider-bursar/gateway/admin/access"
	"github.com/bursarhq/terraform-provider-bursar/gateway/auth"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/proxy"
	"github.com/bursarhq/terraform-provider-bursar/gateway/safedial"
	"github.com/bursarhq/terraform-provider-bursar/gateway/token"
)

// verifier reads the tokens of a configured identity provider.
func verifier(provider config.Provider, logger *slog.Logger) *token.Verifier {
	return token.New(token.Options{
		Issuer: provider.Issuer, Audience: provider.Audience, JWKSURL: provider.JWKSURL, Logger: logger,
		Client: safedial.NewClient(safedial.Options{AllowPrivate: provider.AllowPrivate, AllowHTTP: provider.AllowPrivate}),
	})
}

// people lets users of the admin API in with tokens; nil when none is configured.
func people(settings config.Config, logger *slog.Logger) *access.Provider {
	if settings.OIDC == nil {
		return nil
	}
	return &access.Provider{
		Tokens: verifier(settings.OIDC.Provider, logger), RoleClaim: settings.OIDC.RoleClaim, Roles: settings.OIDC.Roles,
		TeamsClaim: settings.OIDC.TeamsClaim, UserClaim: settings.OIDC.UserClaim,
	}
}

// tokenReaders are what reads tokens of each issuer for each audience. They keep the issuer's keys.
type tokenReaders map[config.Provider]access.TokenReader

// workloads lets pipelines in with tokens. Rules about one issuer and audience share what reads them, and so do those of before,
// which the readers come from.
func (readers tokenReaders) workloads(settings config.Config, logger *slog.Logger) access.Workloads {
	rules := make(access.Workloads, 0, len(settings.Workloads))
	for _, workload := range settings.Workloads {
		if readers[workload.Provider] == nil {
			readers[workload.Provider] = verifier(workload.Provider, logger)
		}
		rules = append(rules, access.Workload{
			Name: workload.Name, Issuer: workload.Issuer, Audience: workload.Audience, Tokens: readers[workload.Provider],
			Subject: workload.Subject, Claims: workload.Claims, Role: auth.Role(workload.Role), TeamIDs: workload.TeamIDs,
		})
	}
	return rules
}

// callerTokens lets callers of models in with tokens; nil when none is configured.
func callerTokens(settings config.Config, logger *slog.Logger) *proxy.Tokens {
	if settings.JWT == nil {
		return nil
	}
	return &proxy.Tokens{
		Reader: verifier(settings.JWT.Provider, logger), TeamClaim: settings.JWT.TeamClaim, UserClaim: settings.JWT.UserClaim,
	}
}
