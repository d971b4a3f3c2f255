package store_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bursarhq/terraform-provider-bursar/gateway/store"
	"github.com/bursarhq/terraform-provider-bursar/internal/api"
	"github.com/bursarhq/terraform-provider-bursar/internal/testenv"
)

var background = context.Background()

func tryOpen(address, key string) error {
	ctx, cancel := context.WithTimeout(background, 30*time.Second)
	defer cancel()
	s, err := store.Open(ctx, address, store.Options{Sealer: fakeSealer{key: key}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	return s.Close()
}

// closedPort is an address that nobody listens on.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func TestOpen_saysWhatIsWrongWithoutThePassword(t *testing.T) {
	host := closedPort(t)
	for name, test := range map[string]struct{ address, want string }{
		"nobody there":     {"postgres://bursar:pa55word@" + host + "/bursar", host},
		"not an address":   {"postgres://bursar:pa55word/x@y:z/bursar", "percent-encoded"},
		"another database": {"mysql://bursar:pa55word@" + host + "/bursar", "must start with sqlite: or postgres://"},
		"no file":          {"sqlite:", "must name a file"},
		"not a folder":     {"sqlite:/dev/null/bursar.db", "/dev/null"},
		"not a database":   {"sqlite:" + t.TempDir(), "database file"},
	} {
		err := tryOpen(test.address, "one")
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "pa55") {
			t.Errorf("%s: error is %q, want one with %q and without the password", name, err, test.want)
		}
	}
}

func TestOpen_withAnotherSecretKey(t *testing.T) {
	for _, address := range []string{sqliteAddress(t), testenv.Postgres(t)} {
		if err := tryOpen(address, "one"); err != nil {
			t.Fatal(err)
		}
		if err := tryOpen(address, "two"); err == nil || !strings.Contains(err.Error(), "BURSAR_SECRET_KEY") {
			t.Errorf("with another key: %v", err)
		}
		if err := tryOpen(address, "one"); err != nil {
			t.Errorf("with the first key again: %v", err)
		}
	}
}

// An index on the ledger takes minutes to make: rows are written meanwhile.
func TestMigrations_indexTheLedgerWhileItIsWritten(t *testing.T) {
	const firstThatMust = "00058"
	files, err := filepath.Glob("migrations/postgres/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if filepath.Base(file) < firstThatMust {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "ALTER INDEX ") && strings.Contains(line, " RENAME TO ") {
				continue // it waits for nobody who reads or writes rows
			}
			if index := strings.Contains(line, "INDEX") && strings.Contains(line, "ledger"); index && !strings.Contains(line, "INDEX CONCURRENTLY ") {
				t.Errorf("%s: %s", file, line)
			}
		}
	}
}

func TestOpen_replicasTogether(t *testing.T) {
	address := testenv.Postgres(t)
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if err := tryOpen(address, "one"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestOpen_findsWhatWasWritten(t *testing.T) {
	for _, address := range []string{sqliteAddress(t), testenv.Postgres(t)} {
		clock := newClock()
		first := open(t, address, clock)
		must(first.CreateTeam(t.Context(), alice, fullTeam()))(t)
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		second := open(t, address, clock)
		if team := must(second.Team(t.Context(), "marketing"))(t); team.Revision != 1 {
			t.Errorf("team is %+v", team)
		}
		if !strings.HasPrefix(address, second.Kind()) {
			t.Errorf("kind of %s is %s", address, second.Kind())
		}
	}
}

func TestPing_unreachable(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("while open: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		wantCode(t, s.Ping(t.Context()), api.StoreUnavailable)
	})
}

func TestWrites_waitNoLongerThanTheirContext(t *testing.T) {
	both(t, func(t *testing.T, s *store.Store, _ *clock) {
		held, release := make(chan struct{}), make(chan struct{})
		done := make(chan error, 1)
		go func() {
			err := s.Transaction(background, func(context.Context) error {
				close(held)
				<-release
				return nil
			})
			done <- err
		}()
		<-held
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := s.CreateTeam(ctx, alice, api.NewTeam("t1"))
		wantCode(t, err, api.StoreUnavailable)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("cause is lost: %v", err)
		}
		if _, err := s.Team(t.Context(), "t1"); api.CodeOf(err) != api.NotFound {
			t.Errorf("a read beside a write: %v", err)
		}
		close(release)
		if err := <-done; err != nil {
			t.Error(err)
		}
		must(s.CreateTeam(t.Context(), alice, api.NewTeam("t1")))(t)
	})
}

// A program that does not know all of the tables does not touch them, and says who does.
func TestOpen_refusesANewerSchema(t *testing.T) {
	fresh := "sqlite:" + filepath.Join(t.TempDir(), "bursar.db")
	for address, writer := range map[string]string{fresh: "written by bursar 2.0.0", testenv.Postgres(t): "written by "} {
		open := func(version string) error {
			s, err := store.Open(background, address, store.Options{
				Sealer: fakeSealer{key: "one"}, Logger: slog.New(slog.DiscardHandler), Version: version,
			})
			if err != nil {
				return err
			}
			return s.Close()
		}
		if err := open("2.0.0"); err != nil {
			t.Fatal(err)
		}
		driver, name := "pgx", address
		if path, embedded := strings.CutPrefix(address, "sqlite:"); embedded {
			driver, name = "sqlite", path
		}
		db, err := sql.Open(driver, name)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)`); err != nil {
			t.Fatal(err)
		}
		err = open("1.0.0")
		for _, want := range []string{writer, "schema version 99999", "this is bursar 1.0.0", "start the newer program"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error is %v, want one with %q", err, want)
			}
		}
	}
}
