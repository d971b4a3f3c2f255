package provider

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// A write-only secret is never in the state. Its digest, which the gateway answers, is kept in
// private state: when the two differ, somebody else changed the secret, and the state's
// version is changed so that the next plan shows it and sends the configured secret again.

const (
	secretKey = "secret_sha256"

	// foreignSecret is the version in the state of a secret that Terraform did not set.
	foreignSecret = 0
	// adoptedSecret is the version of the secret that an imported object has.
	adoptedSecret = 1
)

// secretDigest is the secret's digest as the gateway answers it; "" for none.
func secretDigest(secret string) string {
	if secret == "" {
		return ""
	}
	digest := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(digest[:])
}

// driftedVersion shows in the version that the secret is not the one that Terraform set.
func driftedVersion(version types.Int64, actual string, known *string) types.Int64 {
	switch {
	case known == nil || actual == *known:
		return version
	case actual == "":
		return types.Int64Null()
	default:
		return types.Int64Value(foreignSecret)
	}
}

func rememberSecret(ctx context.Context, private privateWriter, digest string) diag.Diagnostics {
	return rememberDigest(ctx, private, secretKey, digest)
}

// knownSecret is the digest of the secret that Terraform set or adopted, "" for none; nil before the first read.
func knownSecret(ctx context.Context, private privateReader) (*string, diag.Diagnostics) {
	return knownDigest(ctx, private, secretKey)
}

func rememberDigest(ctx context.Context, private privateWriter, key, digest string) diag.Diagnostics {
	value, err := json.Marshal(digest)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Private state cannot be written", err.Error())}
	}
	return private.SetKey(ctx, key, value)
}

func knownDigest(ctx context.Context, private privateReader, key string) (*string, diag.Diagnostics) {
	value, diags := private.GetKey(ctx, key)
	if len(value) == 0 {
		return nil, diags
	}
	var digest string
	if err := json.Unmarshal(value, &digest); err != nil {
		diags.AddError("Private state cannot be read", "The remembered digest is not a text: "+err.Error())
	}
	return &digest, diags
}

// leftToGateway says whether the configuration has the version of an adopted secret and no secret, as it is generated
// for an imported object: then it is not Terraform's, and may be changed on the gateway.
func leftToGateway(secret types.String, version, before types.Int64) bool {
	return secret.IsNull() && version.Equal(types.Int64Value(adoptedSecret)) && before.Equal(types.Int64Value(foreignSecret))
}

// requireSecret refuses a new version of no secret. The version that an object has already needs none: the secret
// stays as it is, as in configuration that was generated for an imported object.
func requireSecret(diags *diag.Diagnostics, at path.Path, name string, secret types.String, version, before types.Int64) {
	if version.IsNull() || version.IsUnknown() || version.Equal(before) || !secret.IsNull() {
		return
	}
	diags.AddAttributeError(at, "Secret missing", fmt.Sprintf(
		"A new version means that %s is sent, which is not set. Set it, or leave both out for none.", name))
}
