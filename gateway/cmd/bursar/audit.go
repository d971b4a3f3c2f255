package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
)

// exitTampered is the exit code of a verification that found something.
const exitTampered = exitError(1)

// auditCommand is what can be done with the audit log.
type auditCommand struct {
	Verify verifyCommand `cmd:"" help:"Check that nothing in the audit log was altered, removed or reordered."`
}

// verifyCommand checks the audit chain in the database.
type verifyCommand struct {
	Config      string `help:"Path of gateway.yaml. Without it the environment alone says where the record is." type:"path" env:"BURSAR_CONFIG"`
	DataDir     string `help:"The gateway's data directory, with its database and secret key."`
	DatabaseURL string `help:"The gateway's database: sqlite:PATH or postgres://…"`
	KnownHead   string `help:"The head hash that an earlier check printed: the log must still hold it."`
	KnownRows   int64  `help:"The number of changes that an earlier check printed: the log must have as many."`
}

// Help explains the exit codes and the mark.
func (verifyCommand) Help() string {
	return `Reads the database directly, whether a gateway serves or not; BURSAR_DATA_DIR, BURSAR_DATABASE_URL
and BURSAR_SECRET_KEY are obeyed as by serve.

Keep the count and the head that it prints somewhere else, and pass them the next time: a log whose end was
cut off cleanly looks whole without them.

Exit codes: 0 every change is as it was written, 1 one is not (it is named), or the log could not be read.`
}

// Run prints what was found to standard output.
func (c verifyCommand) Run(ctx context.Context) error {
	settings, err := config.LoadRecord(c.Config, c.getenv)
	if err != nil {
		return err
	}
	check, err := app.VerifyAudit(ctx, settings, api.AuditMark{Head: strings.ToLower(c.KnownHead), Rows: c.KnownRows})
	if err != nil {
		return fmt.Errorf("verify the audit log: %w", err)
	}
	return report(os.Stdout, check)
}

// getenv lets the flags win over the environment.
func (c verifyCommand) getenv(name string) string {
	given := map[string]string{"BURSAR_DATA_DIR": c.DataDir, "BURSAR_DATABASE_URL": c.DatabaseURL}[name]
	if given != "" {
		return given
	}
	return os.Getenv(name)
}

func report(w io.Writer, check api.AuditCheck) error {
	if !check.OK() {
		fmt.Fprintf(w, "NOT INTACT at change %d: %s\nintact before it: %d changes, head %s\n", check.BadSeq, check.Problem, check.Rows, check.Head)
		return exitTampered
	}
	fmt.Fprintf(w, "intact: %d changes, head %s\n", check.Rows, check.Head)
	return nil
}
