// Package dialect is what differs between the databases that a record can be in: how they are opened, how a statement
// is written for them, and what their errors mean.
//
// It promises that nobody else needs to ask which database it is for that, and that no error names a password. It must
// never know what is kept.
package dialect

import (
	"database/sql"
	"errors"
	"strings"
)

// Kinds of databases.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Database is one that is open. Writer and Reader are the same pool where writers do not keep readers waiting.
type Database struct {
	Kind string
	// Place names it for people, without a password.
	Place string
	// File is the path of the SQLite file.
	File           string
	Writer, Reader *sql.DB
}

// Open opens "sqlite:/path/file.db" or "postgres://user:password@host/database". It asks nothing of it yet.
func Open(address string) (Database, error) {
	switch {
	case strings.HasPrefix(address, "sqlite:"):
		return sqliteFile(strings.TrimPrefix(address, "sqlite:"))
	case strings.HasPrefix(address, "postgres://"), strings.HasPrefix(address, "postgresql://"):
		return postgresPool(address)
	default:
		return Database{}, errors.New("store address must start with sqlite: or postgres://")
	}
}

// Unreachable says whether an error is about the database and not about what was asked.
func (d Database) Unreachable(err error) bool {
	if d.Kind == Postgres {
		return postgresUnreachable(err)
	}
	return sqliteUnreachable(err)
}

// Unique says whether an error is about a value that has to be unique.
func Unique(err error) bool { return postgresState(err) == stateUnique || sqliteUnique(err) }

// Close ends all connections. Writes under way are rolled back.
func (d Database) Close() error {
	err := d.Writer.Close()
	if d.Reader != d.Writer {
		err = errors.Join(err, d.Reader.Close())
	}
	return err
}
