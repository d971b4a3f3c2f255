package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/bursarhq/terraform-provider-bursar/gateway/export"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// exportCommand writes what is on a gateway as Terraform configuration.
type exportCommand struct {
	Endpoint string `help:"Address of the gateway." env:"BURSAR_ENDPOINT" required:"" placeholder:"URL"`
	AdminKey string `help:"Admin key of the gateway." env:"BURSAR_ADMIN_KEY" placeholder:"KEY"`
	jobToken
	Out         string `help:"Folder to write files into, which is made when missing. Files that are there are never overwritten. Without it, all goes to standard output." type:"path" placeholder:"FOLDER"`
	GroupBy     string `help:"What teams, with their members and keys, stand together by: alias-prefix (up to the first - _ . / or space), metadata.KEY, or none for a resource of each object, so that a change of one team touches that team alone. Without it, what sets the same attributes stands together." placeholder:"WHAT"`
	WebhookURLs bool   `name:"webhook-urls" help:"Write the addresses of webhooks, which may be secrets. Without it they stay as they are on the gateway."`
}

// Help explains what comes next.
func (exportCommand) Help() string {
	return `Writes models, budgets, teams, members, keys, alert routes and admin keys with import blocks. No secret is written.

  bursar export --out estate
  cd estate && terraform init && terraform plan

terraform plan shows what is imported and that nothing is changed; terraform apply imports it. imports.tf may be deleted afterwards.`
}

// Run writes the configuration.
func (c exportCommand) Run(ctx context.Context) error {
	gateway, err := c.open(client.Options{Endpoint: c.Endpoint, AdminKey: c.AdminKey, UserAgent: "bursar-export/" + version})
	if err != nil {
		return err
	}
	groupBy, err := export.ParseGrouping(c.GroupBy)
	if err != nil {
		return fmt.Errorf("--group-by: %w", err)
	}
	files, err := export.Configuration(ctx, gateway, export.Options{Endpoint: c.Endpoint, WebhookURLs: c.WebhookURLs, GroupBy: groupBy})
	if api.CodeOf(err) == api.Unauthenticated && c.AdminKey != "" {
		return fmt.Errorf("--admin-key or BURSAR_ADMIN_KEY is no admin key of %s: %w", c.Endpoint, err)
	}
	if err != nil {
		return err
	}
	if c.Out == "" {
		return printFiles(files)
	}
	return c.writeFiles(files)
}

func printFiles(files []export.File) error {
	for _, file := range files {
		if _, err := fmt.Printf("# %s\n\n%s\n", file.Name, file.Text); err != nil {
			return err
		}
	}
	return nil
}

// writeFiles writes all files, or none when one is there already.
func (c exportCommand) writeFiles(files []export.File) error {
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	for _, file := range files {
		if _, err := os.Lstat(filepath.Join(c.Out, file.Name)); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is there already and is not overwritten; choose another --out", filepath.Join(c.Out, file.Name))
		}
	}
	for _, file := range files {
		if err := writeNew(filepath.Join(c.Out, file.Name), file.Text); err != nil {
			return fmt.Errorf("write the configuration: %w", err)
		}
	}
	_, err := fmt.Printf("Wrote %d files to %s. There, terraform init and terraform plan show what is imported and that nothing is changed.\n", len(files), c.Out)
	return err
}

// writeNew fails when the file has come to be there in the meantime.
func writeNew(path, text string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}
