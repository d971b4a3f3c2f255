package provider

import (
	"cmp"
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

// eachSecret calls do with every secret of the blocks that are set, as the configuration has it.
func (m targetsModel) eachSecret(do func(block targetBlock, field secretField, value attr.Value, version types.Int64)) {
	for _, block := range targetBlocks {
		set := *m.block(block.kind)
		if set.IsNull() || set.IsUnknown() {
			continue
		}
		for _, field := range block.secrets {
			value := set.Attributes()[field.wo()]
			if value == nil {
				value = types.StringNull()
			}
			do(block, field, value, m.version(block, field))
		}
	}
}

// version is that of a secret, null for a block that is not set.
func (m targetsModel) version(block targetBlock, field secretField) types.Int64 {
	version, ok := m.block(block.kind).Attributes()[field.version()].(types.Int64)
	if !ok {
		return types.Int64Null()
	}
	return version
}

// secretText is a secret as the API's fingerprints are made of it; nil for one that is not set or not known.
func secretText(value attr.Value) *string {
	if value.IsNull() || value.IsUnknown() {
		return nil
	}
	if text, ok := value.(types.String); ok {
		return new(text.ValueString())
	}
	encoded, known := attribute.JSONOf(value)
	if !known {
		return nil
	}
	if string(encoded) == "{}" {
		return new(string)
	}
	return new(string(encoded))
}

// secretsToSend puts into the targets what is to be sent of their secrets: those whose version is another than in the
// state, empty for those that are taken off.
func secretsToSend(targets api.AlertTargets, plan, state, config targetsModel) api.AlertTargets {
	target := targets.Target()
	config.eachSecret(func(block targetBlock, field secretField, value attr.Value, _ types.Int64) {
		if target == nil || target.Kind() != block.kind || plan.version(block, field).Equal(state.version(block, field)) {
			return
		}
		for _, secret := range target.Secrets() {
			if secret.Name != field.name {
				continue
			}
			if text := secretText(value); text != nil {
				secret.Set(*text)
			} else {
				secret.Empty()
			}
		}
	})
	return targets
}

// privateSecret is where the fingerprint of a secret is kept: that of webhooks where they had it when there was no other.
func privateSecret(kind, name string) string {
	if kind == "webhook" && name == "secret" {
		return object.SecretKey
	}
	return object.SecretKey + "_" + kind + "_" + name
}

// rememberSecrets keeps the fingerprints of the gateway's answer, "" for what it has not.
func rememberSecrets(ctx context.Context, private object.PrivateWriter, targets api.AlertTargets) diag.Diagnostics {
	var diags diag.Diagnostics
	fingerprints := fingerprintsOf(targets)
	for _, block := range targetBlocks {
		for _, field := range block.secrets {
			key := privateSecret(block.kind, field.name)
			if fingerprints[key] == "" && key != object.SecretKey { // others are kept only where there are any
				diags.Append(private.SetKey(ctx, key, nil)...)
				continue
			}
			diags.Append(object.RememberFingerprint(ctx, private, key, fingerprints[key])...)
		}
	}
	return diags
}

// rememberSent keeps what recognises the secrets that were sent; targets of other kinds have none any more.
func rememberSent(ctx context.Context, private object.PrivateWriter, sent api.AlertTargets) diag.Diagnostics {
	var diags diag.Diagnostics
	target := sent.Target()
	for _, block := range targetBlocks {
		for i, field := range block.secrets {
			key := privateSecret(block.kind, field.name)
			if target == nil || target.Kind() != block.kind {
				diags.Append(object.RememberSent(ctx, private, key, "")...)
			} else if value, given := target.Secrets()[i].Value(); given {
				diags.Append(object.RememberSent(ctx, private, key, value)...)
			}
		}
	}
	return diags
}

// replaceDigests takes plain digests out of private state, where it has any of before.
func replaceDigests(ctx context.Context, before object.PrivateReader, after object.PrivateWriter) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, block := range targetBlocks {
		for _, field := range block.secrets {
			diags.Append(object.ReplaceDigest(ctx, before, after, privateSecret(block.kind, field.name))...)
		}
	}
	return diags
}

func fingerprintsOf(targets api.AlertTargets) map[string]string {
	fingerprints := map[string]string{}
	if target := targets.Target(); target != nil {
		for _, secret := range target.Secrets() {
			fingerprints[privateSecret(target.Kind(), secret.Name)] = *secret.Fingerprint
		}
	}
	return fingerprints
}

