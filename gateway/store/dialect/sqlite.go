package dialect

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// readers is how many reads of one SQLite file may run at once.
const readers = 8

// sqliteFile opens a file twice: one connection that writes, so that writers queue here and
// not in SQLite, and a pool that reads, which the write-ahead log keeps from waiting for the writer.
//
// synchronous is FULL: NORMAL would lose the last commits when the machine loses power, and the
// ledger promises that what it answered for is on disk. The ledger's group commit pays for it.
func sqliteFile(path string) (db Database, err error) {
	if path == "" {
		return db, errors.New("store address sqlite: must name a file, as in sqlite:/var/lib/bursar/bursar.db")
	}
	if err := MakePrivate(path); err != nil {
		return db, fmt.Errorf("open store: %w", err)
	}
	db = Database{Kind: SQLite, Place: "SQLite file " + path, File: path}
	pragmas := []string{"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"}
	if db.Writer, err = OpenSQLite(path, "immediate", pragmas); err != nil {
		return db, err
	}
	db.Writer.SetMaxOpenConns(1)
	if db.Reader, err = OpenSQLite(path, "deferred", append(pragmas, "query_only(1)")); err != nil {
		return db, err
	}
	db.Reader.SetMaxOpenConns(readers)
	db.Reader.SetMaxIdleConns(readers)
	return db, nil
}

// MakePrivate makes the folder, and the file, readable by its owner only.
func MakePrivate(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("make database file: %w", err)
	}
	return file.Close()
}

// OpenSQLite opens a file, whose transactions take that lock when they begin.
func OpenSQLite(path, lock string, pragmas []string) (*sql.DB, error) {
	address := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	address.RawQuery = url.Values{"_pragma": pragmas, "_txlock": {lock}}.Encode()
	db, err := sql.Open("sqlite", address.String())
	if err != nil {
		return nil, fmt.Errorf("open SQLite file %s: %w", path, err)
	}
	return db, nil
}

// sqliteUnique says whether err is about a value that has to be unique.
func sqliteUnique(err error) bool {
	var failed *sqlite.Error
	return errors.As(err, &failed) &&
		(failed.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || failed.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}

// sqliteUnreachable says whether err is about the file or the disk and not about what was asked.
func sqliteUnreachable(err error) bool {
	var failed *sqlite.Error
	if !errors.As(err, &failed) {
		return errors.Is(err, context.DeadlineExceeded)
	}
	switch failed.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return true
	default:
		return false
	}
}
