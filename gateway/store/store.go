// Package store keeps the record: teams, keys, budgets, alert routes, the audit log, the ledger
// and the alerts on their way, in SQLite or PostgreSQL.
//
// It promises the same answers on both databases, that a write is durable when it returns and
// has its audit row in the same transaction, that what callers can cause is an [api.Error], and
// that no secret is stored in clear. It must never know of HTTP, limits being enforced, or prices.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store/dialect"
	"github.com/bursarhq/terraform-provider-bursar/gateway/store/journal"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/modelname"
)

// Kinds of databases, as [Store.Kind] names them.
const (
	SQLite   = dialect.SQLite
	Postgres = dialect.Postgres
)

//go:embed queries/*.sql
var queryFiles embed.FS

// queriesOf reads the queries for a kind of database, once for all stores of a process.
var queriesOf = map[string]func() (map[string]dialect.Query, error){
	SQLite:   sync.OnceValues(func() (map[string]dialect.Query, error) { return dialect.LoadQueries(queryFiles, SQLite) }),
	Postgres: sync.OnceValues(func() (map[string]dialect.Query, error) { return dialect.LoadQueries(queryFiles, Postgres) }),
}

// Options are what a [Store] needs besides its address.
type Options struct {
	// Sealer is required: that of the secret key to write with.
	Sealer Sealer
	// PreviousSealer is that of the secret key that the record was written with, or still is, where it changes; see
	// [Store.RotateSecretKey]. It may be nil.
	PreviousSealer Sealer
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Names are all that a model is called by, for pots that name one by an alias or access group; nil is its name alone.
	Names func(model string) *modelname.Names
	// Events says what people are told of changes; nil tells nothing.
	Events EventMaker
	// Reviews says which changes need an approved review.
	Reviews Reviews
	// Logger is told of migrations; nil is slog.Default.
	Logger *slog.Logger
	// OnDropped is told of every ledger row that came after its time was deleted and is not booked; nil tells nobody.
	OnDropped func()
	// Version is the program's, to tell an older one who wrote the tables that it does not know.
	Version string
	// Journal gathers ledger rows in a file before they go into SQLite, which then takes far less of the
	// machine; [Store.AppendLedger] returns when they are in that file. Only one process may use the database
	// so. PostgreSQL takes rows without it.
	Journal bool
}

// Reviews says which changes need an approved review. The zero value needs none.
type Reviews struct {
	// Required refuses changes that come from a configuration without an approved review.
	Required bool
	// OfOthers refuses a review that was approved with the credential that applies it.
	OfOthers bool
}

// Store is the record. It may be used concurrently, and by several processes if it is on PostgreSQL.
type Store struct {
	db      dialect.Database
	queries map[string]dialect.Query
	keys    secretKeys
	now     func() time.Time
	logger  *slog.Logger
	names   func(model string) *modelname.Names
	version string
	reviews Reviews
	events  EventMaker
	// onDropped may be nil.
	onDropped func()
	// changing is held by the one audited change that this process makes at a time. Changes wait
	// for each other at the audit head anyway; waiting here keeps them from holding connections.
	changing chan struct{}
	// journal is nil without one.
	journal *journal.Journal
	// inserts are the prepared statements that the journal is moved with, by how many rows they write; see [Store.prepareInserts].
	inserts  map[int]*sql.Stmt
	writable writability
}

// Open connects to "sqlite:/path/file.db" or "postgres://user:password@host/database", and brings
// its tables up to date. Errors name the host or file, never a password.
func Open(ctx context.Context, address string, options Options) (*Store, error) {
	if options.Sealer == nil {
		return nil, errors.New("open store: a sealer is required")
	}
	s := &Store{
		now: options.Now, logger: options.Logger, version: options.Version, events: options.Events, onDropped: options.OnDropped, reviews: options.Reviews, changing: make(chan struct{}, 1),
	}
	s.keys.given = []*secretKey{newSecretKey(options.Sealer)}
	if previous := options.PreviousSealer; previous != nil && previous.KeyID() != options.Sealer.KeyID() {
		s.keys.given = append(s.keys.given, newSecretKey(previous))
	}
	s.keys.forgotten.Store(new([]string))
	if s.now == nil {
		s.now = time.Now
	}
	if s.names = options.Names; s.names == nil {
		s.names = func(model string) *modelname.Names { return &modelname.Names{Name: model} }
	}
	if s.logger == nil {
		s.logger = slog.Default()
	}
	var err error
	if s.db, err = dialect.Open(address); err != nil {
		return nil, err
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if options.Journal && s.db.Kind == SQLite {
		if err := s.prepareInserts(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("prepare to move the ledger's journal: %w", err), s.Close())
		}
		if s.journal, err = journal.Open(ctx, s.db.File, tables{s}, s.logger); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

func (s *Store) prepare(ctx context.Context) error {
	queries, err := queriesOf[s.db.Kind]()
	if err != nil {
		return err
	}
	s.queries = queries
	if err := s.db.Writer.PingContext(ctx); err != nil {
		return fmt.Errorf("%s cannot be reached: %w", s.db.Place, err)
	}
	if err := s.migrate(ctx); err != nil {
		return fmt.Errorf("bring the tables of %s up to date: %w", s.db.Place, err)
	}
	if err := s.noteOddPeriods(ctx); err != nil {
		return err
	}
	return s.checkSecretKey(ctx)
}

// Kind is [SQLite] or [Postgres].
func (s *Store) Kind() string { return s.db.Kind }

// Ping says whether the database can be reached; the error is an [api.StoreUnavailable].
func (s *Store) Ping(ctx context.Context) error {
	if err := s.db.Reader.PingContext(ctx); err != nil {
		return unavailable(fmt.Errorf("ping %s: %w", s.db.Place, err))
	}
	return nil
}

// Close writes what is left of the ledger's journal and ends all connections. Writes under way are rolled back.
func (s *Store) Close() error {
	var err error
	if s.journal != nil {
		err = s.journal.Close()
	}
	return errors.Join(err, s.db.Close())
}

// nowMS is the time that a write is recorded with, in milliseconds since 1970.
func (s *Store) nowMS() int64 { return s.now().UnixMilli() }

func timeOf(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

func unavailable(cause error) *api.Error {
	return api.Errorf(api.StoreUnavailable, "the record cannot be reached").WithCause(cause)
}
