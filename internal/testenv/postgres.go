package testenv

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver of database/sql
)

// postgresStart is how long a server may take to make its files and answer.
const postgresStart = 60 * time.Second

// Postgres returns the address of a fresh, empty database that is dropped when the test ends.
// It is on the server that DATABASE_URL names, whose user must be allowed to create databases, else
// on a private server that the first call of a test binary starts and [MainPostgres] stops.
// A machine without PostgreSQL fails the test.
func Postgres(t testing.TB) string {
	t.Helper()
	server, err := postgresServer()
	if err != nil {
		t.Fatalf("PostgreSQL for tests: %s", err)
	}
	return ownDatabase(t, server, "template0")
}

// PostgresCopy is [Postgres] with a copy of the database that fill has prepared. fill runs once for all calls of a
// test binary, and leaves no connection open.
func PostgresCopy(t testing.TB, fill func(address string) error) string {
	t.Helper()
	server, err := postgresServer()
	if err != nil {
		t.Fatalf("PostgreSQL for tests: %s", err)
	}
	template, err := filled.prepare(server, fill)
	if err != nil {
		t.Fatalf("prepare the database that tests copy: %s", err)
	}
	return ownDatabase(t, server, template)
}

func ownDatabase(t testing.TB, server *url.URL, template string) string {
	t.Helper()
	address, drop, err := newDatabase(t.Context(), server, template)
	if err != nil {
		t.Fatalf("PostgreSQL for tests: %s", err)
	}
	t.Cleanup(func() {
		if err := drop(); err != nil {
			t.Errorf("PostgreSQL for tests: %s", err)
		}
	})
	return address
}

// MainPostgres runs the tests of a package that uses [Postgres] and then stops the server, if one was
// started. TestMain calls os.Exit with what it returns.
func MainPostgres(m interface{ Run() int }) int {
	code := m.Run()
	if err := filled.forget(); err != nil {
		fmt.Fprintf(os.Stderr, "drop the database that tests copied: %s\n", err)
		code = max(code, 1)
	}
	private.Lock()
	defer private.Unlock()
	if private.server == nil {
		return code
	}
	if err := private.server.stop(); err != nil {
		fmt.Fprintf(os.Stderr, "stop PostgreSQL for tests: %s\n", err)
		return max(code, 1)
	}
	return code
}

// private is the server of this test binary, started by whoever needs it first.
var private struct {
	sync.Mutex
	server *postgres
	err    error
}

func postgresServer() (*url.URL, error) {
	if address := os.Getenv("DATABASE_URL"); address != "" {
		parsed, err := url.Parse(address)
		if err != nil {
			return nil, errors.New("DATABASE_URL is not a valid postgres:// address")
		}
		return parsed, nil
	}
	private.Lock()
	defer private.Unlock()
	if private.server == nil && private.err == nil {
		private.server, private.err = startPostgres()
	}
	if private.err != nil {
		return nil, private.err
	}
	return private.server.address(), nil
}

// template is the database that [PostgresCopy] copies.
type template struct {
	sync.Mutex
	name string
	drop func() error
	err  error
}

var filled template

func (d *template) prepare(server *url.URL, fill func(address string) error) (name string, err error) {
	d.Lock()
	defer d.Unlock()
	if d.drop != nil || d.err != nil {
		return d.name, d.err
	}
	var address string
	// Other tests go on with it after the test that happens to be first.
	address, d.drop, d.err = newDatabase(context.Background(), server, "template0")
	if d.err != nil {
		return "", d.err
	}
	d.name = address[strings.LastIndex(address, "/")+1:]
	d.name, _, _ = strings.Cut(d.name, "?")
	d.err = fill(address)
	return d.name, d.err
}

func (d *template) forget() error {
	d.Lock()
	defer d.Unlock()
	if d.drop == nil {
		return nil
	}
	return d.drop()
}

// newDatabase makes a database with a name of its own.
func newDatabase(ctx context.Context, server *url.URL, template string) (address string, drop func() error, err error) {
	admin, err := sql.Open("pgx", server.String())
	if err != nil {
		return "", nil, fmt.Errorf("open: %w", err)
	}
	name := "bursar_test_" + strings.ToLower(rand.Text())
	strategy, err := copyStrategy(ctx, admin)
	if err != nil {
		return "", nil, errors.Join(err, admin.Close())
	}
	if _, err := admin.ExecContext(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template+" ENCODING 'UTF8'"+strategy); err != nil {
		return "", nil, errors.Join(fmt.Errorf("create database: %w", err), admin.Close())
	}
	own := *server
	own.Path = "/" + name
	drop = func() error {
		ctx, cancel := context.WithTimeout(context.Background(), postgresStart)
		defer cancel()
		_, err := admin.ExecContext(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
		return errors.Join(err, admin.Close())
	}
	return own.String(), drop, nil
}

// copyStrategy lets a server copy a database file by file, which takes a third of what it takes through its log and a quarter of
// the time. Before version 15 there was no other way, and no word for it.
func copyStrategy(ctx context.Context, db *sql.DB) (string, error) {
	var version int
	if err := db.QueryRowContext(ctx, "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
		return "", fmt.Errorf("ask PostgreSQL for its version: %w", err)
	}
	if version < 150_000 {
		return "", nil
	}
	return " STRATEGY file_copy", nil
}

// postgres is a private server with its files in dir, open to 127.0.0.1 only.
type postgres struct {
	dir     string
	port    int
	account *account
	process *exec.Cmd
	// leash is a pipe that ends with this process, however that ends, and the server with it.
	leash io.Closer
	// ended is closed after exit is set.
	ended chan struct{}
	exit  error
}

// account is whom the server runs as; PostgreSQL refuses to run as root.
type account struct {
	uid, gid uint32
}

func startPostgres() (*postgres, error) {
	initdb, err := postgresProgram("initdb")
	if err != nil {
		return nil, err
	}
	server, err := postgresProgram("postgres")
	if err != nil {
		return nil, err
	}
	p := &postgres{ended: make(chan struct{})}
	if err := p.makeDir(); err != nil {
		return nil, err
	}
	if err := p.start(initdb, server); err != nil {
		return nil, errors.Join(err, os.RemoveAll(p.dir))
	}
	return p, nil
}

// postgresProgram finds a server program on PATH or where Debian and Homebrew keep it, newest first.
func postgresProgram(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin/", "/opt/homebrew/opt/postgresql@*/bin/", "/usr/local/opt/postgresql@*/bin/",
	} {
		found, err := filepath.Glob(pattern + name)
		if err != nil {
			return "", fmt.Errorf("look for %s: %w", name, err)
		}
		if len(found) > 0 {
			return slices.Max(found), nil
		}
	}
	return "", fmt.Errorf("%s was not found: install the server (Debian, Ubuntu: apt-get install postgresql; "+
		"macOS: brew install postgresql), or set DATABASE_URL to one whose user may create databases", name)
}