// knownSecrets are the fingerprints that Terraform set or adopted; none before the first read.
func knownSecrets(ctx context.Context, private object.PrivateReader) (map[string]*string, diag.Diagnostics) {
	known := map[string]*string{}
	first, diags := object.KnownFingerprint(ctx, private, object.SecretKey)
	if first == nil {
		return nil, diags
	}
	known[object.SecretKey] = first
	for _, block := range targetBlocks {
		for _, field := range block.secrets {
			key := privateSecret(block.kind, field.name)
			fingerprint, more := object.KnownFingerprint(ctx, private, key)
			diags.Append(more...)
			if fingerprint == nil {
				fingerprint = new(string)
			}
			known[key] = fingerprint
		}
	}
	return known, diags
}

// withSecretDrift shows in the versions that secrets are not those that Terraform set.
func (m targetsModel) withSecretDrift(targets api.AlertTargets, known map[string]*string) targetsModel {
	fingerprints := fingerprintsOf(targets)
	for _, block := range targetBlocks {
		set := m.block(block.kind)
		if set.IsNull() {
			continue
		}
		values := set.Attributes()
		for _, field := range block.secrets {
			key := privateSecret(block.kind, field.name)
			values[field.version()] = object.DriftedVersion(m.version(block, field), fingerprints[key], known[key])
		}
		*set = types.ObjectValueMust(block.types(), values)
	}
	return m
}

// planSecrets keeps secrets that are left to the gateway, refuses new versions of nothing, and warns of a new secret
// under an old version.
func planSecrets(ctx context.Context, config, state targetsModel, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	config.eachSecret(func(block targetBlock, field secretField, value attr.Value, version types.Int64) {
		at, before := path.Root(block.kind).AtName(field.version()), state.version(block, field)
		if value.IsNull() && object.LeftToGateway(types.StringNull(), version, before) {
			resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, at, before)...)
			return
		}
		asText := types.StringValue("given")
		if value.IsNull() {
			asText = types.StringNull()
		}
		object.RequireSecret(&resp.Diagnostics, at, field.wo(), asText, version, before)
		sent, diags := object.SentBefore(ctx, req.Private, privateSecret(block.kind, field.name))
		resp.Diagnostics.Append(diags...)
		text := secretText(value)
		if text == nil || sent == nil || !version.Equal(before) || sent.Is(*text) {
			return
		}
		resp.Diagnostics.AddAttributeWarning(at, "Secret changed, version not",
			field.wo()+" is not what was sent, but "+field.version()+" is the same, so it will not be sent. Raise "+field.version()+" to send it.")
	})
}

// asAnswered is what the gateway would answer if it had taken the fields.
func asAnswered(fields api.AlertRouteFields, current api.AlertTargets) api.AlertRouteFields {
	target, there := fields.Target(), fingerprintsOf(current)
	wanted := map[string]*string{}
	for _, secret := range target.Secrets() {
		if value, given := secret.Value(); given {
			wanted[secret.Name] = new(value)
		}
	}
	fields.AlertTargets = fields.Public()
	for _, secret := range fields.Target().Secrets() {
		sent, now := wanted[secret.Name], there[privateSecret(target.Kind(), secret.Name)]
		switch {
		case sent == nil:
			*secret.Fingerprint = now
		case *sent != "":
			*secret.Fingerprint = cmp.Or(now, "of a secret that the gateway has not")
		}
	}
	return fields
}

// alertRouteSecrets are those of all kinds of targets.
type alertRouteSecrets struct{}

func (alertRouteSecrets) Remember(ctx context.Context, private object.PrivateWriter, change object.Change[alertRouteModel], route api.AlertRoute) diag.Diagnostics {
	diags := rememberSecrets(ctx, private, route.AlertTargets)
	diags.Append(rememberSent(ctx, private, alertRouteWanted(change).AlertTargets)...)
	return diags
}

func (alertRouteSecrets) Notice(ctx context.Context, before object.PrivateReader, after object.PrivateWriter, route api.AlertRoute, model *alertRouteModel) diag.Diagnostics {
	known, diags := knownSecrets(ctx, before)
	if known == nil {
		diags.Append(rememberSecrets(ctx, after, route.AlertTargets)...)
		diags.Append(replaceDigests(ctx, before, after)...)
	}
	model.targetsModel = model.withSecretDrift(route.AlertTargets, known)
	return diags
}
