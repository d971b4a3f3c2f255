package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/bursarhq/terraform-provider-bursar/gateway/app"
	"github.com/bursarhq/terraform-provider-bursar/gateway/config"
)

// backupCommand copies an embedded record.
type backupCommand struct {
	Folder     string `arg:"" help:"The folder to make and to copy into." type:"path"`
	Config     string `help:"Path of gateway.yaml. Without it the environment alone says where the record is." type:"path" env:"BURSAR_CONFIG"`
	WithoutKey bool   `help:"Leave the secret key out: keep it elsewhere, as it opens every secret in the copy."`
}

// Help explains what is copied and how it is used.
func (backupCommand) Help() string {
	return `Copies the SQLite file, what waits to be written to it, and the secret key of the data directory. All that was answered for
before it began is in the copy, and the copy is checked. A gateway may serve meanwhile; its counters need no backup.

To restore, start a gateway whose data directory is the copy:
  bursar backup /backups/monday
  BURSAR_DATA_DIR=/backups/monday bursar serve --config gateway.yaml

PostgreSQL has tools of its own: pg_dump, or a base backup with its write-ahead log.`
}

// Run copies and says where to.
func (c backupCommand) Run(ctx context.Context, stdout io.Writer) error {
	settings, err := config.LoadRecord(c.Config, os.Getenv)
	if err != nil {
		return err
	}
	if err := app.Backup(ctx, settings, c.Folder, !c.WithoutKey); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	_, err = fmt.Fprintf(stdout, "Copied to %s, readable by you alone.\n", c.Folder)
	return err
}
