package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/gateway/doctor"
)

// doctorCommand looks at everything that a gateway needs.
type doctorCommand struct {
	File   string `arg:"" optional:"" help:"Path of gateway.yaml." type:"path"`
	Config string `help:"Path of gateway.yaml. Without it the environment alone configures the gateway." type:"path" env:"BURSAR_CONFIG"`
	Call   bool   `help:"Make a call of one token to every model, which costs a little."`
	Model  string `help:"With --call: what to call of models whose name ends with a star." placeholder:"NAME"`
	JSON   bool   `name:"json" help:"Print what was found as JSON."`
}

// exitUnwell is the exit code when something has failed.
const exitUnwell = exitError(1)

// Help explains what is looked at.
func (doctorCommand) Help() string {
	return `Looks at the configuration and the files that it names, at who may read them, at the address to serve on, at the record and
its schema, at Redis and its settings, at the clocks, and at every provider: whether it can be reached, with a certificate
that is trusted, and takes the credential. Nothing is changed anywhere.

Exit codes: 0 nothing has failed, 1 something has, 2 the command line makes no sense.`
}

// Run prints what was found.
func (c doctorCommand) Run(ctx context.Context, stdout io.Writer) error {
	path := c.Config
	if c.File != "" {
		path = c.File
	}
	found := c.examine(ctx, path)
	if c.JSON {
		if err := json.NewEncoder(stdout).Encode(found); err != nil {
			return fmt.Errorf("print what was found: %w", err)
		}
	} else if _, err := io.WriteString(stdout, doctor.Text(found)); err != nil {
		return err
	}
	if doctor.Worst(found) == doctor.Failed {
		return exitUnwell
	}
	return nil
}

func (c doctorCommand) examine(ctx context.Context, path string) []doctor.Finding {
	settings, err := config.Load(path, os.Getenv)
	if err == nil {
		err = app.CheckFiles(settings)
	}
	if err != nil {
		return []doctor.Finding{{About: "config", State: doctor.Failed, Text: err.Error()}}
	}
	var found []doctor.Finding
	for _, warning := range settings.Warnings {
		found = append(found, doctor.Finding{About: "config", State: doctor.Warning, Text: warning})
	}
	found = append(found, doctor.Finding{About: "config", State: doctor.OK, Text: fmt.Sprintf("it can be served: %d models, %d teams", len(settings.Models), len(settings.Teams))})
	return append(found, doctor.Examine(ctx, doctor.Options{Settings: settings, Call: c.Call, Model: c.Model})...)
}
