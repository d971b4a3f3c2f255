package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
	"github.com/bursarhq/terraform-provider-bursar/provider/wire"
)

// A key keeps its id when it gets another secret. It gets one when its trigger or the version of the given
// secret changes, and when somebody else gave it one that Terraform was to know and does not.

// keySecretModel is what is said about the secret, to Terraform only.
type keySecretModel struct {
	Key             types.String `tfsdk:"key"`
	StoreKeyInState types.Bool   `tfsdk:"store_key_in_state"`
	KeyWO           types.String `tfsdk:"key_wo"`
	KeyWOVersion    types.Int64  `tfsdk:"key_wo_version"`
	RotationTrigger types.String `tfsdk:"rotation_trigger"`
	RotationGrace   types.String `tfsdk:"rotation_grace"`
}

const defaultGrace = "24h"

func keySecretAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"key": schema.StringAttribute{
			MarkdownDescription: "The secret that the gateway made, in the state unless `store_key_in_state` is `false`. " +
				"Null with `key_wo`, and for an imported key until it is rotated.",
			Computed:  true,
			Sensitive: true,
		},
		"store_key_in_state": attribute.Bool("Whether the generated secret is kept in the state as `key`. "+
			"With `false` nobody sees the secret, so give your own with `key_wo`. A secret that has left the state does not come back.", true),
		"key_wo": schema.StringAttribute{
			MarkdownDescription: "A secret of your own, `sk-` and at least 22 characters, stored in neither plan nor state. Needs `key_wo_version` and Terraform 1.11.",
			Optional:            true,
			Sensitive:           true,
			WriteOnly:           true,
			Validators:          attribute.Valid(attribute.KeySecret{}, stringvalidator.AlsoRequires(path.MatchRoot("key_wo_version"))),
		},
		"key_wo_version": schema.Int64Attribute{
			MarkdownDescription: "A number from 1 to raise when `key_wo` changes, as Terraform cannot see that. The key then has that secret, " +
				"keeps its id, and the old secret works for `rotation_grace` more. An imported key takes over its first version and keeps the secret it has; " +
				"0 in a plan means that the secret was changed outside of Terraform. " +
				"When it is taken away, with `key_wo`, the gateway makes another secret, which is then `key`.",
			Optional:   true,
			Validators: []validator.Int64{int64validator.AtLeast(object.AdoptedSecret), int64validator.AlsoRequires(path.MatchRoot("key_wo"))},
		},
		"rotation_trigger": schema.StringAttribute{
			MarkdownDescription: "Any text; when it changes, the gateway makes a new secret, which is then `key`. The key keeps its id, limits, expiry and spending, " +
				"and the old secret works for `rotation_grace` more. A quarter such as `2027-Q1` or the id of a `time_rotating` does well. " +
				"The first one is only remembered. Not together with `key_wo`, whose version does the same.",
			Optional:   true,
			Validators: attribute.Valid(stringvalidator.ConflictsWith(path.MatchRoot("key_wo"))),
		},
		"rotation_grace": schema.StringAttribute{
			MarkdownDescription: "How long the old secret works after a rotation, such as `1h` or `7d`, at most `90d`; `0s` stops it at once. Defaults to `" + defaultGrace + "`.",
			Optional:            true,
			Computed:            true,
			Default:             stringdefault.StaticString(defaultGrace),
			Validators:          attribute.Valid(graceValidator{}),
		},
	}
}

// keySecretFrom keeps what prior says; a key without prior is being imported.
func keySecretFrom(prior keySecretModel) keySecretModel {
	kept := prior
	kept.KeyWO = types.StringNull()
	kept.StoreKeyInState = types.BoolValue(attribute.IsTrue(prior.StoreKeyInState, true))
	if prior.RotationGrace.IsNull() {
		kept.RotationGrace = types.StringValue(defaultGrace)
	}
	return kept
}

// foreignKey marks a key whose secret in the state is no longer the key's.
const foreignKey = "rotated_elsewhere"

// secretHints are what private state tells about a key's secret.
type secretHints struct{ imported, foreign bool }

func hintsOf(ctx context.Context, private object.PrivateReader) (secretHints, diag.Diagnostics) {
	imported, diags := private.GetKey(ctx, wire.ImportedKey)
	foreign, more := private.GetKey(ctx, foreignKey)
	diags.Append(more...)
	return secretHints{imported: len(imported) > 0, foreign: len(foreign) > 0}, diags
}

// forgetHints is for a key whose secret is as the configuration says. An imported one stays imported until its secret
// has been spoken of: the first version that it gets, however much later, is of the secret that it has.
func forgetHints(ctx context.Context, private object.PrivateWriter, spokenOf bool) diag.Diagnostics {
	diags := private.SetKey(ctx, foreignKey, nil)
	if spokenOf {
		diags.Append(private.SetKey(ctx, wire.ImportedKey, nil)...)
	}
	return diags
}

