package object

import (
	"crypto/tls"
	"errors"
	"net/http"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// Environment variables that stand in for attributes of the provider block.
const (
	EnvEndpoint     = "BURSAR_ENDPOINT"
	EnvAdminKey     = "BURSAR_ADMIN_KEY"
	EnvChangeReason = "BURSAR_CHANGE_REASON"

	EnvApprovedReview = "BURSAR_APPROVED_REVIEW"
	EnvOIDCAudience   = "BURSAR_OIDC_AUDIENCE"
)

// Advice says what to do about an error, a paragraph of its own; it is empty when the error says it all.
func Advice(err error) string {
	switch {
	case isUntrusted(err):
		return "\n\nThe gateway's certificate is not one that this machine trusts, or is for another name. Install the authority that issued it, " +
			"name its certificates in the provider's ca_file, or give the provider's endpoint the name that the certificate is for."
	case errors.Is(err, client.ErrNoAnswer):
		return "\n\nIs the gateway running, and is the provider's endpoint (or " + EnvEndpoint + ") its address? " +
			"If this configuration installs it, apply that first: terraform apply -target=…"
	case errors.Is(err, client.ErrNoToken):
		return "\n\nThe provider's oidc (or " + EnvOIDCAudience + ") says that the job's own token opens the gateway. To use a stored key, leave oidc out and set admin_key."
	case isByToken(err) && api.CodeOf(err) == api.Unauthenticated:
		return "\n\nThe gateway does not accept the job's token. Its file says under workloads which tokens it takes: the issuer, the audience and the subject must be those."
	case isByToken(err) && (api.CodeOf(err) == api.Forbidden || api.CodeOf(err) == api.MemberDenied):
		return "\n\nThe role that the gateway's file gives to the job's token under workloads may not do this. The role admin may do everything, " +
			"viewer may read everything, which is enough to plan, and team_admin may manage the keys and members of its teams."
	case api.CodeOf(err) == api.Unauthenticated:
		return "\n\nThe gateway does not accept the provider's admin_key (or " + EnvAdminKey + ")."
	case api.CodeOf(err) == api.Forbidden, api.CodeOf(err) == api.MemberDenied:
		return "\n\nThe provider's admin_key (or " + EnvAdminKey + ") may not do this. A key of the role admin may do everything, " +
			"viewer may read everything, which is enough to plan, and team_admin may manage the keys and members of its teams."
	default:
		return adviceOnAddress(err)
	}
}

func isByToken(err error) bool {
	_, byToken := errors.AsType[*client.TokenError](err)
	return byToken
}

func isUntrusted(err error) bool {
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	return untrusted
}

// adviceOnAddress is for answers that tell of a wrong endpoint.
func adviceOnAddress(err error) string {
	refused, ok := errors.AsType[*api.Error](err)
	if !ok {
		return ""
	}
	switch {
	case refused.Status == http.StatusNotFound && refused.Code == api.Invalid:
		return "\n\nThe provider's endpoint (or " + EnvEndpoint + ") is the gateway's address alone, without a path such as /v1 behind it."
	case refused.Header.Get("Location") != "":
		return "\n\nThe answer sends on to " + refused.Header.Get("Location") + ". Give the gateway's own address as the provider's endpoint (or " + EnvEndpoint + ")."
	default:
		return ""
	}
}

// LetGoFirst says how to apply a plan that takes an object off its holders and destroys it: Terraform destroys first.
func LetGoFirst(object, holder string) string {
	return "\n\nIf this plan itself does that: Terraform destroys before it changes what let go. Give the " + object +
		" lifecycle { create_before_destroy = true }, or, when it is no longer in the configuration, " +
		"apply the change first, as with terraform apply -target=" + holder + ".NAME."
}
