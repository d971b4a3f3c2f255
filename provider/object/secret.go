package object

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
)

// A write-only secret is never in the state. Its fingerprint, which only the gateway can make, is kept in
// private state: when it answers another one, somebody else changed the secret, and the state's version is
// changed so that the next plan shows it and sends the configured secret again.

const (
	// SecretKey is where private state has the fingerprint of an object's only secret.
	SecretKey = "secret_fingerprint"

	// ForeignSecret is the version in the state of a secret that Terraform did not set.
	ForeignSecret = 0
	// AdoptedSecret is the version of the secret that an imported object has.
	AdoptedSecret = 1
)

// SecretDigest is the digest that a secret of our own kind, a key's, is found by; "" for none.
func SecretDigest(secret string) string {
	if secret == "" {
		return ""
	}
	digest := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(digest[:])
}

// DriftedVersion shows in the version that the secret is not the one that Terraform set.
func DriftedVersion(version types.Int64, actual string, known *string) types.Int64 {
	switch {
	case known == nil || actual == *known:
		return version
	case actual == "":
		return types.Int64Null()
	default:
		return types.Int64Value(ForeignSecret)
	}
}

// RememberFingerprint keeps in private state, under the key, what the gateway answered of a secret.
func RememberFingerprint(ctx context.Context, private PrivateWriter, key, fingerprint string) diag.Diagnostics {
	value, err := json.Marshal(fingerprint)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Private state cannot be written", err.Error())}
	}
	return private.SetKey(ctx, key, value)
}

// KnownFingerprint is that of the secret that Terraform set or adopted, "" for none; nil before the first read.
func KnownFingerprint(ctx context.Context, private PrivateReader, key string) (*string, diag.Diagnostics) {
	return keptText(ctx, private, key)
}

// keptText is a text of private state, nil where there is none.
func keptText(ctx context.Context, private PrivateReader, key string) (*string, diag.Diagnostics) {
	value, diags := private.GetKey(ctx, key)
	if len(value) == 0 {
		return nil, diags
	}
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		diags.AddError("Private state cannot be read", "What is remembered of a secret is not a text: "+err.Error())
	}
	return &text, diags
}

// LeftToGateway says whether the configuration has the version of an adopted secret and no secret, as it is generated
// for an imported object: then it is not Terraform's, and may be changed on the gateway.
func LeftToGateway(secret types.String, version, before types.Int64) bool {
	return secret.IsNull() && version.Equal(types.Int64Value(AdoptedSecret)) && before.Equal(types.Int64Value(ForeignSecret))
}

// RequireSecret refuses a new version of no secret. The version that an object has already needs none: the secret
// stays as it is, as in configuration that was generated for an imported object.
func RequireSecret(diags *diag.Diagnostics, at path.Path, name string, secret types.String, version, before types.Int64) {
	if version.IsNull() || version.IsUnknown() || version.Equal(before) || !secret.IsNull() {
		return
	}
	diags.AddAttributeError(at, "Secret missing", fmt.Sprintf(
		"A new version means that %s is sent, which is not set. Set it, or leave both out for none.", name))
}

// PlannedSecret is what a configuration says of an object's only secret.
type PlannedSecret struct {
	// Attribute is the write-only one; that of the version is called so with _version behind it.
	Attribute string
	Secret    types.String
	Version   types.Int64
	// Before is the state's version.
	Before types.Int64
}

// PlanSecret refuses a new version without a secret, and warns of a secret that would not be sent.
func PlanSecret(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse, planned PlannedSecret) (diags diag.Diagnostics) {
	version := path.Root(planned.Attribute + "_version")
	if LeftToGateway(planned.Secret, planned.Version, planned.Before) {
		return resp.Plan.SetAttribute(ctx, version, planned.Before)
	}
	RequireSecret(&diags, version, planned.Attribute, planned.Secret, planned.Version, planned.Before)
	sent, unread := SentBefore(ctx, req.Private, SecretKey)
	diags.Append(unread...)
	secret := attribute.TextOf(planned.Secret)
	if diags.HasError() || secret == nil || sent == nil || !planned.Version.Equal(planned.Before) || sent.Is(*secret) {
		return diags
	}
	diags.AddAttributeWarning(version, "Key changed, version not", fmt.Sprintf(
		"%[1]s is not the key that was sent, but %[1]s_version is the same, so it will not be sent. Raise %[1]s_version to send it.", planned.Attribute))
	return diags
}

// Secrets are what an object has of write-only secrets.
type Secrets[M any, O Kept] interface {
	// Remember keeps in private state what the gateway answered a change with.
	Remember(ctx context.Context, private PrivateWriter, change Change[M], object O) diag.Diagnostics
	// Notice remembers the secrets of an object that is read for the first time, and shows in the versions those that
	// Terraform did not set.
	Notice(ctx context.Context, before PrivateReader, after PrivateWriter, object O, model *M) diag.Diagnostics
}

// Secret is for an object with one.
type Secret[M any, O Kept] struct {
	// Fingerprint is what the gateway answers of it; "" for none.
	Fingerprint func(O) string
	// Version is where the model says which secret it is.
	Version func(model *M) *types.Int64
	// Sent is the secret that a change sends, "" when it takes one off, nil when it leaves it alone.
	Sent func(change Change[M]) *string
}

// Remember keeps the fingerprint, and what was sent.
func (s Secret[M, O]) Remember(ctx context.Context, private PrivateWriter, change Change[M], object O) diag.Diagnostics {
	diags := RememberFingerprint(ctx, private, SecretKey, s.Fingerprint(object))
	if sent := s.Sent(change); sent != nil {
		diags.Append(RememberSent(ctx, private, SecretKey, *sent)...)
	}
	return diags
}

// Notice compares the fingerprints.
func (s Secret[M, O]) Notice(ctx context.Context, before PrivateReader, after PrivateWriter, object O, model *M) diag.Diagnostics {
	known, diags := KnownFingerprint(ctx, before, SecretKey)
	if known == nil {
		diags.Append(RememberFingerprint(ctx, after, SecretKey, s.Fingerprint(object))...)
		diags.Append(ReplaceDigest(ctx, before, after, SecretKey)...)
	}
	version := s.Version(model)
	*version = DriftedVersion(*version, s.Fingerprint(object), known)
	return diags
}
