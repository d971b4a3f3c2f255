// Package storetest gives tests databases that are migrated already. A test binary migrates one SQLite file and
// copies it, which is much cheaper than a migration for each test. It promises that a copy is what
// [store.Open] makes of an empty file; a test that is about migrating begins with an empty file instead.
package storetest

import (
	"context"
	"database/sql"
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
	s, err := store.Open(context.Background(), "sqlite:"+path, store.Options{Sealer: sealer{}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	if err := forgetSecretKey(path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// forgetSecretKey also ends write-ahead logging, so that the one file is everything; Open turns it on again.
func forgetSecretKey(path string) error {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	for _, statement := range []string{`DELETE FROM setting WHERE name = 'secret_key'`, `PRAGMA journal_mode = DELETE`} {
		if _, err := db.ExecContext(context.Background(), statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return db.Close()
}

// sealer is used for nothing but the derivation that Open asks for.
type sealer struct{}

func (sealer) Seal(plain []byte, _ string) ([]byte, error)  { return plain, nil }
func (sealer) Open(sealed []byte, _ string) ([]byte, error) { return sealed, nil }
func (sealer) Derive(purpose string) []byte                 { return []byte(purpose) }
