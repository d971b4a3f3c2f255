package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/bursarhq/terraform-provider-bursar/gateway/export"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// exportCommand writes what is on a gateway as Terraform configuration.
type exportCommand struct {
	Endpoint    string `help:"Address of the gateway." env:"BURSAR_ENDPOINT" required:""`
	AdminKey    string `help:"Admin key of the gateway." env:"BURSAR_ADMIN_KEY" required:""`
	Out         string `help:"Folder to write files into, which is made when missing. Files that are there are never overwritten. Without it, all goes to standard output." type:"path"`
	WebhookURLs bool   `name:"webhook-urls" help:"Write the addresses of webhooks, which may be secrets."`
}

// Help explains what comes next.
func (exportCommand) Help() string {
	return `Writes models, budgets, teams, members, keys and alert routes with import blocks. No secret is written.

In the folder, terraform plan shows what is imported and that nothing is changed; terraform apply imports it.
imports.tf may be deleted afterwards.`
}

// Run writes the configuration.
func (c exportCommand) Run(ctx context.Context) error {
	gateway, err := client.New(client.Options{Endpoint: c.Endpoint, AdminKey: c.AdminKey, UserAgent: "bursar-export/" + version})
	if err != nil {
		return fmt.Errorf("--endpoint: %w", err)
	}
	files, err := export.Configuration(ctx, gateway, export.Options{Endpoint: c.Endpoint, WebhookURLs: c.WebhookURLs})
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

// writeFiles writes all files or none.
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
		if err := os.WriteFile(filepath.Join(c.Out, file.Name), []byte(file.Text), 0o600); err != nil {
			return fmt.Errorf("write the configuration: %w", err)
		}
	}
	return nil
}
