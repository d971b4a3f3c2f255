package provider

import (
	"cmp"
	"context"
	"os"

	"github.com/hashicorp/terraform-plugin-framework-validators/objectvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/citoken"
	"github.com/bursarhq/terraform-provider-bursar/provider/attribute"
	"github.com/bursarhq/terraform-provider-bursar/provider/object"
)

const envOIDCToken = "BURSAR_OIDC_TOKEN_ENV"

// oidcModel is how a pipeline comes without a stored key.
type oidcModel struct {
	Audience types.String `tfsdk:"audience"`
	TokenEnv types.String `tfsdk:"token_env"`
}

func oidcAttribute() schema.Attribute {
	return schema.SingleNestedAttribute{
		MarkdownDescription: "Comes with the token that the CI platform gives to the job, instead of a stored key: that of GitHub Actions (with `permissions: { id-token: write }`), " +
			"`TFC_WORKLOAD_IDENTITY_TOKEN` of HCP Terraform, or one of GitLab's `id_tokens`. The gateway's file says under `workloads` which tokens have which role. " +
			"Not together with `admin_key` and `admin_key_file`. Where neither they nor `" + object.EnvAdminKey + "` are set, the environment variable `" + object.EnvOIDCAudience + "` does the same.",
		Optional: true,
		Attributes: map[string]schema.Attribute{
			"audience": schema.StringAttribute{
				MarkdownDescription: "Whom the token is for, as the gateway's file has it under `workloads`, such as `https://bursar.example.com`. " +
					"May be left to the environment variable `" + object.EnvOIDCAudience + "`.",
				Optional:   true,
				Validators: attribute.Valid(attribute.Filled{}),
			},
			"token_env": schema.StringAttribute{
				MarkdownDescription: "The environment variable that has the token, where it is another than `" + citoken.DefaultVariable + "` and the platform has no name of its own for it. " +
					"May be left to the environment variable `" + envOIDCToken + "`.",
				Optional:   true,
				Validators: attribute.Valid(attribute.Filled{}),
			},
		},
		Validators: []validator.Object{objectvalidator.ConflictsWith(path.MatchRoot("admin_key"), path.MatchRoot("admin_key_file"))},
	}
}

func (m *oidcModel) isUnknown() bool {
	return m != nil && (m.Audience.IsUnknown() || m.TokenEnv.IsUnknown())
}

// token gives the job's tokens; nil where a key is used. A key in the provider block, or in the environment where the block
// says nothing, is used rather than an audience of the environment.
func (m providerModel) token(diags *diag.Diagnostics) func(context.Context) (string, error) {
	audience := os.Getenv(object.EnvOIDCAudience)
	variable := os.Getenv(envOIDCToken)
	switch {
	case m.OIDC != nil:
		audience = cmp.Or(m.OIDC.Audience.ValueString(), audience)
		variable = cmp.Or(m.OIDC.TokenEnv.ValueString(), variable)
	case audience == "" || m.AdminKey.ValueString() != "" || m.AdminKeyFile.ValueString() != "" || os.Getenv(object.EnvAdminKey) != "" || os.Getenv(object.EnvAdminKey+"_FILE") != "":
		return nil
	}
	if audience == "" {
		diags.AddAttributeError(path.Root("oidc").AtName("audience"), "Missing audience",
			"The token has to be for somebody: set audience to what the gateway's file has under workloads, or the environment variable "+object.EnvOIDCAudience+".")
	}
	return citoken.New(citoken.Options{Audience: audience, Variable: variable, Getenv: os.Getenv}).Token
}
