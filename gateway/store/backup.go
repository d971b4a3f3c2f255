package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store/dialect"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store/journal"
)

// ErrNotEmbedded says that the record is on a server, whose own tools copy it.
var ErrNotEmbedded = errors.New("the record is in PostgreSQL: back it up with pg_dump, and keep a copy of the secret key")

// Backup copies an embedded record into a folder, while a gateway serves it or not. Everything that was answered for
// before it began is in the copy, which is whole and can be served from.
//
// The journal is copied before the tables: a row that leaves it meanwhile is in the tables by then, and one that is in
// both is booked once.
func Backup(ctx context.Context, address, folder string) error {
	path, embedded := strings.CutPrefix(address, "sqlite:")
	if !embedded {
		return ErrNotEmbedded
	}
	to := filepath.Join(folder, filepath.Base(path))
	copies := journal.Files(to)
	for i, file := range journal.Files(path) {
		if err := copyFile(file, copies[i]); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("copy the ledger's journal: %w", err)
		}
	}
	return copyTables(ctx, path, to)
}

// copyTables lets SQLite write its tables anew as they stand at one moment, and checks what it wrote.
func copyTables(ctx context.Context, from, to string) (err error) {
	if err := dialect.MakePrivate(to); err != nil { // SQLite takes an empty file for none, and its mode stays
		return err
	}
	source, err := dialect.OpenSQLite(from, "deferred", []string{"busy_timeout(10000)"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	if _, err := source.ExecContext(ctx, "VACUUM INTO $1", to); err != nil {
		return fmt.Errorf("copy SQLite file %s: %w", from, err)
	}
	copied, err := dialect.OpenSQLite(to, "deferred", []string{"query_only(1)"})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, copied.Close()) }()
	var found string
	if err := copied.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&found); err != nil || found != "ok" {
		return errors.Join(fmt.Errorf("the copy at %s is not whole: %s", to, found), err)
	}
	return syncFile(to)
}

// copyFile copies a file that may be written to meanwhile; the copy is its owner's alone and on disk.
func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Sync(), target.Close())
}

func syncFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
