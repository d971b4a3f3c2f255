package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store/dialect"
)

// Examination is how a record stands. Looking changes nothing.
type Examination struct {
	Kind string
	// Place is the host or the file, without a password.
	Place string
	// Missing: there is no database file yet.
	Missing bool
	// Schema is the version of the tables, Known the one that this program brings them to.
	Schema, Known int64
	// Clock is the database's, and zero where it has none of its own.
	Clock time.Time
	// SecretKey is the id of the secret key that the record is written with, "" where its tables are older than rotation.
	SecretKey string
	// Unmoved are how many secrets of keys and admin keys are still hashed with an earlier one, and Sealed what it still seals.
	Unmoved int64
	Sealed  SealedCounts
	// Pages and FreePages are those of a SQLite file, of PageBytes each.
	Pages, FreePages, PageBytes int64
}

// Examine looks at a record without bringing its tables up to date. It needs no secret key.
func Examine(ctx context.Context, address string) (found Examination, err error) {
	if path, embedded := strings.CutPrefix(address, "sqlite:"); embedded {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return Examination{Kind: SQLite, Place: "SQLite file " + path, Missing: true}, nil
		}
	}
	s := &Store{logger: slog.New(slog.DiscardHandler), now: time.Now}
	if s.db, err = dialect.Open(address); err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	found = Examination{Kind: s.db.Kind, Place: s.db.Place}
	if err := s.db.Reader.PingContext(ctx); err != nil {
		return found, fmt.Errorf("%s cannot be reached: %w", s.db.Place, err)
	}
	if found.Schema, found.Known, err = s.schema(ctx); err != nil {
		return found, err
	}
	if found.Schema == found.Known {
		if err := s.examineSecretKeys(ctx, &found); err != nil {
			return found, err
		}
	}
	return found, s.examineServer(ctx, &found)
}

// examineSecretKeys counts what hangs on secret keys that the record is not written with any more. It needs none of them.
func (s *Store) examineSecretKeys(ctx context.Context, found *Examination) error {
	var err error
	if s.queries, err = queriesOf[s.db.Kind](); err != nil {
		return err
	}
	var head auditHead
	if err := s.readAuditHead(ctx, &head); err != nil {
		return err
	}
	found.SecretKey = head.secretKeyID
	if found.SecretKey == "" {
		return nil // it was never rotated, and nothing rotates back to the first one
	}
	err = s.each(ctx, "secret_key_hashes", args{"now_ms": s.nowMS()}, func(scan func(...any) error) error {
		var id string
		var keys, admins int64
		if err := scan(&id, &keys, &admins); err != nil {
			return err
		}
		if id != found.SecretKey {
			found.Unmoved += keys + admins
		}
		return nil
	})
	if err != nil {
		return err
	}
	id, err := hex.DecodeString(found.SecretKey)
	if err != nil {
		return fmt.Errorf("read the id of the secret key of %s: %w", s.db.Place, err)
	}
	found.Sealed, err = s.sealedWithOthers(ctx, id)
	return err
}

// schema is the version of the tables as they are, 0 for none, and the newest that this program knows.
func (s *Store) schema(ctx context.Context) (there, known int64, err error) {
	versions, err := migrationVersions(s.db.Kind)
	if err != nil {
		return 0, 0, err
	}
	known = versions[len(versions)-1]
	var present bool
	table := "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = $1)"
	if s.db.Kind == Postgres {
		table = "SELECT to_regclass($1) IS NOT NULL"
	}
	if err := s.db.Reader.QueryRowContext(ctx, table, goose.DefaultTablename).Scan(&present); err != nil || !present {
		return 0, known, err
	}
	err = s.db.Reader.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM "+goose.DefaultTablename).Scan(&there)
	return there, known, err
}

func (s *Store) examineServer(ctx context.Context, found *Examination) error {
	if s.db.Kind == Postgres {
		return s.db.Reader.QueryRowContext(ctx, "SELECT clock_timestamp()").Scan(&found.Clock)
	}
	for pragma, figure := range map[string]*int64{"page_count": &found.Pages, "freelist_count": &found.FreePages, "page_size": &found.PageBytes} {
		if err := s.db.Reader.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(figure); err != nil {
			return fmt.Errorf("read %s of %s: %w", pragma, s.db.Place, err)
		}
	}
	return nil
}
