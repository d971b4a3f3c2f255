package main

import (
	"fmt"
	"io"
	"os"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/trace"
)

// checkConfigCommand reads the configuration as serve does, and starts nothing.
type checkConfigCommand struct {
	File   string `arg:"" optional:"" help:"Path of gateway.yaml." type:"path"`
	Config string `help:"Path of gateway.yaml. Without it the environment alone configures the gateway." type:"path" env:"BURSAR_CONFIG"`
}

// Help explains what is looked at.
func (checkConfigCommand) Help() string {
	return `Reads the file, the environment and the files that they name, and lists all that is wrong, with lines and names.
No store and no provider is asked.

Exit codes: 0 it can be served, 1 it cannot, 2 the command line makes no sense.`
}

// Run prints what was found: to standard output that all is well, with warnings, else an error.
func (c checkConfigCommand) Run(stdout io.Writer) error {
	path := c.Config
	if c.File != "" {
		path = c.File
	}
	settings, err := config.Load(path, os.Getenv)
	if err != nil {
		return err
	}
	if err := app.CheckFiles(settings); err != nil {
		return err
	}
	if err := trace.Check(os.Getenv); err != nil {
		return err
	}
	for _, warning := range settings.Warnings {
		fmt.Fprintln(stdout, "warning: "+warning)
	}
	what := path
	if what == "" {
		what = "the environment"
	}
	_, err = fmt.Fprintf(stdout, "%s can be served: %d models, %d teams, %d budgets, %d alert routes\n", what,
		len(settings.Models), len(settings.Teams), len(settings.Budgets), len(settings.AlertRoutes))
	return err
}
