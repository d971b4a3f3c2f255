package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/retention"
)

// retentionCommand says what gateways would delete.
type retentionCommand struct {
	File   string `arg:"" optional:"" help:"Path of gateway.yaml, such as one that is not in force yet." type:"path"`
	Config string `help:"Path of gateway.yaml. Without it the environment alone configures the gateway." type:"path" env:"BURSAR_CONFIG"`
}

// Help explains what is looked at.
func (retentionCommand) Help() string {
	return `Reads the database directly, beside gateways that serve it or without any, and says what gateways with this configuration
would delete now by its retention: before when, how many rows, and what keeps more than the setting does. Nothing is deleted.`
}

// Run prints what would go.
func (c retentionCommand) Run(ctx context.Context, stdout io.Writer) error {
	path := c.Config
	if c.File != "" {
		path = c.File
	}
	settings, err := config.Load(path, os.Getenv)
	if err != nil {
		return err
	}
	ledger, alerts, err := app.PlanRetention(ctx, settings)
	if err != nil {
		return fmt.Errorf("say what would be deleted: %w", err)
	}
	_, err = io.WriteString(stdout, plannedText("Ledger rows", ledger)+plannedText("Alerts", alerts))
	return err
}

func plannedText(what string, planned retention.Planned) string {
	if !planned.Deleted {
		return what + " are kept for ever.\n"
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s of before %s (UTC) would be deleted: %d", what, planned.Before.Format(time.DateOnly), planned.Rows)
	if planned.Rows > 0 {
		fmt.Fprintf(&text, ", the oldest of %s", planned.OldestAt.Format(time.DateOnly))
	}
	text.WriteString(".\n")
	if planned.Because != "" {
		fmt.Fprintf(&text, "  More would be, but %s.\n", planned.Because)
	}
	return text.String()
}
