// Package export writes what is on a gateway as Terraform configuration that imports it.
//
// It promises configuration that is formatted, names other objects by reference, holds no secret, and
// plans empty once its import blocks are applied. It reads through an interface of its own and must never
// know how a gateway is reached, nor change anything on it.
package export

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// Gateway answers everything that it has.
type Gateway interface {
	ListTeams(ctx context.Context) ([]api.Team, error)
	ListUsers(ctx context.Context) ([]api.User, error)
	ListMembers(ctx context.Context) ([]api.Membership, error)
	ListKeys(ctx context.Context) ([]api.Key, error)
	ListBudgets(ctx context.Context) ([]api.Budget, error)
	ListAlertRoutes(ctx context.Context) ([]api.AlertRoute, error)
	ListModels(ctx context.Context) ([]api.Model, error)
	// ListAdminKeys is an [api.Forbidden] for who may not see them; they are left out then.
	ListAdminKeys(ctx context.Context) ([]api.AdminKey, error)
}

// Options say what the configuration holds.
type Options struct {
	// Endpoint stands in the provider block; empty leaves it to the environment.
	Endpoint string
	// WebhookURLs writes the addresses of webhooks, which often open the channel behind them by themselves.
	// Without it they stay as the gateway has them.
	WebhookURLs bool
	// GroupBy says which teams stand together, with their members and keys; empty puts together what sets the same attributes.
	GroupBy Grouping
}

// File is one file of the configuration.
type File struct {
	// Name is without a folder, such as "teams.tf".
	Name string
	Text string
}

// Configuration returns the files, those without anything in them left out. What the gateway's own
// configuration file declares cannot be managed through its API; it is only told of, in a comment.
func Configuration(ctx context.Context, gateway Gateway, options Options) ([]File, error) {
	found, err := read(ctx, gateway)
	if err != nil {
		return nil, err
	}
	objects := found.objects(options)
	options.GroupBy.apply(objects, found.teams)
	resources := grouped(objects)
	addresses := named(resources)
	files := []File{{"terraform.tf", terraformBlock(options)}}
	var all strings.Builder
	for _, kind := range kinds {
		file := File{kind.file, kindText(kind, ofKind(resources, kind), addresses, found.declared[kind.resource])}
		all.WriteString(file.Text)
		files = append(files, file)
	}
	for i, kind := range kinds {
		for _, resource := range ofKind(resources, kind) {
			files[i+1].Text += resource.namesText(all.String())
		}
	}
	if found.adminsHidden {
		files = append(files, File{adminKeyKind.file, "# Admin keys are not written: the key that this was made with may not see them.\n"})
	}
	files = append(files, File{"imports.tf", importText(resources)})
	files = slices.DeleteFunc(files, func(file File) bool { return file.Text == "" })
	for i := range files {
		files[i].Text = string(hclwrite.Format([]byte(strings.TrimRight(files[i].Text, "\n") + "\n")))
	}
	return files, nil
}

func terraformBlock(options Options) string {
	var text strings.Builder
	text.WriteString("terraform {\nrequired_version = \">= 1.7\"\n\nrequired_providers {\nbursar = {\nsource = \"bursarhq/bursar\"\n}\n}\n}\n\nprovider \"bursar\" {\n")
	if options.Endpoint != "" {
		fmt.Fprintf(&text, "endpoint = %s\n", quoted(options.Endpoint))
	}
	text.WriteString("# The admin key comes from the environment variable BURSAR_ADMIN_KEY.\n}\n")
	return text.String()
}

// kindText is the file of one kind; resources are all of the kind.
func kindText(kind kind, resources []resource, addresses addresses, declared []string) string {
	var text strings.Builder
	if len(declared) > 0 {
		fmt.Fprintf(&text, "# Declared in the gateway's configuration file, and managed there: %s.\n\n", strings.Join(declared, ", "))
	}
	if slices.ContainsFunc(resources, resource.secret) {
		fmt.Fprintf(&text, "# %s\n\n", kind.kept)
	}
	for _, resource := range resources {
		resource.write(&text, addresses)
	}
	return text.String()
}

func ofKind(resources []resource, kind kind) []resource {
	var those []resource
	for _, resource := range resources {
		if resource.kind.resource == kind.resource {
			those = append(those, resource)
		}
	}
	return those
}