func (p *postgres) makeDir() error {
	dir, err := os.MkdirTemp("", "bursar-postgres-")
	if err != nil {
		return fmt.Errorf("make data folder: %w", err)
	}
	p.dir = dir
	if os.Geteuid() != 0 {
		return nil
	}
	owner, err := user.Lookup("postgres")
	if err != nil {
		return fmt.Errorf("running as root, which PostgreSQL refuses: %w", err)
	}
	uid, errUID := strconv.ParseUint(owner.Uid, 10, 32)
	gid, errGID := strconv.ParseUint(owner.Gid, 10, 32)
	if err := errors.Join(errUID, errGID); err != nil {
		return fmt.Errorf("user postgres: %w", err)
	}
	p.account = &account{uid: uint32(uid), gid: uint32(gid)}
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		return fmt.Errorf("give data folder to postgres: %w", err)
	}
	return nil
}

func (p *postgres) start(initdb, server string) error {
	making := p.command(initdb, "-D", p.data(), "-U", "bursar", "-A", "trust", "-E", "UTF8",
		"--locale=C", "--no-instructions", "--no-sync")
	if output, err := making.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, output)
	}
	port, err := FreePort()
	if err != nil {
		return err
	}
	p.port = port
	// No fsync, and no log for others: the tests stop the server, not the machine. No test leaves enough behind to vacuum.
	p.process = p.command("sh", "-c", leashed, server, "-D", p.data(),
		"-c", "listen_addresses=127.0.0.1", "-c", fmt.Sprintf("port=%d", port), "-c", "unix_socket_directories=",
		"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200",
		"-c", "wal_level=minimal", "-c", "max_wal_senders=0", "-c", "autovacuum=off")
	if err := p.launch(); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	return p.await()
}

// leashed runs a program until it ends, or until the other end of file 3, a pipe, is closed.
// In the second case it removes the folder it runs in as well: nobody else may be left to do it.
const leashed = `
"$0" "$@" 3<&- & server=$!
{ cat <&3; touch let-go; kill -QUIT $server; } >/dev/null 2>&1 &
exec 3<&-
wait $server
if [ -e let-go ]; then cd / && rm -rf "$OLDPWD"; fi
`

func (p *postgres) launch() error {
	log, err := os.Create(filepath.Join(p.dir, "server.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	held, leash, err := os.Pipe()
	if err != nil {
		return err
	}
	defer held.Close()
	p.process.Stdout, p.process.Stderr, p.process.ExtraFiles = log, log, []*os.File{held}
	if err := p.process.Start(); err != nil {
		return errors.Join(err, leash.Close())
	}
	p.leash = leash
	go func() {
		p.exit = p.process.Wait()
		close(p.ended)
	}()
	return nil
}

func (p *postgres) data() string { return filepath.Join(p.dir, "data") }

func (p *postgres) address() *url.URL {
	return &url.URL{
		Scheme: "postgres", User: url.User("bursar"), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(p.port)),
		Path: "/postgres", RawQuery: "sslmode=disable",
	}
}

// command prepares a program to run as the server's account.
func (p *postgres) command(name string, arguments ...string) *exec.Cmd {
	command := exec.Command(name, arguments...)
	command.Dir = p.dir
	if p.account != nil {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: p.account.uid, Gid: p.account.gid}}
	}
	return command
}

// await returns when the server answers.
func (p *postgres) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), postgresStart)
	defer cancel()
	db, err := sql.Open("pgx", p.address().String())
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer db.Close()
	for {
		err := db.PingContext(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			log, readErr := os.ReadFile(filepath.Join(p.dir, "server.log"))
			return fmt.Errorf("postgres ended: %w\n%s", errors.Join(p.exit, readErr), log)
		default:
		}
		if !pause(ctx, 50*time.Millisecond) {
			return errors.Join(fmt.Errorf("postgres does not answer: %w", err), p.leash.Close())
		}
	}
}

// stop ends the server without waiting for connections; its files go with it.
func (p *postgres) stop() error {
	if err := p.leash.Close(); err != nil {
		return fmt.Errorf("let go: %w", err)
	}
	select {
	case <-p.ended:
		return nil // how it ended does not matter any more
	case <-time.After(postgresStart):
		return errors.New("still running after a minute")
	}
}