// rotates says whether the planned update gives the key another secret; as long as something is not known yet, it
// says whether it may.
func (m keySecretModel) rotates(state keySecretModel, hints secretHints) bool {
	triggered := !m.RotationTrigger.IsNull() && !state.RotationTrigger.IsNull() && !m.RotationTrigger.Equal(state.RotationTrigger)
	learned := hints.imported && state.KeyWOVersion.IsNull()
	reversioned := !m.KeyWOVersion.Equal(state.KeyWOVersion) && !learned
	lost := hints.foreign && attribute.IsTrue(m.StoreKeyInState, true) && m.KeyWOVersion.IsNull()
	return triggered || reversioned || lost
}

// unseen says that nobody would know a secret that the gateway makes.
func (m keySecretModel) unseen() bool {
	return !attribute.IsTrue(m.StoreKeyInState, true) && m.KeyWOVersion.IsNull()
}

// warnOfUnseen is for a key that will be made: it can be given a secret later.
func (m keySecretModel) warnOfUnseen(diags *diag.Diagnostics) {
	if m.unseen() {
		diags.AddAttributeWarning(path.Root("store_key_in_state"), "Nobody will see the secret",
			"With store_key_in_state = false the secret that the gateway makes is kept nowhere, so that nobody can use the key. "+
				"Give it a secret with key_wo and key_wo_version, now or later.")
	}
}

// reportUnseen refuses a rotation whose outcome nobody would know.
func (m keySecretModel) reportUnseen(diags *diag.Diagnostics) {
	if m.unseen() {
		diags.AddAttributeError(path.Root("store_key_in_state"), "Nobody would see the new secret",
			"The key is to get a new secret, which with store_key_in_state = false is kept nowhere, and the old one stops working. "+
				"Give the new one with key_wo and key_wo_version, or let the state have it with store_key_in_state = true.")
	}
}

// reportShort refuses a new secret that is shorter than the gateway takes now. One that a key has already goes on working.
func reportShort(diags *diag.Diagnostics, secret types.String) {
	if attribute.IsSet(secret) && api.CheckNewKeySecret(secret.ValueString()) != nil {
		diags.AddAttributeError(path.Root("key_wo"), "Not a secret", "key_wo "+api.ErrNewKeySecret.Error()+".")
	}
}

// planned is unknown only for a secret that will be made and kept, or of which nobody can tell yet whether it will.
// State is nil for a key that will be made.
func (m keySecretModel) planned(state *keySecretModel, rotates bool) types.String {
	given := !m.KeyWOVersion.IsNull() && !m.KeyWOVersion.IsUnknown()
	switch {
	case given || !attribute.IsTrue(m.StoreKeyInState, true):
		return types.StringNull()
	case state == nil || rotates || m.KeyWOVersion.IsUnknown() || (m.StoreKeyInState.IsUnknown() && !state.Key.IsNull()):
		return types.StringUnknown()
	default:
		return state.Key
	}
}

// grace is what the gateway is told; "" stops the old secret at once.
func (m keySecretModel) grace() string {
	if grace := m.RotationGrace.ValueString(); grace != noGrace {
		return grace
	}
	return ""
}

// noticeForeign shows in the state that the key has a secret that Terraform does not know: as a version that
// was never configured, or as no secret at all.
func noticeForeign(ctx context.Context, private object.PrivateWriter, read *keyModel, prior keyModel) diag.Diagnostics {
	if prior.KeyName.IsNull() || prior.KeyName.Equal(read.KeyName) {
		return nil
	}
	if !prior.KeyWOVersion.IsNull() {
		read.KeyWOVersion = types.Int64Value(object.ForeignSecret)
		return nil
	}
	if prior.Key.IsNull() {
		return nil
	}
	read.Key = types.StringNull()
	return private.SetKey(ctx, foreignKey, []byte("true"))
}

// rotate gives the key the secret, or, for an empty one, a secret that the gateway makes.
func (r *keyResource) rotate(ctx context.Context, id, secret, grace string) (api.KeyCreated, error) {
	rotated, err := r.Client.RotateKey(ctx, id, secret, grace)
	if secret == "" || api.CodeOf(err) != api.AlreadyExists {
		return rotated, err
	}
	// An apply that did not hear the answer has set it already. A secret that the key had before is another matter.
	key, readErr := r.Client.GetKey(ctx, object.SecretDigest(secret))
	if readErr == nil && key.KeyID == id && strings.HasSuffix(key.KeyName, secret[max(0, len(secret)-4):]) {
		return api.KeyCreated{Secret: secret, Key: key}, nil
	}
	return rotated, err
}
