package main

import (
	"context"
	"fmt"
	"os"

	"github.com/bursarhq/terraform-provider-bursar/gateway/review"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/client"
)

// exitDrifted is the exit code of a report of drift that found some, as that of terraform plan -detailed-exitcode.
const exitDrifted = exitError(2)

// driftCommand says what was changed outside of Terraform.
type driftCommand struct {
	Plan     string `arg:"" help:"A plan in JSON: terraform plan -refresh-only -out=tfplan && terraform show -json tfplan > plan.json. - reads standard input."`
	Endpoint string `help:"Address of the gateway, to ask who made the changes." env:"BURSAR_ENDPOINT"`
	AdminKey string `help:"Admin key of that gateway; a viewer's will do." env:"BURSAR_ADMIN_KEY"`
	Offline  bool   `help:"Do not ask the gateway, even where its address is set."`
}

// Help explains the exit codes.
func (driftCommand) Help() string {
	return `Writes Markdown to standard output: what on the gateway is not as Terraform left it, who changed it, when and why by
the audit log, and the lines of configuration that adopt it. Without them the next apply undoes it.

Exit codes: 0 nothing was changed, 1 the plan could not be read or the gateway did not answer, 2 something was changed.`
}

// Run writes the report to standard output.
func (c driftCommand) Run(ctx context.Context) error {
	plan, err := openPlan(c.Plan)
	if err != nil {
		return err
	}
	defer plan.Close()
	var log review.AuditLog
	if c.Endpoint != "" && !c.Offline {
		gateway, err := client.New(client.Options{Endpoint: c.Endpoint, AdminKey: c.AdminKey, UserAgent: "bursar-drift/" + version})
		if err != nil {
			return fmt.Errorf("--endpoint: %w", err)
		}
		log = auditLog{gateway}
	}
	found, err := review.Drift(ctx, os.Stdout, plan, log)
	switch {
	case err != nil:
		return fmt.Errorf("look for drift in %s: %w", c.Plan, err)
	case found.Asking != nil:
		return fmt.Errorf("ask the gateway, which --offline does without: %w", found.Asking)
	case found.Objects > 0:
		return exitDrifted
	default:
		return nil
	}
}

// auditLog reads who changed what from a gateway.
type auditLog struct{ gateway *client.Client }

// LastChange implements [review.AuditLog].
func (l auditLog) LastChange(ctx context.Context, objectID string) (api.Audit, bool, error) {
	return l.gateway.LastChange(ctx, objectID)
}
