package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrationFiles embed.FS

// migrationWaitSeconds is how long a gateway waits for another one that is migrating.
const migrationWaitSeconds = 300

// migrate runs the migrations that are missing. On PostgreSQL it holds an advisory lock meanwhile,
// so that replicas may start together.
func (s *Store) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrationFiles, "migrations/"+s.db.Kind)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	dialect, options := goose.DialectSQLite3, []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if s.db.Kind == Postgres {
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, migrationWaitSeconds))
		if err != nil {
			return fmt.Errorf("prepare migration lock: %w", err)
		}
		dialect, options = goose.DialectPostgres, append(options, goose.WithSessionLocker(locker))
	}
	provider, err := goose.NewProvider(dialect, s.db.Writer, files, options...)
	if err != nil {
		return fmt.Errorf("prepare migrations: %w", err)
	}
	if err := s.refuseNewer(ctx, provider); err != nil {
		return err
	}
	results, err := provider.Up(ctx)
	for _, result := range results {
		s.logger.InfoContext(ctx, "store migrated", slog.String("store", s.db.Kind),
			slog.Int64("version", result.Source.Version), slog.Int64("took_ms", result.Duration.Milliseconds()))
	}
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if len(results) > 0 && s.version != "" {
		if _, err := s.exec(ctx, "setting_put", args{"name": writtenBySetting, "value": s.version}); err != nil {
			return fmt.Errorf("note which version has written the tables: %w", err)
		}
	}
	return nil
}

// migrationVersions are those of a kind of database, ascending.
func migrationVersions(kind string) ([]int64, error) {
	entries, err := fs.ReadDir(migrationFiles, "migrations/"+kind)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	versions := make([]int64, len(entries))
	for i, entry := range entries {
		if versions[i], err = goose.NumericComponent(entry.Name()); err != nil {
			return nil, fmt.Errorf("read migrations: %w", err)
		}
	}
	return versions, nil
}

// writtenBySetting is the version of the program that wrote the tables as they are.
const writtenBySetting = "written_by"

// refuseNewer refuses tables that a newer program wrote: what this one does not know it would not keep.
func (s *Store) refuseNewer(ctx context.Context, provider *goose.Provider) error {
	there, err := provider.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("read the version of the tables: %w", err)
	}
	sources := provider.ListSources()
	known := sources[len(sources)-1].Version
	if there <= known {
		return nil
	}
	newer, own := "a newer bursar", "this bursar"
	var version string
	if _, err := s.one(ctx, "setting_get", args{"name": writtenBySetting}, &version); err == nil && version != "" {
		newer = "bursar " + version
	}
	if s.version != "" {
		own = "this is bursar " + s.version + ", which"
	}
	return fmt.Errorf("they have schema version %d, written by %s; %s knows versions up to %d: start the newer program", there, newer, own, known)
}
