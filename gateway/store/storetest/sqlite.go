// Package storetest gives tests databases that are migrated already. A test binary migrates one database of each
// kind and copies it, which is much cheaper than a migration for each test. It promises that a copy is what
// [store.Open] makes of an empty one; a test that is about migrating begins with an empty one instead.
package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
)

// SQLite puts a migrated, empty database at dir/bursar.db and returns its address for [store.Open].
// No secret key has been used with it, so that each test may take its own.
func SQLite(t testing.TB, dir string) (address string) {
	t.Helper()
	content, err := migrated()
	if err != nil {
		t.Fatalf("migrate the SQLite file that tests copy: %v", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "bursar.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

var migrated = sync.OnceValues(migrate)

func migrate() ([]byte, error) {
	dir, err := os.MkdirTemp("", "bursar-storetest")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "bursar.db")
	if err := open("sqlite:" + path); err != nil {
		return nil, err
	}
	// Without write-ahead logging the one file is everything; Open turns it on again.
	if err := execute("sqlite", path, forgetSecretKey, `PRAGMA journal_mode = DELETE`); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

const forgetSecretKey = `DELETE FROM setting WHERE name = 'secret_key'`

func open(address string) error {
	s, err := store.Open(context.Background(), address, store.Options{Sealer: sealer{}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	return s.Close()
}

func execute(driver, address string, statements ...string) error {
	db, err := sql.Open(driver, address)
	if err != nil {
		return err
	}
	for _, statement := range statements {
		if _, err := db.ExecContext(context.Background(), statement); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", statement, err), db.Close())
		}
	}
	return db.Close()
}

// sealer is used for nothing but the derivation that Open asks for.
type sealer struct{}

func (sealer) Seal(plain []byte, _ string) ([]byte, error)  { return plain, nil }
func (sealer) Open(sealed []byte, _ string) ([]byte, error) { return sealed, nil }
func (sealer) KeyID() [8]byte                               { return [8]byte{} }
func (sealer) Derive(purpose string) []byte                 { return []byte(purpose) }
