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
	files, err := fs.Sub(migrationFiles, "migrations/"+s.kind)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	dialect, options := goose.DialectSQLite3, []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if s.kind == Postgres {
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, migrationWaitSeconds))
		if err != nil {
			return fmt.Errorf("prepare migration lock: %w", err)
		}
		dialect, options = goose.DialectPostgres, append(options, goose.WithSessionLocker(locker))
	}
	provider, err := goose.NewProvider(dialect, s.writer, files, options...)
	if err != nil {
		return fmt.Errorf("prepare migrations: %w", err)
	}
	results, err := provider.Up(ctx)
	for _, result := range results {
		s.logger.InfoContext(ctx, "store migrated", slog.String("store", s.kind),
			slog.Int64("version", result.Source.Version), slog.Int64("took_ms", result.Duration.Milliseconds()))
	}
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}
