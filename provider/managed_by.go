package provider

import (
	"cmp"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// managedByModel is what the provider says of the configuration that it keeps objects by.
type managedByModel struct {
	Workspace  types.String `tfsdk:"workspace"`
	Repository types.String `tfsdk:"repository"`
	Address    types.String `tfsdk:"address"`
}

func managedByAttribute() schema.SingleNestedAttribute {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: description, Optional: true}
	}
	return schema.SingleNestedAttribute{
		MarkdownDescription: "Which configuration this is. The gateway keeps it with what an apply makes or changes, answers it as `managed_by`, and sends people " +
			"there who want to change a limit; a plan warns when an object was last changed from another one. What is left out is taken from the variables of " +
			"GitHub Actions, GitLab CI, HCP Terraform, Atlantis, Spacelift, Buildkite, Bitbucket or Azure Pipelines.",
		Optional: true,
		Attributes: map[string]schema.Attribute{
			"workspace":  text("The workspace. Defaults to that of HCP Terraform or Atlantis, or `TF_WORKSPACE`."),
			"repository": text("Where the configuration is kept, such as `acme/llm-quotas`. Defaults to the repository that the pipeline runs for."),
			"address":    text("Where people change it, such as `https://github.com/acme/llm-quotas`. Defaults to the repository's page."),
		},
	}
}

func (m *managedByModel) isUnknown() bool {
	return m != nil && (m.Workspace.IsUnknown() || m.Repository.IsUnknown() || m.Address.IsUnknown())
}

// managedBy is what the provider block says, and what is left out of it by the pipeline's variables.
func (m *managedByModel) managedBy(env func(string) string) *api.ManagedBy {
	known := managedByOf(env)
	if m != nil {
		known.Workspace = cmp.Or(m.Workspace.ValueString(), known.Workspace)
		known.Repository = cmp.Or(m.Repository.ValueString(), known.Repository)
		known.Address = cmp.Or(m.Address.ValueString(), known.Address)
	}
	return &known
}

// managedByOf reads the variables of the usual pipelines.
func managedByOf(env func(string) string) api.ManagedBy {
	first := func(names ...string) string {
		for _, name := range names {
			if value := env(name); value != "" {
				return value
			}
		}
		return ""
	}
	by := api.ManagedBy{
		Program:    "terraform",
		Workspace:  first("TFC_WORKSPACE_SLUG", "TFC_WORKSPACE_NAME", "TF_WORKSPACE", "WORKSPACE_NAME", "TF_VAR_spacelift_stack_id"),
		Repository: first("GITHUB_REPOSITORY", "CI_PROJECT_PATH", "BITBUCKET_REPO_FULL_NAME", "TF_VAR_spacelift_repository", "BUILD_REPOSITORY_NAME", "BUILDKITE_REPO"),
		Address:    first("CI_PROJECT_URL", "BITBUCKET_GIT_HTTP_ORIGIN"),
	}
	if owner, name := env("BASE_REPO_OWNER"), env("BASE_REPO_NAME"); by.Repository == "" && owner != "" && name != "" {
		by.Repository = owner + "/" + name // Atlantis
	}
	if server := env("GITHUB_SERVER_URL"); server != "" && env("GITHUB_REPOSITORY") != "" {
		by.Address = server + "/" + env("GITHUB_REPOSITORY")
	}
	return by
}

// environment is the process's.
var environment = os.Getenv
